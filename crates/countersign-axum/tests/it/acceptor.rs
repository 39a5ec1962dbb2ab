//! The same router behind axum-server.

use std::net::SocketAddr;

use axum::body::Body;
use axum::routing::get;
use axum::{Router, middleware};
use axum_server::Handle;
use countersign_axum::audit::Outcome;
use countersign_axum::{Api, Audit, Connection, CountersignAcceptor};
use countersign_tls::Alert;
use http::{HeaderMap, Request};
use rustls::version::TLS13;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;

use crate::client::{BOTH, Http, alert, shake};
use crate::world::{Service, World, directory, router, soon, trust};

/// Serves the usual router on a port of its own, with axum-server.
async fn serve(world: &World) -> Service {
    serve_with(world, router(world.live.clone())).await
}

async fn serve_with(world: &World, router: Router) -> Service {
    let (sink, events) = unbounded_channel();
    let (audit, _writer) = Audit::start(sink).unwrap();
    let metrics = audit.metrics().clone();
    let acceptor = CountersignAcceptor::new(world.live.clone(), audit);
    let handle = Handle::new();
    let server = axum_server::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .acceptor(acceptor)
        .handle(handle.clone());
    let done = tokio::spawn(async move {
        server.serve(router.into_make_service()).await.unwrap();
    });
    Service {
        address: soon(handle.listening()).await.unwrap(),
        events,
        metrics,
        stop: CancellationToken::new(),
        done,
    }
}

#[tokio::test]
async fn the_same_router_answers_the_same() {
    let world = World::new();
    let mut service = serve(&world).await;
    for http in BOTH {
        for (name, path, wanted, told) in [
            (
                "reports",
                "/v1/transactions",
                "200",
                "allowed reports GET /v1/transactions",
            ),
            (
                "nobody",
                "/v1/transactions",
                "403 principal-unknown",
                "denied principal-unknown GET /v1/transactions",
            ),
            (
                "former",
                "/whoami",
                "403 principal-disabled",
                "denied principal-disabled former GET /whoami",
            ),
            (
                "reports",
                "/nothing",
                "404 not-found",
                "allowed reports GET",
            ),
        ] {
            let mut held = world.connect(&service, http, name).await;
            let answer = held.get(path).await;
            let found = match answer.status.is_success() {
                true => "200".to_owned(),
                false => format!("{} {}", answer.status.as_u16(), answer.code()),
            };
            assert_eq!(found, wanted, "{http:?} {name}");
            assert_eq!(service.told().await, format!("request {told}"));
        }
    }
}

#[tokio::test]
async fn the_same_clients_are_refused() {
    let world = World::new();
    let mut service = serve(&world).await;
    let config = world.config(Http::One, &TLS13, None);
    let mut tls = shake(service.address, &config).await.unwrap();
    let error = soon(tls.read(&mut [0; 16])).await.unwrap_err();
    assert_eq!(alert(&error), Some(Alert::CERTIFICATE_REQUIRED));
    assert_eq!(service.event().await.outcome, Outcome::Refused);
}

#[tokio::test]
async fn a_trust_that_is_removed_refuses_the_next_request() {
    let world = World::new();
    let service = serve(&world).await;
    for http in BOTH {
        world.live.swap(world.both(), directory());
        let mut held = world.connect(&service, http, "reports").await;
        assert_eq!(held.get("/whoami").await.status, 200);
        let partners = vec![trust("partners", &world.partners)];
        world.live.swap(world.snapshot(partners), directory());
        let answer = held.get("/whoami").await;
        assert_eq!(answer.code(), "certificate-untrusted");
        // HTTP/1.1 can say it in the answer; for HTTP/2 axum-server has no signal.
        if http == Http::One {
            held.ended().await;
        } else {
            assert_eq!(held.get("/whoami").await.code(), "certificate-untrusted");
        }
    }
}

#[tokio::test]
async fn a_forged_header_reaches_neither_a_plain_route_beside_the_api_nor_a_layer_around_it() {
    async fn told(connection: Connection, headers: HeaderMap) -> String {
        let known = connection.address().ip().is_loopback();
        format!("{known} {}", headers.contains_key("client-cert"))
    }
    async fn watch(
        request: axum::extract::Request,
        next: middleware::Next,
    ) -> axum::response::Response {
        let seen = request.headers().contains_key("client-cert").to_string();
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        headers.insert("x-seen", seen.parse().unwrap());
        response
    }
    let world = World::new();
    let api = Api::new(world.live()).open("/guarded", get(told));
    let plain = Router::new().route("/plain", get(told));
    let router = plain
        .merge(api.into_router())
        .layer(middleware::from_fn(watch));
    let service = serve_with(&world, router).await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "reports").await;
        for path in ["/plain", "/guarded"] {
            let request = Request::get(path).header("client-cert", ":AAAA:");
            let answer = held.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.body, "true false", "{http:?} {path}");
            assert_eq!(answer.header("x-seen"), Some("false"), "{http:?} {path}");
        }
    }
}
