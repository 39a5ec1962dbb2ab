use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::{TempDir, tempdir};

use crate::support::{countersign, run, stderr, stdout};

/// A folder with the dev certificates and a password file.
fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    let made = run(folder.path(), &["pki", "init"]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    fs::write(folder.path().join("password"), "changeit\n").unwrap();
    folder
}

fn export(folder: &Path, name: &str, format: &str, more: &[&str]) -> Output {
    let args = ["pki", "export", name, "--format", format];
    run(folder, &[&args[..], more].concat())
}

/// What it prints.
fn exported(folder: &Path, name: &str, format: &str, more: &[&str]) -> Vec<u8> {
    let output = export(folder, name, format, more);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output.stdout
}

fn text(folder: &Path, name: &str, format: &str) -> String {
    String::from_utf8(exported(folder, name, format, &[])).unwrap()
}

const PASSWORD: [&str; 2] = ["--password-file", "password"];

#[test]
fn a_password_comes_from_a_file_or_the_environment_and_nowhere_else() {
    let folder = folder();
    for format in ["p12", "p12-legacy", "encrypted-pem", "java"] {
        let refused = export(folder.path(), "billing", format, &[]);
        assert_eq!(refused.status.code(), Some(1), "{format}");
        let said = stderr(&refused);
        assert!(said.contains(" wants a password\n"), "{format}: {said}");
        assert!(
            said.ends_with("hint: give it with --password-file FILE or --password-env VAR\n"),
            "{format}: {said}"
        );
    }
    let from_variable = ["pki", "export", "billing", "--format", "encrypted-pem"];
    let output = countersign(folder.path(), &from_variable)
        .args(["--password-env", "STORE_PASSWORD"])
        .env("STORE_PASSWORD", "changeit")
        .output()
        .unwrap();
    assert!(stdout(&output).contains("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert!(!stdout(&output).contains("-----BEGIN PRIVATE KEY-----\n"));

    let unset = ["--password-env", "COUNTERSIGN_TEST_NOT_SET"];
    let refused = export(folder.path(), "billing", "p12", &unset);
    assert_eq!(
        stderr(&refused),
        "error: $COUNTERSIGN_TEST_NOT_SET is not set\n\
         hint: export COUNTERSIGN_TEST_NOT_SET, or use --password-file FILE\n"
    );
}

#[test]
fn what_is_not_encrypted_takes_no_password() {
    let folder = folder();
    let refused = export(folder.path(), "billing", "pem", &PASSWORD);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        stderr(&refused),
        "error: pem is not encrypted, and takes no password\n\
         hint: use --format p12 or encrypted-pem, or leave the password out\n"
    );
    assert!(refused.stdout.is_empty());
}

#[test]
fn a_password_that_programs_read_differently_is_refused_without_being_told() {
    let folder = folder();
    fs::write(folder.path().join("password"), "pa\u{df}wort\n").unwrap();
    let refused = export(folder.path(), "billing", "p12", &PASSWORD);
    let said = stderr(&refused);
    assert!(
        said.contains("the password holds more than printable ASCII"),
        "{said}"
    );
    assert!(
        said.contains("hint: choose a password of printable ASCII"),
        "{said}"
    );
    assert!(!said.contains("wort"), "{said}");
}

#[test]
fn a_file_that_is_there_is_left_as_it_is() {
    let folder = folder();
    let out = ["--out", "billing.p12"];
    let more = [&PASSWORD[..], &out[..]].concat();
    let first = export(folder.path(), "billing", "p12-legacy", &more);
    assert_eq!(stderr(&first), "wrote billing.p12\n");
    assert!(first.stdout.is_empty());
    let before = fs::read(folder.path().join("billing.p12")).unwrap();

    let second = export(folder.path(), "billing", "p12-legacy", &more);
    assert_eq!(second.status.code(), Some(1));
    assert_eq!(
        stderr(&second),
        "error: `billing.p12` is there already, and is left as it is\n\
         hint: name a file that is not there yet, or remove that one first\n"
    );
    assert_eq!(fs::read(folder.path().join("billing.p12")).unwrap(), before);
    let names = fs::read_dir(folder.path()).unwrap();
    let left = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".tmp")
    });
    assert_eq!(left.count(), 0);
}

