//! How much a server takes.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use countersign_axum::audit::Outcome;
use countersign_axum::{Api, Code, CorrelationId, Fault, Json, Limits, Server};
use http::{Request, StatusCode};
use rustls::version::TLS13;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::client::{BOTH, Http, shake};
use crate::world::{Service, World, soon};

async fn service(world: &World, limits: Limits) -> Service {
    let count = async |body: Bytes| body.len().to_string();
    let read = async |Json(value): Json<serde_json::Value>| -> Result<String, Fault> {
        Ok(value.to_string())
    };
    let router = Api::new(world.live())
        .open("/", get(async || "here"))
        .open("/count", post(count))
        .open("/json", post(read))
        .into_router();
    world.serve_with(router, limits).await
}

#[tokio::test]
async fn one_connection_too_many_is_closed_before_its_handshake() {
    let world = World::new();
    for per_address in [false, true] {
        let mut limits = Limits::default();
        match per_address {
            true => limits.connections_per_address = 2,
            false => limits.connections = 2,
        }
        let service = service(&world, limits).await;
        let mut first = world.connect(&service, Http::One, "billing").await;
        let mut second = world.connect(&service, Http::Two, "reports").await;
        assert_eq!(first.get("/").await.status, 200);
        assert_eq!(second.get("/").await.status, 200);
        let config = world.config(Http::One, &TLS13, Some(&world.client("billing")));
        assert!(shake(service.address, &config).await.is_err());
        service.counts(&world, "countersign_connections_turned_away_total 1");
        // Those that are there do not notice.
        assert_eq!(first.get("/").await.status, 200);
        assert_eq!(second.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_in_words() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.header_bytes = 10_000;
    limits.body = 1_000;
    let service = service(&world, limits).await;
    let large = |bytes: usize| Request::post("/count").header("x-large", "x".repeat(bytes));
    let body = |bytes: usize| Body::from(vec![b'x'; bytes]);
    // Without a length in front.
    let stream = |bytes: usize| {
        let frames = (0..bytes / 100).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 100].into()));
        Body::from_stream(futures_util::stream::iter(
            frames.collect::<Vec<std::io::Result<Bytes>>>(),
        ))
    };
    for http in BOTH {
        for (request, wanted) in [
            (large(9_000).body(body(1_000)), "200 1000"),
            (large(11_000).body(body(10)), "431 headers-too-large"),
            (large(10).body(body(1_001)), "413 body-too-large"),
            (large(10).body(stream(1_000)), "200 1000"),
            (
                Request::post("/json")
                    .header("content-type", "application/json")
                    .body(stream(1_100)),
                "413 body-too-large",
            ),
        ] {
            let mut held = world.connect(&service, http, "billing").await;
            let answer = held.send(request.unwrap()).await;
            let said = match answer.status.is_success() {
                true => answer.body.clone(),
                false => answer.code(),
            };
            assert_eq!(
                format!("{} {said}", answer.status.as_u16()),
                wanted,
                "{http:?}"
            );
        }
    }
    // The body without a length was too large for its route, and is in the audit log.
    for code in ["headers-too-large", "body-too-large"] {
        let counter = "countersign_requests_turned_away_total";
        service.counts(&world, &format!("{counter}{{code=\"{code}\"}} 2"));
    }
}

#[tokio::test]
async fn what_is_refused_before_its_route_is_known_is_written_as_the_server_says() {
    fn plain(fault: &Fault, _: &CorrelationId) -> Response {
        (StatusCode::IM_A_TEAPOT, fault.code().as_str()).into_response()
    }
    let world = World::new();
    let router = Api::new(world.live())
        .open("/", get(async || "here"))
        .into_router();
    let mut limits = Limits::default();
    limits.header_bytes = 1_000;
    let set = |server: Server| server.limits(limits).rendered(plain);
    let service = world.serve_by(router, set).await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "billing").await;
        let large = Request::get("/").header("x-large", "x".repeat(1_001));
        let answer = held.send(large.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 418, "{http:?}");
        assert_eq!(answer.body, "headers-too-large", "{http:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{http:?}");
        assert!(answer.header("x-request-id").is_some(), "{http:?}");
        // Once the router is asked, it is the `Api` that says.
        assert_eq!(held.get("/nothing").await.code(), "not-found", "{http:?}");
    }
}

