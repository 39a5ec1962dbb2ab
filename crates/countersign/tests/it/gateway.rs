//! `countersign gateway`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use tempfile::{TempDir, tempdir};

use crate::support::{Running, countersign, run, stderr, stdout};

/// A folder with dev certificates and the committed gateway, on free ports.
fn configured() -> TempDir {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init"]);
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"));
    fs::create_dir(folder.path().join("fixtures")).unwrap();
    for name in ["gateway.toml", "server.toml", "policy.toml"] {
        let text = fs::read_to_string(fixtures.join(name)).unwrap();
        let text = text.replace(":8445", ":0").replace(":8446", ":0");
        fs::write(folder.path().join("fixtures").join(name), text).unwrap();
    }
    folder
}

/// A service that answers what it was asked, and where it is.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let mut tcp = tcp.unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                tcp.read_exact(&mut byte).unwrap();
                asked.extend_from_slice(&byte);
            }
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                asked.len()
            );
            tcp.write_all(head.as_bytes()).unwrap();
            tcp.write_all(&asked).unwrap();
        }
    });
    url
}

#[test]
fn a_service_that_knows_no_tls_is_told_who_calls() {
    let folder = configured();
    let service = service();
    let args = ["gateway", "--upstream", &service];
    let gateway = Running::start(countersign(folder.path(), &args));
    assert!(gateway.said().contains(&format!("passing on to {service}")));
    let api = gateway.api.replace("127.0.0.1", "localhost");
    let call = |name: &str, path: &str, more: &[&str]| {
        let url = format!("{api}{path}");
        let args = [&["call", "--as", name, &url], more].concat();
        run(folder.path(), &args)
    };

    let output = call(
        "reports",
        "/v1/transactions/7",
        &["-H", "Client-Cert: :AA==:"],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let asked = stdout(&output);
    assert!(
        asked.starts_with("GET /v1/transactions/7 HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(
        asked.contains("\r\ncountersign-principal: reports\r\n"),
        "{asked}"
    );
    assert!(asked.contains("\r\nclient-cert: :MII"), "{asked}");
    assert!(!asked.contains(":AA==:"), "{asked}");

    for (name, path, more, code) in [
        (
            "reports",
            "/v1/transactions",
            ["-X", "POST"],
            "permission-missing",
        ),
        ("newcomer", "/whoami", ["-X", "GET"], "principal-unknown"),
        ("reports", "/admin", ["-X", "GET"], "not-found"),
    ] {
        let output = call(name, path, &more);
        assert_eq!(output.status.code(), Some(1), "{name} {path}");
        assert!(stderr(&output).contains(code), "{}", stderr(&output));
    }
    assert_eq!(gateway.terminate(), Some(0));
}

#[test]
fn the_routes_and_what_is_wrong_are_said_without_serving() {
    let folder = configured();
    let output = run(folder.path(), &["gateway", "--routes"]);
    assert!(stdout(&output).contains("POST  /v1/transactions       transactions:write\n"));
    let output = run(folder.path(), &["gateway", "--check"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        stderr(&output),
        "`fixtures/gateway.toml` can be served: 5 files, trusts: 1, identities: 2\n"
    );
    for (args, said) in [
        (
            &["gateway", "--check", "--upstream", "http://192.0.2.1:80"][..],
            "error: `http://192.0.2.1:80` is beyond the loopback, and in the clear\nhint: use https, or say",
        ),
        (
            &["gateway", "--check", "--upstream", "https://192.0.2.1"],
            "error: `https://192.0.2.1` is over TLS: wanted `anchors`, the CAs that vouch for it\n",
        ),
        (
            &["gateway", "--check", "--config", "fixtures/server.toml"],
            "error: `fixtures/server.toml` has no routes: nobody could call anything\nhint: say with `[[routes]]`",
        ),
        (
            &["serve", "--check", "--config", "fixtures/gateway.toml"],
            "error: `fixtures/gateway.toml` is the configuration of a gateway\nhint: countersign gateway --config FILE\n",
        ),
    ] {
        let output = run(folder.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(stderr(&output).starts_with(said), "{}", stderr(&output));
    }
}

#[test]
fn a_decision_of_a_gateway_is_explained_by_its_routes() {
    let folder = configured();
    let explain = |path: &str| {
        let cert = ["explain", "--cert", ".countersign/reports.pem"];
        let args = [
            &cert[..],
            &["--config", "fixtures/gateway.toml", "GET", path],
        ]
        .concat();
        run(folder.path(), &args).status.code()
    };
    assert_eq!(explain("/v1/transactions/7"), Some(0));
    assert_eq!(explain("/v1/elsewhere"), Some(3));
}
