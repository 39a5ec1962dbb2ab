use std::process::Command;

use crate::support::{is_here, stderr, stdout};

/// Presents the catalogue to `verifier`, which must agree in every line.
fn check(verifier: &str) {
    let verify = ["pki", "verify", "--against", verifier];
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
