use std::fs;

use tempfile::tempdir;

use crate::support::{Running, countersign, run, stderr, stdout};

const SERVE: [&str; 5] = ["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

#[test]
fn a_refusal_says_why_and_what_to_do() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let url = format!("{}/v1/transactions", server.api);

    let denied = run(folder.path(), &["call", "--as", "newcomer", &url]);
    assert_eq!(denied.status.code(), Some(1));
    assert!(
        stderr(&denied).contains("principal-unknown"),
        "{}",
        stderr(&denied)
    );

    let refused = run(
        folder.path(),
        &["call", "--cacert", ".countersign/root.pem", &url],
    );
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(
        said.contains("certificate_required") && said.contains("\nhint: "),
        "{said}"
    );

    let untrusted = run(
        folder.path(),
        &["call", "--cacert", ".countersign/stranger.pem", &url],
    );
    assert_eq!(untrusted.status.code(), Some(1));
    let said = stderr(&untrusted);
    assert!(
        said.contains("is not trusted") && said.contains("\nhint: "),
        "{said}"
    );
}

#[test]
fn a_body_is_posted_and_the_answer_printed() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let url = format!("{}/v1/transactions", server.api);
    let body = r#"{"amount_minor":1,"currency":"EUR","reference":"x"}"#;
    let output = run(
        folder.path(),
        &["call", "--as", "billing", "--data-json", body, &url],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let created: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    assert_eq!(created["created_by"], "billing");
}

#[test]
fn plain_http_is_refused() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init"]);
    let output = run(
        folder.path(),
        &["call", "--as", "billing", "http://localhost:1/"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("wanted `https`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn headers_bodies_and_answers_go_where_they_are_told() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let url = format!("{}/v1/transactions", server.api);
    let body = r#"{"amount_minor":1,"currency":"EUR","reference":"x"}"#;
    fs::write(folder.path().join("body.json"), body).unwrap();
    let options = ["call", "--as", "billing", &url, "-v", "--retry", "2"];
    let typed = "Content-Type: application/json";
    let headers = ["-H", typed, "-H", "Authorization: Bearer s3cret"];
    let rest = [
        "-d",
        "@body.json",
        "-o",
        "answer.json",
        "--tls",
        "1.2",
        "--http",
        "1.1",
    ];
    let output = run(folder.path(), &[&options[..], &headers, &rest].concat());
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_eq!(stdout(&output), "");
    let answer = fs::read(folder.path().join("answer.json")).unwrap();
    let created: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(created["created_by"], "billing");
    for line in [
        "accepts the client certificate",
        "tls        1.2 ",
        "> POST /v1/transactions",
        "> authorization: (hidden)",
        "< HTTP/1.1 201 Created",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("s3cret"));
}

#[test]
fn any_status_is_an_answer_to_who_asks_for_any() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let url = format!("{}/nowhere", server.api);
    let output = run(
        folder.path(),
        &["call", "--as", "billing", "--any-status", &url],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("urn:countersign:problem:not-found"));
}

#[test]
fn keys_under_a_password_are_opened_and_the_password_is_asked_for() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let url = format!("{}/whoami", server.api);
    fs::write(folder.path().join("password"), "changeit\n").unwrap();
    for (format, file) in [("p12", "billing.p12"), ("encrypted-pem", "encrypted.pem")] {
        let export = [
            "pki", "export", "billing", "--format", format, "--out", file,
        ];
        let export = run(
            folder.path(),
            &[&export[..], &["--password-file", "password"]].concat(),
        );
        assert_eq!(export.status.code(), Some(0), "{}", stderr(&export));
    }
    let cacert = ["call", "--cacert", ".countersign/root.pem", &url];
    let encrypted = [
        "--cert",
        ".countersign/billing.pem",
        "--key",
        "encrypted.pem",
    ];
    let password = ["--password-file", "password"];
    for given in [
        [&cacert[..], &["--p12", "billing.p12"], &password].concat(),
        [&cacert[..], &encrypted, &password].concat(),
    ] {
        let output = run(folder.path(), &given);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains(r#""principal":"billing""#));
    }
    let output = run(folder.path(), &[&cacert[..], &encrypted].concat());
    let said = stderr(&output);
    assert!(
        said.starts_with("error: `encrypted.pem`: the private key is encrypted"),
        "{said}"
    );
    assert!(
        said.contains("hint: give the password with --password-file"),
        "{said}"
    );
}

#[test]
fn a_pin_that_the_server_does_not_have_is_told_with_the_one_it_has() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let url = format!("{}/whoami", server.api);
    let options = ["call", "--as", "billing", &url, "--pin"];
    let wrong = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let output = run(folder.path(), &[&options[..], &[wrong]].concat());
    let said = stderr(&output);
    let own = said.split("and its own is ").nth(1).unwrap();
    let own = own.split_whitespace().next().unwrap().trim_end_matches(':');
    let output = run(folder.path(), &[&options[..], &[own]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
