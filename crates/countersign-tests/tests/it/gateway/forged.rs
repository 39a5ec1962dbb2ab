//! No header that a caller sends makes it another: every dialect, in every way to write it.

use axum::body::Body;
use countersign_identity::{ClientCert, EscapedPem, ForwardedChain, Xfcc, is_identity_header};
use countersign_pki::Issued;
use countersign_tests::{REPORTS, World};
use countersign_tls::ClientCertificate;
use http::{HeaderName, Request};
use serde_json::Value;

use super::edge::{CALLER, Edge, fields};

/// What would name the holder of `issued`, in the dialects of gateways and services.
fn dialects(issued: &Issued) -> Vec<(&'static str, String)> {
    let mut chain = issued.chain_der().into_iter();
    let leaf = chain.next().unwrap();
    let chain = ForwardedChain::new(leaf, chain.collect()).unwrap();
    let rfc9440 = ClientCert::new(chain.clone());
    let der = rfc9440.client_cert().trim_matches(':').to_owned();
    let escaped = EscapedPem::new(chain.clone()).to_string();
    vec![
        ("Client-Cert", rfc9440.client_cert()),
        ("Client-Cert-Chain", rfc9440.client_cert()),
        ("X-Forwarded-Client-Cert", Xfcc::new(chain).to_string()),
        ("Ssl-Client-Cert", escaped.clone()),
        ("Ssl-Client-Verify", "SUCCESS".to_owned()),
        ("Ssl-Client-Subject-Dn", "CN=reports".to_owned()),
        ("X-SSL-Client-Cert", escaped.clone()),
        ("X-SSL-Client-S-DN", "CN=reports".to_owned()),
        ("X-SSL-Client-CN", "reports".to_owned()),
        ("X-SSL-Client-DER", der),
        ("X-Client-Cert", escaped.clone()),
        ("X-Client-DN", "CN=reports".to_owned()),
        ("X-Client-Verify", "SUCCESS".to_owned()),
        ("X-Amzn-Mtls-Clientcert", escaped.clone()),
        ("X-Amzn-Mtls-Clientcert-Leaf", escaped.clone()),
        ("X-Amzn-Mtls-Clientcert-Subject", "CN=reports".to_owned()),
        ("X-Forwarded-Tls-Client-Cert", escaped),
        ("Countersign-Principal", "reports".to_owned()),
        ("Forwarded", "for=192.0.2.99;proto=http".to_owned()),
        ("X-Forwarded-For", "192.0.2.99".to_owned()),
        ("X-Real-IP", "192.0.2.99".to_owned()),
    ]
}

/// The head of a request that says `name: value`, once in each way.
fn ways(name: &str, value: &str) -> Vec<(&'static str, String)> {
    let underscored = name.replace('-', "_");
    let odd: String = (name.chars().enumerate())
        .map(|(at, c)| {
            if at % 2 == 0 {
                c.to_ascii_lowercase()
            } else {
                c.to_ascii_uppercase()
            }
        })
        .collect();
    let half = value.len() / 2;
    let (first, second) = value.split_at(half);
    vec![
        ("plain", format!("{name}: {value}\r\n")),
        ("twice", format!("{name}: {value}\r\n{name}: {value}\r\n")),
        ("odd case", format!("{odd}: {value}\r\n")),
        ("underscores", format!("{underscored}: {value}\r\n")),
        (
            "underscores beside dashes",
            format!("{underscored}: {value}\r\n{name}: {value}\r\n"),
        ),
        ("dots", format!("{}: {value}\r\n", name.replace('-', "."))),
        ("folded", format!("{name}: {first}\r\n {second}\r\n")),
        ("space before the colon", format!("{name} : {value}\r\n")),
        (
            "space before the name",
            format!("accept: */*\r\n {name}: {value}\r\n"),
        ),
        ("bare line feed", format!("x-a: b\n{name}: {value}\r\n")),
        (
            "oversized",
            format!("{name}: {}\r\n", value.repeat(20_000 / value.len() + 1)),
        ),
        ("malformed", format!("{name}: \";,=:{value}\r\n")),
        (
            "with a control character",
            format!("{name}: {value}\x01\r\n"),
        ),
        (
            "nominated",
            format!("connection: {name}\r\n{name}: {value}\r\n"),
        ),
        (
            "nominating the real one",
            format!("connection: client-cert, x-forwarded-client-cert\r\n{name}: {value}\r\n"),
        ),
        (
            "in a trailer",
            format!(
                "transfer-encoding: chunked\r\ntrailer: {name}\r\n\r\n1\r\na\r\n0\r\n{name}: {value}\r\n"
            ),
        ),
    ]
}

/// Nothing that names a caller, or its way here, stands there but what the gateway itself says.
fn check(told: &Value, truth: &[(String, String)], what: &str) {
    let mut named = Vec::new();
    for (name, value) in fields(told) {
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        if is_identity_header(&plain)
            || plain.starts_with("countersign-")
            || plain.starts_with("x-ssl")
        {
            named.push((name.clone(), value.clone()));
        }
        assert!(!value.contains("192.0.2.99"), "{what}: {name}: {value}");
    }
    named.sort();
    assert_eq!(named, truth, "{what}");
}

