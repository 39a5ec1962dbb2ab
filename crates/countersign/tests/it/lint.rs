//! `countersign pki lint`.

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{run, stderr, stdout};

#[test]
fn what_init_makes_has_no_finding() {
    let folder = tempdir().unwrap();
    let made = run(folder.path(), &["pki", "init", "certs"]);
    let mut args = vec!["pki", "lint", "certs/billing-key.pem"];
    args.extend(stdout(&made).lines());
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(stdout(&output), "");
}

#[test]
fn errors_exit_1_and_warnings_alone_0() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let lint = ["pki", "lint", "certs/billing.pem", "--clock"];
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(25 * 24);
    let soon = run(folder.path(), &[&lint[..], &[&soon.to_string()]].concat());
    assert_eq!(soon.status.code(), Some(0));
    assert!(stdout(&soon).contains("certs/billing.pem: warning: certificate 1: it ends soon"));
    let late = run(
        folder.path(),
        &[&lint[..], &["2100-01-01T00:00:00Z", "--json"]].concat(),
    );
    assert_eq!(late.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&late.stdout).unwrap();
    assert_eq!(found[0]["code"], "expired");
    let missing = run(folder.path(), &["pki", "lint", "nothing.pem"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).contains("hint: "));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_an_error() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let key = folder.path().join("certs/billing-key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let output = run(folder.path(), &["pki", "lint", "certs/billing-key.pem"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("others may read it (mode 0644)"));
}

#[test]
fn a_store_and_an_encrypted_key_are_looked_at_with_their_password() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    fs::write(folder.path().join("password"), "changeit\n").unwrap();
    let password = ["--password-file", "password"];
    for (format, file) in [("p12", "a.p12"), ("encrypted-pem", "a.pem")] {
        let export = [
            "pki", "export", "billing", "--dir", "certs", "--format", format,
        ];
        let export = [&export[..], &["--out", file], &password].concat();
        assert!(run(folder.path(), &export).status.success());
    }
    let lint = ["pki", "lint", "a.p12", "a.pem"];
    let output = run(folder.path(), &[&lint[..], &password].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    let output = run(folder.path(), &lint);
    assert_eq!(
        stderr(&output),
        "error: `a.p12`: cannot read the PKCS#12 store: it wants a password\n\
         hint: give its password with --password-file FILE or --password-env VAR\n"
    );
}
