//! `countersign pki revoke` and `crl`.

use std::fs;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::{run, stderr, stdout};

fn made() -> TempDir {
    let folder = tempdir().unwrap();
    assert!(
        run(folder.path(), &["pki", "init", ".countersign"])
            .status
            .success()
    );
    folder
}

#[test]
fn revoke_prints_the_lists_and_apply_warns_until_the_certificate_is_renewed() {
    let folder = made();
    let args = ["pki", "revoke", "billing", "--reason", "keycompromise"];
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lists: Vec<_> = stdout(&output).lines().collect();
    assert_eq!(
        lists,
        [".countersign/root.crl.pem", ".countersign/issuing.crl.pem"]
    );
    assert!(stderr(&output).contains("(keyCompromise)"));

    let warns = || {
        let output = run(folder.path(), &["pki", "apply"]);
        assert!(output.status.success());
        stderr(&output).contains("warning: `billing` is revoked")
    };
    assert!(warns());
    let renewed = run(folder.path(), &["pki", "renew", "billing"]);
    assert!(renewed.status.success(), "{}", stderr(&renewed));
    assert!(!warns());
}

#[test]
fn the_same_revocation_again_changes_nothing() {
    let folder = made();
    let args = ["pki", "revoke", "billing", "--json"];
    let first: Value = serde_json::from_slice(&run(folder.path(), &args).stdout).unwrap();
    let again: Value = serde_json::from_slice(&run(folder.path(), &args).stdout).unwrap();
    assert_eq!(first["revoked"], again["revoked"]);
    assert_eq!(first["lists"].as_array().unwrap().len(), 2);
    assert_eq!(again["lists"], serde_json::json!([]));
}

#[test]
fn crl_makes_a_list_that_counts_as_long_as_asked() {
    let folder = made();
    let args = ["pki", "crl", "--issuer", "issuing", "--next-update", "12h"];
    let output = run(folder.path(), &args);
    assert_eq!(stdout(&output), ".countersign/issuing.crl.pem\n");
    let text = fs::read_to_string(folder.path().join(".countersign/issuing.crl.pem")).unwrap();
    assert!(text.starts_with("-----BEGIN X509 CRL-----\n"), "{text}");
    assert!(!folder.path().join(".countersign/root.crl.pem").exists());
}

#[test]
fn a_mistake_says_what_was_wanted_and_what_to_do() {
    let folder = made();
    for (args, code, said) in [
        (
            &["pki", "revoke", "nobody"][..],
            1,
            "no item is called `nobody`",
        ),
        (&["pki", "revoke", "root"], 1, "`root` is a root"),
        (
            &["pki", "crl", "--issuer", "billing"],
            1,
            "no authority is called `billing`",
        ),
        (
            &["pki", "revoke", "billing", "--reason", "boredom"],
            2,
            "keyCompromise",
        ),
        (
            &["pki", "revoke", "billing", "--serial", "xyz"],
            2,
            "hexadecimal",
        ),
    ] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(
            stderr(&output).contains(said),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(code == 2 || stderr(&output).contains("hint: "), "{args:?}");
        assert!(stdout(&output).is_empty(), "{args:?}");
    }
}