#[tokio::test]
async fn a_request_with_too_many_fields_is_refused_in_words() {
    let world = World::new();
    let request = |fields: usize| {
        let request = Request::get("/");
        let add = |request: http::request::Builder, number| request.header("x-field", number);
        (0..fields).fold(request, add).body(Body::empty())
    };
    let mut more = Limits::default();
    more.header_fields = 150;
    for (limits, taken, refused) in [(Limits::default(), 70, 90), (more, 140, 290)] {
        let service = service(&world, limits).await;
        for http in BOTH {
            let mut held = world.connect(&service, http, "billing").await;
            let answer = held.send(request(taken).unwrap()).await;
            assert_eq!(answer.status, 200, "{http:?} {taken}");
            let answer = held.send(request(refused).unwrap()).await;
            assert_eq!(answer.status, 431, "{http:?} {refused}");
            assert_eq!(answer.code(), "headers-too-large", "{http:?} {refused}");
        }
    }
}

#[tokio::test]
async fn as_many_fields_as_one_likes_can_be_allowed() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.header_fields = usize::MAX;
    let service = service(&world, limits).await;
    let mut held = world.connect(&service, Http::One, "billing").await;
    assert_eq!(held.get("/").await.status, 200);
}

#[tokio::test]
async fn a_body_that_drips_is_cut_off() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.body_pause = Duration::from_millis(50);
    let service = service(&world, limits).await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "billing").await;
        // A byte, and then nothing for ever.
        let byte = futures_util::stream::once(async { Ok::<_, std::io::Error>(Bytes::from("{")) });
        let drip = futures_util::StreamExt::chain(byte, futures_util::stream::pending());
        let request = Request::post("/json").header("content-type", "application/json");
        let answer = held
            .send(request.body(Body::from_stream(drip)).unwrap())
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "request-invalid")
        );
    }
}

/// The routes answer without reading; `asked` is told that somebody asked, so that a body can be sent only then.
fn careless(world: &World, asked: &Arc<Notify>) -> axum::Router {
    let heard = |asked: &Arc<Notify>| {
        let asked = Arc::clone(asked);
        async move || {
            asked.notify_one();
            "heard"
        }
    };
    let refused = asked.clone();
    let refuse = async move || {
        refused.notify_one();
        Err::<(), _>(Fault::new(Code::RequestInvalid, "not like this"))
    };
    Api::new(world.live())
        .open("/", get(async || "here"))
        .open("/answers", post(heard(asked)))
        .open("/refuses", post(refuse))
        .public("/public", post(heard(asked)))
        .into_router()
}

/// A body whose parts are sent once the handler has been asked: the answer to a careless handler is ready before it.
fn late(asked: &Arc<Notify>, parts: Vec<Bytes>) -> Body {
    let asked = Arc::clone(asked);
    let parts = futures_util::stream::once(async move {
        asked.notified().await;
        futures_util::stream::iter(parts.into_iter().map(Ok::<_, std::io::Error>))
    });
    Body::from_stream(futures_util::StreamExt::flatten(parts))
}

#[tokio::test]
async fn a_body_that_nobody_reads_costs_the_next_request_nothing() {
    let world = World::new();
    let asked = Arc::new(Notify::new());
    let service = world
        .serve_with(careless(&world, &asked), Limits::default())
        .await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "billing").await;
        for (path, status) in [("/answers", 200), ("/refuses", 400), ("/public", 200)] {
            let body = late(&asked, vec![Bytes::from("late"); 20]);
            let answer = held.send(Request::post(path).body(body).unwrap()).await;
            assert_eq!(answer.status, status, "{http:?} {path}");
            assert_eq!(answer.headers.get("connection"), None, "{http:?} {path}");
            assert_eq!(held.get("/").await.status, 200, "{http:?} after {path}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_a_body_blocks_is_ended_in_so_many_words() {
    let world = World::new();
    let asked = Arc::new(Notify::new());
    let mut limits = Limits::default();
    limits.body_pause = Duration::from_millis(50);
    let service = world.serve_with(careless(&world, &asked), limits).await;
    let large = || late(&asked, vec![Bytes::from(vec![b'x'; 64 * 1024]); 20]);
    let never = || Body::from_stream(futures_util::stream::pending::<std::io::Result<Bytes>>());
    let post = || Request::post("/answers");
    for (request, name) in [
        (post().body(large()), "more than is read and forgotten"),
        (post().body(never()), "never sent"),
        (
            post().header("expect", "100-continue").body(never()),
            "waits to be told",
        ),
    ] {
        let mut held = world.connect(&service, Http::One, "billing").await;
        let answer = held.send(request.unwrap()).await;
        let close = answer.headers.get("connection").unwrap();
        assert_eq!(
            (answer.status.as_u16(), close.as_bytes()),
            (200, &b"close"[..]),
            "{name}"
        );
    }
}

#[tokio::test]
async fn one_request_too_many_is_told_when_to_try_again() {
    let world = World::new();
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (signal, wait) = (Arc::clone(&entered), Arc::clone(&go));
    let slow = move || {
        let (signal, wait) = (Arc::clone(&signal), Arc::clone(&wait));
        async move {
            signal.notify_one();
            wait.notified().await;
            "late"
        }
    };
    let router = Api::new(world.live())
        .open("/slow", get(slow))
        .into_router();
    let mut limits = Limits::default();
    limits.requests = 1;
    let service = world.serve_with(router, limits).await;
    let mut busy = world.connect(&service, Http::One, "billing").await;
    let mut other = world.connect(&service, Http::Two, "billing").await;
    let answering = tokio::spawn(async move { busy.get("/slow").await });
    soon(entered.notified()).await;
    let answer = other.get("/slow").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.code(), "overloaded");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let counter = "countersign_requests_turned_away_total";
    service.counts(&world, &format!("{counter}{{code=\"overloaded\"}} 1"));
    go.notify_one();
    assert_eq!(soon(answering).await.unwrap().body, "late");
}