#[cfg(unix)]
#[test]
fn a_file_with_a_key_or_a_password_is_for_its_owner_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    let folder = folder();
    // `java` looks for the stores that the first two lines make.
    let files = [
        ("billing", "p12-legacy", ".countersign/billing.p12", 0o600),
        ("root", "p12-legacy", ".countersign/root.p12", 0o644),
        ("billing", "java", "java.args", 0o600),
        ("billing", "encrypted-pem", "encrypted.pem", 0o600),
        ("billing", "pem", "both.pem", 0o600),
        ("billing", "k8s-secret", "secret.yaml", 0o600),
        ("billing", "der", "billing.der", 0o644),
        ("root", "pem", "root.pem", 0o644),
        ("billing", "go", "tls.go", 0o644),
    ];
    for (name, format, out, mode) in files {
        let encrypted = ["p12-legacy", "java", "encrypted-pem"].contains(&format);
        let password = if encrypted {
            "--password-file password"
        } else {
            ""
        };
        let line = format!(
            "umask 000; {} pki export {name} --format {format} --out {out} {password}",
            env!("CARGO_BIN_EXE_countersign")
        );
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &line]).current_dir(folder.path());
        let done = shell.output().unwrap();
        assert!(done.status.success(), "{line}: {}", stderr(&done));
        let found = fs::metadata(folder.path().join(out)).unwrap();
        assert_eq!(found.permissions().mode() & 0o7777, mode, "{out}");
    }
}

#[test]
fn nothing_of_an_authority_but_its_certificate_is_exported() {
    let folder = folder();
    assert!(!text(folder.path(), "root", "pem").contains("PRIVATE KEY"));
    for format in ["env", "curl", "k8s-secret", "go", "node", "requests"] {
        let refused = export(folder.path(), "root", format, &[]);
        assert_eq!(
            stderr(&refused),
            "error: `root` is an authority, which no program presents\n\
             hint: export what it has signed, or its certificate with --format pem, der or p12\n"
        );
    }
}

#[test]
fn java_is_told_to_make_its_stores_first() {
    let folder = folder();
    let refused = export(folder.path(), "billing", "java", &PASSWORD);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        stderr(&refused),
        "error: there is no store `.countersign/billing.p12`, which Java would read\n\
         hint: make it under the same password: countersign pki export billing --dir .countersign \
         --format p12 --out .countersign/billing.p12 --password-file FILE\n"
    );
}

#[test]
fn lines_for_programs_name_the_files_wherever_one_is() {
    let folder = folder();
    let certs = fs::canonicalize(folder.path())
        .unwrap()
        .join(".countersign");
    let certs = certs.to_str().unwrap();
    let [certificate, key, root] =
        ["billing", "billing-key", "root"].map(|name| format!("\"{certs}/{name}.pem\""));
    assert_eq!(
        text(folder.path(), "billing", "curl"),
        format!("cert = {certificate}\nkey = {key}\ncacert = {root}\n")
    );
    assert_eq!(
        text(folder.path(), "billing", "requests"),
        format!(
            "import requests\n\nsession = requests.Session()\n\
             session.cert = ({certificate}, {key})\nsession.verify = {root}\n\
             session.trust_env = False  # or REQUESTS_CA_BUNDLE would win over verify\n"
        )
    );
    assert_eq!(
        text(folder.path(), "billing", "nginx"),
        format!(
            "proxy_ssl_certificate {certificate};\nproxy_ssl_certificate_key {key};\n\
             proxy_ssl_trusted_certificate {root};\nproxy_ssl_verify on;\n"
        )
    );
    let go = text(folder.path(), "billing", "go");
    assert!(go.contains(&format!("tls.LoadX509KeyPair({certificate}, {key})")));
    assert!(go.contains("\t\tRootCAs:      roots,\n"), "{go}");
    let node = text(folder.path(), "billing", "node");
    assert!(node.contains("const agent = new https.Agent({\n"), "{node}");
    assert!(node.contains(&format!("  key: fs.readFileSync({key}),\n")));
}

#[test]
fn a_server_is_told_to_demand_certificates() {
    let folder = folder();
    let text = |format| text(folder.path(), "server", format);
    assert!(text("nginx").ends_with("ssl_verify_client on;\n"));
    assert!(text("go").contains("ClientAuth:   tls.RequireAndVerifyClientCert,"));
    assert!(text("node").contains("  requestCert: true,\n  rejectUnauthorized: true,\n"));
}