/// The body of an answer with status 200, if it is one.
fn body(answer: &str) -> Option<Value> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200")
        .then(|| serde_json::from_str(body).unwrap())
}

/// What the service is told of an honest request.
async fn truth(edge: &Edge, issued: Option<&Issued>, path: &str) -> Vec<(String, String)> {
    let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let told = body(
        &edge
            .write(issued, head.replace("POST", "GET").as_bytes())
            .await,
    )
    .unwrap();
    let fields = fields(&told).into_iter();
    let ours = |name: &str| is_identity_header(name) || name.starts_with("countersign-");
    let mut named: Vec<_> = fields.filter(|(name, _)| ours(name)).collect();
    named.sort();
    named
}

async fn every_row(edge: &Edge, issued: Option<&Issued>, path: &str, wanted: usize) {
    let truth = truth(edge, issued, path).await;
    assert_eq!(truth.len(), wanted, "{truth:?}");
    let forged = dialects(&edge.issue(REPORTS));
    let (mut passed, mut refused) = (0, 0);
    for (name, value) in &forged {
        for (way, head) in ways(name, value) {
            let before = edge.service.asked();
            let text = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{head}\r\n");
            let answer = edge.write(issued, text.as_bytes()).await;
            let reached = edge.service.asked() - before;
            let what = format!("{name}, {way}");
            match body(&answer) {
                Some(told) => {
                    passed += 1;
                    assert_eq!(reached, 1, "{what}");
                    check(&told, &truth, &what);
                }
                None => {
                    refused += 1;
                    assert_eq!(reached, 0, "{what}: {answer}");
                    assert!(
                        answer.starts_with("HTTP/1.1 4") || answer.is_empty(),
                        "{what}: {answer}"
                    );
                }
            }
        }
    }
    // What cannot be read as HTTP, and what is too large: folded, two odd spaces, a control character, oversized.
    assert_eq!((passed, refused), (forged.len() * 11, forged.len() * 5));
}

#[tokio::test]
async fn a_forged_header_beside_a_certificate_changes_nothing() {
    let edge = Edge::start(r#"["rfc9440", "xfcc", "nginx", "principal"]"#).await;
    let issued = edge.issue(CALLER);
    every_row(&edge, Some(&issued), "/v1/read/7", 6).await;
}

#[tokio::test]
async fn a_forged_header_in_a_dialect_that_is_not_spoken_is_taken_out_too() {
    let edge = Edge::start("[]").await;
    let issued = edge.issue(CALLER);
    every_row(&edge, Some(&issued), "/v1/read/7", 0).await;
}

#[tokio::test]
async fn a_forged_header_alone_names_nobody() {
    let world = World::with_mode(ClientCertificate::Requested)
        .await
        .unwrap();
    let more = r#"identity = ["rfc9440", "xfcc", "nginx", "principal"]"#;
    let edge = Edge::before_service(world, more).await;
    every_row(&edge, None, "/public/a", 0).await;
}

#[tokio::test]
async fn over_http_2_a_forged_header_changes_nothing() {
    let edge = Edge::start(r#"["rfc9440", "xfcc", "nginx", "principal"]"#).await;
    let issued = edge.issue(CALLER);
    let truth = truth(&edge, Some(&issued), "/v1/read/7").await;
    for (name, value) in dialects(&edge.issue(REPORTS)) {
        for name in [
            name.to_owned(),
            name.replace('-', "_"),
            name.replace('-', "."),
        ] {
            let what = format!("{name} over HTTP/2");
            let name: HeaderName = name.parse().unwrap();
            let request = Request::get("/v1/read/7")
                .header(&name, &value)
                .header(&name, &value);
            let request = request.body(Body::empty()).unwrap();
            let answer = edge.ask(Some(&issued), "h2", request).await;
            check(&answer.told(), &truth, &what);
        }
    }
}

#[tokio::test]
async fn a_request_within_a_request_is_none() {
    let edge = Edge::start(r#"["rfc9440"]"#).await;
    let issued = edge.issue(CALLER);
    let inner = "GET /v1/other HTTP/1.1\r\nhost: a\r\nclient-cert: :AA==:\r\n\r\n";
    for head in [
        format!(
            "content-length: {}\r\ntransfer-encoding: chunked\r\n",
            inner.len() + 5
        ),
        format!(
            "transfer-encoding: chunked\r\ncontent-length: {}\r\n",
            inner.len() + 5
        ),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "content-length: 0\r\ncontent-length: 5\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        "upgrade: websocket\r\nconnection: upgrade\r\ncontent-length: 0\r\n".to_owned(),
    ] {
        let before = edge.service.asked();
        let text = format!(
            "POST /v1/read/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{head}\r\n0\r\n\r\n{inner}"
        );
        let answer = edge.write(Some(&issued), text.as_bytes()).await;
        assert!(edge.service.asked() - before <= 1, "{head}: {answer}");
        assert!(!answer.contains("/v1/other"), "{head}: {answer}");
        assert!(!answer.contains(":AA==:"), "{head}: {answer}");
    }
}
