//! Over mutual TLS to a service: the reference server, which knows the gateway and believes it.

use std::fs;

use axum::body::Body;
use countersign_axum::{Dialect, Directory, Unbelieved};
use countersign_identity::{ClientCert, ForwardedChain, Thumbprint};
use countersign_pki::{Authority, Issued};
use countersign_tests::{POLICY, REPORTS, World};
use countersign_tls::BlockList;
use http::{Method, Request};
use serde_json::Value;

use super::edge::{BOTH, CALLER, Edge, Sender};
use crate::forwarded::Fronted;

/// A gateway with the certificate `edge` before the reference server, both in one world; of servers it trusts those of `anchors`.
async fn before_server(server: World, edge: &Issued, anchors: &Authority) -> Edge {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    fs::write(file("edge.pem"), edge.chain_pem()).unwrap();
    fs::write(file("edge-key.pem"), edge.key_pem()).unwrap();
    fs::write(file("anchors.pem"), anchors.certificate_pem()).unwrap();
    let more = format!(
        "anchors = \"{}\"\nchain = \"{}\"\nkey = \"{}\"",
        file("anchors.pem"),
        file("edge.pem"),
        file("edge-key.pem")
    );
    let place = server.url("").trim_end_matches('/').to_owned();
    Edge::before(server, &place, &more).await
}

/// The reference server believes the gateway what it says in `Client-Cert`.
async fn believed() -> Edge {
    believed_with(Unbelieved::Refuse).await
}

async fn believed_with(unbelieved: Unbelieved) -> Edge {
    let fronted = Fronted::start(Dialect::ClientCert, unbelieved).await;
    let Fronted { world, edge, .. } = fronted;
    let root = world.root.clone();
    before_server(world, &edge, &root).await
}

#[tokio::test]
async fn behind_the_gateway_each_caller_is_itself() {
    let mut edge = believed().await;
    for (name, principal) in [(CALLER, "billing"), (REPORTS, "reports")] {
        let answer = edge.get(name, "/whoami").await;
        let whoami: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(whoami["principal"], principal);
        // Of both the server's audit log is told.
        let event = edge.world.event().await.unwrap();
        assert_eq!(event.principal().unwrap().as_str(), principal);
        assert_eq!(event.via().unwrap().principal().name().as_str(), "edge");
    }
}

#[tokio::test]
async fn who_is_revoked_or_disabled_is_refused_before_the_service() {
    let edge = Edge::start("[]").await;
    let (revoked, disabled) = (edge.issue(REPORTS), edge.issue(CALLER));
    let text = b"GET /v1/read/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    for issued in [&revoked, &disabled] {
        assert!(
            edge.write(Some(issued), text)
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
    let mut open = Sender::new("h2", edge.connect(Some(&disabled), "h2").await).await;
    let request = || Request::get("/v1/read/7").body(Body::empty()).unwrap();
    assert_eq!(open.send(request()).await.status, 200);

    let thumbprint = Thumbprint::of(revoked.certificate_der());
    let block = BlockList::default().thumbprint(thumbprint);
    let trusts = edge.world.changed(|trust| trust.with_block_list(block));
    let policy = POLICY.replace(
        "[principals.billing]",
        "[principals.billing]\nenabled = false",
    );
    let policy = Directory::from_toml(&policy).unwrap();
    edge.world.live().swap(trusts.unwrap(), policy);

    let before = edge.service.asked();
    assert_eq!(
        edge.write(Some(&revoked), text).await,
        "",
        "the handshake fails"
    );
    // On a connection that stands already, too.
    assert_eq!(open.send(request()).await.code(), "principal-disabled");
    assert_eq!(edge.service.asked(), before);
}

#[tokio::test]
async fn what_the_gateway_lets_pass_the_server_decides_itself() {
    let edge = believed().await;
    for (name, status, code) in [
        (CALLER, 400, "request-invalid"),
        (REPORTS, 403, "permission-missing"),
    ] {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/v1/transactions");
        let request = request.header("content-type", "application/json");
        let request = request.body(Body::from("{}")).unwrap();
        let answer = edge.ask(Some(&edge.issue(name)), "h2", request).await;
        assert_eq!(
            (answer.status.as_u16(), &*answer.code()),
            (status, code),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_forged_header_is_taken_out_or_refused_before_the_server() {
    let stripped = "billing";
    let refused = "forwarded-identity-untrusted";
    for (unbelieved, wanted) in [(Unbelieved::Strip, stripped), (Unbelieved::Refuse, refused)] {
        let edge = believed_with(unbelieved).await;
        let other = edge.issue(REPORTS).certificate_der().to_vec();
        let other = ForwardedChain::new(other, Vec::new()).unwrap();
        let other = ClientCert::new(other).client_cert();
        for alpn in BOTH {
            for name in [
                "client-cert",
                "client_cert",
                "client-cert-chain",
                "x-forwarded-client-cert",
            ] {
                let request = Request::get("/whoami")
                    .header(name, &other)
                    .header(name, &other);
                let request = request.body(Body::empty()).unwrap();
                let answer = edge.ask(Some(&edge.issue(CALLER)), alpn, request).await;
                let body: Value = serde_json::from_str(&answer.body).unwrap();
                let told = body.get("principal").or_else(|| body.get("code")).unwrap();
                assert_eq!(told, wanted, "{alpn} {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_told_nothing() {
    let Fronted { world, edge, .. } = Fronted::start(Dialect::ClientCert, Unbelieved::Refuse).await;
    let now = countersign_tls::Clock::now(&*world.clock);
    let other = Authority::root("Another Root", now).unwrap();
    let mut edge = before_server(world, &edge, &other).await;
    let answer = edge.get(CALLER, "/whoami").await;
    assert_eq!(answer.code(), "upstream-unreachable");
    let events = edge.world.further_events();
    assert!(
        events.iter().all(|event| event.principal().is_none()),
        "{events:?}"
    );
}
