//! Headers that say who a client is reach nobody.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use countersign_axum::{
    Api, Audit, Connection, Dialect, Directory, Forwarding, Gateway, Limits, Unbelieved,
};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::mpsc::unbounded_channel;
use tower::ServiceExt;

use crate::client::Http;
use crate::world::{POLICY, World};

/// Which headers arrive.
async fn echo(headers: HeaderMap) -> String {
    let names = headers.keys().map(ToString::to_string);
    names.collect::<Vec<_>>().join(" ")
}

fn request() -> Request<Body> {
    let request = Request::get("/echo").header("host", "api.dev.example");
    let request = request
        .header("client-cert", ":AAAA:")
        .header("x_ssl_client_cert", "a");
    request.body(Body::empty()).unwrap()
}

fn api(world: &World) -> Router {
    Api::new(world.live())
        .public("/echo", get(echo))
        .into_router()
}

#[tokio::test]
async fn a_public_handler_never_sees_them() {
    let world = World::new();
    let service = world.serve_with(api(&world), Limits::default()).await;
    let mut held = world.connect(&service, Http::One, "reports").await;
    let answer = held.send(request()).await;
    assert_eq!(answer.body, "host");
}

#[tokio::test]
async fn nor_a_router_that_is_no_api_behind_our_listener() {
    let world = World::new();
    let plain = Router::new().route("/echo", get(echo));
    let service = world.serve_with(plain, Limits::default()).await;
    let mut held = world.connect(&service, Http::Two, "reports").await;
    assert_eq!(held.send(request()).await.body, "host");
}

#[tokio::test]
async fn one_who_was_let_in_before_is_told_of_and_refused_for_them_as_at_first() {
    for (mode, allowed) in [(Unbelieved::Strip, true), (Unbelieved::Refuse, false)] {
        let world = World::new();
        let directory = Directory::from_toml(POLICY).unwrap();
        let forwarding = Forwarding::default().unbelieved(mode);
        world.live.swap_all(world.both(), directory, forwarding);
        let router = Api::new(world.live())
            .open("/echo", get(echo))
            .into_router();
        let mut service = world.serve_with(router, Limits::default()).await;
        let mut held = world.connect(&service, Http::One, "reports").await;
        assert_eq!(held.get("/echo").await.body, "host");
        assert!(service.event().await.unbelieved().is_empty());
        for _ in 0..2 {
            let answer = held.send(request()).await;
            let event = service.event().await;
            assert_eq!(event.unbelieved(), ["client-cert", "x_ssl_client_cert"]);
            assert_eq!(answer.status.is_success(), allowed);
            assert_eq!(event.code.is_none(), allowed);
        }
    }
}

#[tokio::test]
async fn a_header_that_only_one_gateway_reads_arrives_until_a_reload_brings_that_gateway() {
    let world = World::new();
    let service = world.serve_with(api(&world), Limits::default()).await;
    let mut held = world.connect(&service, Http::One, "reports").await;
    let own = Gateway::new(
        "edge".parse().unwrap(),
        Dialect::EscapedPem("x-our-own".parse().unwrap()),
        ["clients".parse().unwrap()],
    );
    for (forwarding, arrives) in [
        (Forwarding::default(), "host x-our-own"),
        (Forwarding::new([own]), "host"),
        (Forwarding::default(), "host x-our-own"),
    ] {
        let directory = Directory::from_toml(POLICY).unwrap();
        world.live.swap_all(world.both(), directory, forwarding);
        let request = Request::get("/echo").header("host", "api.dev.example");
        let request = request.header("x-our-own", "a").body(Body::empty());
        assert_eq!(held.send(request.unwrap()).await.body, arrives);
    }
}

/// Which takes nothing away.
#[tokio::test]
async fn nor_an_api_behind_another_listener_which_may_refuse_them() {
    let world = World::new();
    let (events, mut told) = unbounded_channel();
    let (audit, _writer) = Audit::start(events).unwrap();
    let reports = world.clients.client(crate::world::now());
    let reports = reports.uri("spiffe://dev.example/reports").issue().unwrap();
    for (mode, status) in [
        (Unbelieved::Strip, StatusCode::OK),
        (Unbelieved::Refuse, StatusCode::BAD_REQUEST),
    ] {
        let directory = Directory::from_toml(POLICY).unwrap();
        let forwarding = Forwarding::default().unbelieved(mode);
        world.live.swap_all(world.both(), directory, forwarding);
        let chain = reports.chain_der();
        let connection = Connection::without_handshake(chain, &world.live, audit.clone());
        let mut request = request();
        request.extensions_mut().insert(connection);
        let answer = api(&world).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        match mode {
            Unbelieved::Refuse => {
                let event = told.recv().await.unwrap();
                assert_eq!(event.code.unwrap().as_str(), "forwarded-identity-untrusted");
                assert_eq!(event.principal().unwrap().as_str(), "reports");
            }
            _ => assert_eq!(body, "host"),
        }
    }
}
