use std::process::Command;

use crate::support::{Dev, is_here, stderr, stdout};

/// Runs `openssl s_client` against the server: as billing and as nobody.
fn check(version: &str, protocol: &str) {
    if !is_here("openssl", Command::new("openssl").arg("version")) {
        return;
    }
    let dev = Dev::start();
    let server = format!("localhost:{}", dev.port());
    let anonymous = [
        "s_client",
        "-connect",
        &server,
        "-servername",
        "localhost",
        version,
        "-CAfile",
        ".countersign/root.pem",
        "-verify_return_error",
        "-ign_eof",
    ];
    let billing = [
        "-cert",
        ".countersign/billing.pem",
        "-key",
        ".countersign/billing-key.pem",
        "-cert_chain",
        ".countersign/issuing.pem",
    ];
    let request = "GET /whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    let known = dev.run("openssl", &[&anonymous[..], &billing[..]].concat(), request);
    let said = stdout(&known);
    assert!(said.contains("HTTP/1.1 200 OK"), "{said}{}", stderr(&known));
    assert!(said.contains(r#""principal":"billing""#), "{said}");
    assert!(said.contains(protocol), "{said}");

    let nobody = dev.run("openssl", &anonymous, request);
    assert!(!stdout(&nobody).contains("HTTP/1.1"), "{}", stdout(&nobody));
    assert!(
        stderr(&nobody).contains("alert number 116"),
        "{}",
        stderr(&nobody)
    );
}

#[test]
fn openssl_is_answered_over_tls_1_2_and_refused_without_a_certificate() {
    check("-tls1_2", "TLSv1.2");
}

#[test]
fn openssl_is_answered_over_tls_1_3_and_refused_without_a_certificate() {
    check("-tls1_3", "TLSv1.3");
}