#[tokio::test]
async fn an_answer_that_goes_on_takes_no_room_from_other_requests() {
    let world = World::new();
    let stream = futures_util::stream::pending::<std::io::Result<Bytes>>;
    let router = Api::new(world.live())
        .open("/stream", get(async move || Body::from_stream(stream())))
        .open("/", get(async || "here"))
        .into_router();
    let mut limits = Limits::default();
    limits.requests = 1;
    let service = world.serve_with(router, limits).await;
    for http in BOTH {
        let mut busy = world.connect(&service, http, "billing").await;
        let mut other = world.connect(&service, http, "billing").await;
        let request = Request::get("/stream").body(Body::empty()).unwrap();
        let open = busy.open(request).await.unwrap();
        assert_eq!(open.status(), 200, "{http:?}");
        assert_eq!(other.get("/").await.status, 200, "{http:?}");
        drop(open);
    }
}

#[tokio::test]
async fn a_connection_that_is_not_used_is_closed() {
    let world = World::new();
    for http in [Http::One, Http::Two] {
        let mut limits = Limits::default();
        match http {
            Http::One => limits.headers = Duration::from_millis(20),
            Http::Two => limits.idle = Duration::from_millis(20),
        }
        let service = service(&world, limits).await;
        let mut held = world.connect(&service, http, "billing").await;
        assert_eq!(held.get("/").await.status, 200);
        held.ended().await;
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut_off() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.headers = Duration::from_millis(50);
    let service = service(&world, limits).await;
    let config = world.config(Http::One, &TLS13, Some(&world.client("billing")));
    for (before, answers) in [("", 0), ("GET / HTTP/1.1\r\nhost: api\r\n\r\n", 1)] {
        let mut tls = shake(service.address, &config).await.unwrap();
        let text = format!("{before}GET / HTTP/1.1\r\nhost: api");
        tls.write_all(text.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        // Cut off, or told so first (408): either way it comes to an end.
        let _ = soon(tls.read_to_end(&mut said)).await;
        let said = String::from_utf8(said).unwrap();
        assert_eq!(said.matches("HTTP/1.1 200").count(), answers, "{said}");
    }
}

/// 200 that connect and say nothing, 50 that speak no TLS, and one who wants to work.
#[tokio::test]
async fn a_flood_is_not_felt_by_who_has_a_certificate() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.handshake = Duration::from_secs(2);
    let mut service = service(&world, limits).await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(service.address).await.unwrap());
    }
    let mut garbage = JoinSet::new();
    for _ in 0..50 {
        let address = service.address;
        garbage.spawn(async move {
            let mut tcp = TcpStream::connect(address).await.unwrap();
            // It may be refused before all of it is written.
            let _ = tcp.write_all(&[0x47; 512]).await;
            let _ = tcp.read_to_end(&mut Vec::new()).await;
        });
    }
    let client = world.client("billing");
    for _ in 0..20 {
        let mut held = world.connect_as(&service, Http::One, &client).await;
        assert_eq!(held.get("/").await.status, 200);
    }
    soon(garbage.join_all()).await;
    // Each of the silent ones is cut off in its time.
    for mut tcp in silent {
        let end = soon(tcp.read(&mut [0; 16])).await;
        assert!(end.is_err() || end.is_ok_and(|read| read == 0));
    }
    let (mut allowed, mut failed) = (0, 0);
    while allowed + failed < 270 {
        match service.event().await.outcome {
            Outcome::Allowed => allowed += 1,
            Outcome::Failed => failed += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((allowed, failed), (20, 250));
    // Nothing is left of any of them.
    soon(async {
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
