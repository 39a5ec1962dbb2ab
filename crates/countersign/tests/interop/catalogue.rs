use std::process::Command;

use crate::support::{is_here, stderr, stdout};

/// The manifest of a preset, with fixtures of its own.
const PSD2: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pki-psd2.toml");

/// Presents the catalogue to `verifier`, and what the preset `psd2` has; it must agree in every line.
fn check(verifier: &str) {
    check_one(&["pki", "verify", "--against", verifier]);
    check_one(&["pki", "verify", "--against", verifier, "-f", PSD2]);
}

fn check_one(verify: &[&str]) {
    let countersign = env!("CARGO_BIN_EXE_countersign");
    let output = Command::new(countersign).args(verify).output().unwrap();
    print!("{}", stdout(&output));
    assert!(
        output.status.success(),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[test]
fn openssl_agrees_with_the_catalogue() {
    if is_here("openssl", Command::new("openssl").arg("version")) {
        check("openssl");
    }
}

#[test]
fn nginx_agrees_with_the_catalogue() {
    if is_here("nginx", Command::new("nginx").arg("-v")) {
        check("nginx");
    }
}
