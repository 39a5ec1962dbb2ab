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
        &["call", "--as", "billing", "--json", body, &url],
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
