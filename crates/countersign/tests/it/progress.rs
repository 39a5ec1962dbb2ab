//! How far it is, is shown on a terminal and nowhere else.

use std::path::Path;
use std::process::Command;

use tempfile::tempdir;

use crate::support::{run, stderr};

const ISSUE: [&str; 9] = [
    "pki", "issue", "client", "load", "--count", "60", "--dir", "certs", "--json",
];

/// What `script` of Linux says while it lends a terminal; nothing where there is none.
fn on_a_terminal(folder: &Path) -> Option<String> {
    let line = format!("{} {}", env!("CARGO_BIN_EXE_countersign"), ISSUE.join(" "));
    let mut script = Command::new("script");
    let script = script
        .args(["-qec", &line, "/dev/null"])
        .current_dir(folder);
    let said = script.output().ok()?;
    assert!(said.status.success());
    Some(String::from_utf8(said.stdout).unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn sixty_certificates_are_counted_on_a_terminal() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    if let Some(said) = on_a_terminal(folder.path()) {
        assert!(said.contains(" 0 of 62 certificates"), "{said}");
        assert!(said.contains(" 62 of 62 certificates"), "{said}");
    }
}

#[test]
fn elsewhere_nothing_is_counted() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let output = run(folder.path(), &ISSUE);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains(" of "), "{}", stderr(&output));
}
