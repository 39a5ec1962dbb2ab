//! The service is told who calls.

use axum::body::Body;
use countersign_identity::{ClientCert, EscapedPem, ForwardedChain, Xfcc};
use http::Request;

use super::edge::{BOTH, CALLER, Edge, values};

#[tokio::test]
async fn the_service_is_told_who_calls_in_every_dialect() {
    let edge = Edge::start(r#"["rfc9440", "xfcc", "nginx", "principal"]"#).await;
    let issued = edge.issue(CALLER);
    let mut chain = issued.chain_der().into_iter();
    let leaf = chain.next().unwrap();
    let alone = ForwardedChain::new(leaf.clone(), Vec::new()).unwrap();
    let chain = ForwardedChain::new(leaf, chain.collect()).unwrap();
    let said = ClientCert::new(chain.clone());
    for alpn in BOTH {
        let request = Request::get("/v1/read/7?x=1").body(Body::empty()).unwrap();
        let told = edge.ask(Some(&issued), alpn, request).await.told();
        assert_eq!(told["method"], "GET");
        assert_eq!(told["path"], "/v1/read/7?x=1");
        for (name, value) in [
            ("client-cert", said.client_cert()),
            ("client-cert-chain", said.client_cert_chain().unwrap()),
            (
                "x-forwarded-client-cert",
                Xfcc::new(chain.clone()).to_string(),
            ),
            (
                "ssl-client-cert",
                EscapedPem::new(alone.clone()).to_string(),
            ),
            ("ssl-client-verify", "SUCCESS".to_owned()),
            ("countersign-principal", "billing".to_owned()),
        ] {
            assert_eq!(values(&told, name), [value], "{alpn} {name}");
        }
    }
}

#[tokio::test]
async fn without_a_word_it_is_rfc_9440() {
    let edge = Edge::before_service(countersign_tests::World::start().await.unwrap(), "").await;
    let told = edge.get(CALLER, "/v1/read/7").await.told();
    assert_eq!(values(&told, "client-cert").len(), 1);
    assert_eq!(values(&told, "client-cert-chain").len(), 1);
    for other in [
        "x-forwarded-client-cert",
        "ssl-client-cert",
        "countersign-principal",
    ] {
        assert_eq!(values(&told, other), [""; 0], "{other}");
    }
}

#[tokio::test]
async fn a_public_route_names_nobody() {
    let edge = Edge::start(r#"["rfc9440", "xfcc", "nginx", "principal"]"#).await;
    let told = edge.get(CALLER, "/public/a").await.told();
    for name in [
        "client-cert",
        "x-forwarded-client-cert",
        "ssl-client-cert",
        "countersign-principal",
    ] {
        assert_eq!(values(&told, name), [""; 0], "{name}");
    }
}

#[tokio::test]
async fn the_service_is_told_the_way_of_the_request() {
    let edge = Edge::start("[]").await;
    for (alpn, via) in [("h2", "2.0 countersign"), ("http/1.1", "1.1 countersign")] {
        let request = Request::get("/v1/read/7").header("x-request-id", "abc-1");
        let request = request.body(Body::empty()).unwrap();
        let answer = edge.ask(Some(&edge.issue(CALLER)), alpn, request).await;
        assert_eq!(answer.headers["x-request-id"], "abc-1");
        let told = answer.told();
        let upstream = values(&told, "host");
        assert!(upstream[0].starts_with("127.0.0.1:"), "{upstream:?}");
        for (name, value) in [
            ("forwarded", r#"for=127.0.0.1;proto=https;host="localhost""#),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "localhost"),
            ("x-request-id", "abc-1"),
            ("via", via),
        ] {
            assert_eq!(values(&told, name), [value], "{alpn}");
        }
    }
}
