//! Over mutual TLS to a service: the reference server, which knows the gateway.

use std::fs;

use countersign_pki::Authority;
use countersign_tests::World;
use serde_json::Value;

use super::edge::{CALLER, Edge};

/// A gateway before the reference server of another world, which it trusts by `anchors`.
async fn before_server(
    server: &World,
    name: &str,
    anchors: &Authority,
) -> (Edge, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let now = countersign_tls::Clock::now(&*server.clock);
    let issued = server.issuing.client(now).uri(name).issue().unwrap();
    fs::write(file("edge.pem"), issued.chain_pem()).unwrap();
    fs::write(file("edge-key.pem"), issued.key_pem()).unwrap();
    fs::write(file("anchors.pem"), anchors.certificate_pem()).unwrap();
    let more = format!(
        "anchors = \"{}\"\nchain = \"{}\"\nkey = \"{}\"",
        file("anchors.pem"),
        file("edge.pem"),
        file("edge-key.pem")
    );
    let place = server.url("").trim_end_matches('/').to_owned();
    (
        Edge::before(World::start().await.unwrap(), &place, &more).await,
        folder,
    )
}

#[tokio::test]
async fn the_gateway_presents_a_certificate_of_its_own() {
    let mut server = World::start().await.unwrap();
    let (edge, _folder) = before_server(&server, countersign_tests::REPORTS, &server.root).await;
    let answer = edge.get(CALLER, "/v1/transactions").await;
    let page: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(page["items"], serde_json::json!([]));
    let event = server.event().await.unwrap();
    assert_eq!(event.principal.unwrap().as_str(), "reports");
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_told_nothing() {
    let mut server = World::start().await.unwrap();
    let now = countersign_tls::Clock::now(&*server.clock);
    let other = Authority::root("Another Root", now).unwrap();
    let (edge, _folder) = before_server(&server, countersign_tests::REPORTS, &other).await;
    let answer = edge.get(CALLER, "/v1/transactions").await;
    assert_eq!(answer.code(), "upstream-unreachable");
    let events = server.further_events();
    assert!(
        events.iter().all(|event| event.principal.is_none()),
        "{events:?}"
    );
}
