//! How a server stops.

use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use countersign_axum::{Api, Directory, Limits};
use rustls::version::TLS13;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::client::{BOTH, Http, shake};
use crate::world::{World, router, soon};

#[tokio::test]
async fn a_request_in_flight_is_answered_and_idle_connections_end() {
    for http in BOTH {
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
        let router = Api::new(world.live.clone())
            .open("/slow", get(slow))
            .open("/fast", get(|| async { "fast" }))
            .into_router();
        let service = world.serve_with(router, Limits::default()).await;
        let mut busy = world.connect(&service, http, "billing").await;
        let mut idle = world.connect(&service, http, "reports").await;
        assert_eq!(idle.get("/fast").await.body, "fast");
        let answering = tokio::spawn(async move {
            let answer = busy.get("/slow").await;
            (busy, answer)
        });
        soon(entered.notified()).await;

        service.stop.cancel();
        idle.ended().await;
        assert!(!service.done.is_finished());
        go.notify_one();
        let (busy, answer) = soon(answering).await.unwrap();
        assert_eq!(answer.body, "late");
        busy.ended().await;
        soon(service.done).await.unwrap();
        assert!(TcpStream::connect(service.address).await.is_err());
    }
}

#[tokio::test]
async fn a_connection_that_was_quiet_for_a_while_answers_and_ends_as_any_other() {
    for is_distrusted in [false, true] {
        let world = World::new();
        let mut limits = Limits::default();
        limits.grace = Duration::from_millis(10);
        let router = router(world.live.clone());
        let service = world.serve_with(router, limits).await;
        let mut quiet = world.connect(&service, Http::One, "reports").await;
        for _ in 0..3 {
            assert_eq!(quiet.get("/whoami").await.status, 200);
            // It is looked at each five seconds, and rests when it was quiet from one look to the next.
            tokio::time::pause();
            for _ in 0..2 {
                tokio::time::advance(Duration::from_secs(6)).await;
            }
            tokio::time::resume();
        }
        match is_distrusted {
            true => drop(world.live.swap(world.both(), Directory::default())),
            false => service.stop.cancel(),
        }
        quiet.ended().await;
    }
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off_at_the_limit() {
    for http in BOTH {
        let world = World::new();
        let entered = Arc::new(Notify::new());
        let signal = Arc::clone(&entered);
        let stuck = move || {
            let signal = Arc::clone(&signal);
            async move {
                signal.notify_one();
                std::future::pending::<()>().await;
            }
        };
        let router = Api::new(world.live.clone())
            .open("/stuck", get(stuck))
            .into_router();
        let mut limits = Limits::default();
        limits.drain = Duration::from_millis(20);
        let service = world.serve_with(router, limits).await;
        let mut held = world.connect(&service, http, "billing").await;
        let request = http::Request::builder().uri("/stuck");
        let request = request.body(axum::body::Body::empty()).unwrap();
        let answering = tokio::spawn(async move { held.try_send(request).await.map(drop) });
        soon(entered.notified()).await;
        service.stop.cancel();
        soon(service.done).await.unwrap();
        assert!(soon(answering).await.unwrap().is_err());
    }
}

#[tokio::test]
async fn who_has_not_shaken_hands_does_not_delay_a_stop() {
    let world = World::new();
    let mut limits = Limits::default();
    // Were it waited for, this test would not end.
    limits.handshake = Duration::MAX;
    limits.drain = Duration::MAX;
    let service = world
        .serve_with(Api::new(world.live.clone()).into_router(), limits)
        .await;
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    service.stop.cancel();
    soon(service.done).await.unwrap();
    // Cut off, or ended in order: there is nobody left.
    let end = soon(silent.read(&mut [0; 16])).await;
    assert!(end.is_err() || end.is_ok_and(|read| read == 0));
}

#[tokio::test]
async fn who_shakes_hands_and_then_says_nothing_is_not_kept() {
    for http in BOTH {
        let world = World::new();
        let mut limits = Limits::default();
        limits.headers = Duration::from_millis(20);
        let router = Api::new(world.live.clone()).into_router();
        let service = world.serve_with(router, limits).await;
        let config = world.config(http, &TLS13, Some(&world.client("billing")));
        let mut tls = shake(service.address, &config).await.unwrap();
        // HTTP/2 may say its settings first; then the end comes.
        let mut said = Vec::new();
        let _ = soon(tls.read_to_end(&mut said)).await;
    }
}
