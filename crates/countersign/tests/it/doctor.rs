use std::net::TcpListener;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{Running, countersign, run, stdout};

const SERVE: [&str; 5] = ["dev", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

/// What the doctor says as JSON, and how it exits.
fn doctor(folder: &std::path::Path, url: &str, options: &[&str]) -> (Value, Option<i32>) {
    let output = run(folder, &[&["doctor", "--json", url][..], options].concat());
    let document = serde_json::from_str(stdout(&output)).unwrap();
    (document, output.status.code())
}

#[test]
fn a_server_that_accepts_is_well_and_shows_everything() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let url = format!("{}/whoami", server.api);
    for version in ["1.2", "1.3"] {
        let options = ["--as", "billing", "--tls", version];
        let (document, code) = doctor(folder.path(), &url, &options);
        assert_eq!(
            (code, &document["well"]),
            (Some(0), &Value::Bool(true)),
            "{document}"
        );
        assert_eq!(document["tls"]["version"], version);
        assert_eq!(document["server"].as_array().unwrap().len(), 2);
        assert_eq!(
            document["ours"][0]["names"][0],
            "spiffe://dev.countersign.example/billing"
        );
        assert_eq!(document["issuer_accepted"], true);
        assert_eq!(document["clock_skew_seconds"], 0);
        assert_eq!(document["fault"], Value::Null);
    }
    let options = ["--as", "billing", "--handshake-only"];
    let (document, code) = doctor(folder.path(), &url, &options);
    assert_eq!(
        (code, &document["status"]),
        (Some(0), &Value::Null),
        "{document}"
    );
}

/// No certificate goes to a server that is not trusted, and what it asks for is shown nevertheless.
#[test]
fn a_server_that_is_not_trusted_is_looked_at_without_presenting_anything() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let issue = ["pki", "issue", "client", "alice"];
    assert_eq!(run(folder.path(), &issue).status.code(), Some(0));
    let cert = [
        ".countersign/alice.pem",
        "--key",
        ".countersign/alice-key.pem",
    ];
    let options = ["--cacert", ".countersign/stranger.pem", "--cert"];
    let (document, code) = doctor(folder.path(), &server.api, &[&options[..], &cert].concat());
    assert_eq!(
        (code, document["fault"]["kind"].as_str()),
        (Some(1), Some("trust"))
    );
    assert_eq!(document["asked"], true);
    assert_eq!(
        document["acceptable"][0],
        "CN=Countersign Dev Root TEST ONLY"
    );
    let audit = std::fs::read_to_string(folder.path().join(".countersign/audit.jsonl"));
    assert!(!audit.unwrap().contains("alice"));
}

#[test]
fn what_ends_before_tls_begins_is_named_by_its_step() {
    let folder = tempdir().unwrap();
    let server = Running::start(countersign(folder.path(), &SERVE));
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let plain = server.admin.replace("http://", "https://");
    for (url, wanted) in [
        (format!("https://localhost:{port}/"), "connection refused"),
        (plain, "it does not speak TLS"),
        (
            "https://no-such-host.invalid/".to_owned(),
            "its name was not resolved",
        ),
        ("http://localhost/".to_owned(), "wanted `https`"),
    ] {
        let (document, code) = doctor(folder.path(), &url, &["--as", "billing"]);
        assert_eq!(code, Some(1), "{url}");
        let headline = document["headline"].as_str().unwrap();
        assert!(headline.contains(wanted), "{headline}");
        assert_ne!(document["next"], Value::Null, "{url}");
    }
}
