//! What a client of a gateway is answered, by a clock that stands still unless everybody waits.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use countersign_axum::{Api, Audit, Connection, Credential, Limits};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep, timeout};
use tower::ServiceExt;

use crate::ending::{End, billing, end};
use crate::forwarded::{Listening, believed, request, stream};
use crate::world::{World, directory, now};

const HOUR: Duration = Duration::from_secs(3600);

/// A service that is asked through a gateway without a socket.
struct Asked {
    world: World,
    listening: Listening,
    router: Router,
    edge: Connection,
    client: Credential,
}

impl Asked {
    fn new() -> Self {
        let world = World::new();
        let forwarding = believed(["edge"]);
        world.live.swap_all(world.both(), directory(), forwarding);
        let listening = Listening::default();
        let router = Api::new(world.live())
            .open("/stream", get(stream))
            .open("/small", get(async || "here"))
            .open("/large", get(async || vec![0; 1024 * 1024]))
            .with_state(listening.clone())
            .into_router();
        let (events, _) = unbounded_channel();
        let (audit, _writer) = Audit::start(events).unwrap();
        let edge = world.partners.client(now());
        let edge = edge.uri("spiffe://dev.example/edge").issue().unwrap();
        Self {
            edge: Connection::without_handshake(edge.chain_der(), &world.live, audit),
            client: billing(&world),
            world,
            listening,
            router,
        }
    }

    async fn get(&self, path: &str) -> Body {
        let mut request = request("GET", path, &self.client);
        request.extensions_mut().insert(self.edge.clone());
        let answer = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.into_body()
    }

    fn restore(&self) {
        self.world.live.swap(self.world.both(), directory());
    }
}

fn grace() -> Duration {
    Limits::default().grace
}

/// How long it takes until the answer is cut off.
async fn cut(body: &mut Body) -> Duration {
    let begun = Instant::now();
    body.frame().await.unwrap().unwrap_err();
    assert!(body.frame().await.is_none());
    begun.elapsed()
}

/// As exact as tokio's timers.
#[track_caller]
fn is_about(time: Duration, expected: Duration) {
    let range = expected..expected + Duration::from_secs(2);
    assert!(range.contains(&time), "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_cut_off_after_the_grace_and_not_before() {
    let asked = Asked::new();
    let mut body = asked.get("/stream").await;
    end(&asked.world, End::Disabled);
    asked.listening.say("billing", "one");
    let frame = body.frame().await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "one");
    is_about(cut(&mut body).await, grace());
}

#[tokio::test(start_paused = true)]
async fn time_ends_an_answer_too() {
    let asked = Asked::new();
    let mut body = asked.get("/stream").await;
    timeout(HOUR, body.frame()).await.unwrap_err();
    // Nobody says so.
    let over = "2026-08-02T00:00:01Z".parse().unwrap();
    asked.world.clock.set(over);
    is_about(cut(&mut body).await, 11 * HOUR + grace());
}

#[tokio::test(start_paused = true)]
async fn trust_that_is_there_again_within_the_grace_ends_nothing() {
    let asked = Asked::new();
    let mut body = asked.get("/stream").await;
    end(&asked.world, End::Revoked);
    sleep(grace() / 2).await;
    asked.restore();
    timeout(HOUR, body.frame()).await.unwrap_err();
    asked.listening.say("billing", "on");
    assert!(body.frame().await.unwrap().is_ok());
    end(&asked.world, End::Disabled);
    is_about(cut(&mut body).await, grace());

    // And whoever is let in again begins anew.
    asked.restore();
    let mut again = asked.get("/stream").await;
    timeout(HOUR, again.frame()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_meanwhile_gets_nothing_afterwards() {
    let asked = Asked::new();
    let mut body = asked.get("/stream").await;
    asked.listening.say("billing", "too late");
    end(&asked.world, End::Revoked);
    sleep(grace() * 2).await;
    body.frame().now_or_never().unwrap().unwrap().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_small_answer_that_is_there_at_once_comes_whole_and_a_large_one_does_not() {
    let asked = Asked::new();
    let (small, large) = (asked.get("/small").await, asked.get("/large").await);
    end(&asked.world, End::Revoked);
    sleep(grace() * 2).await;
    assert_eq!(small.collect().await.unwrap().to_bytes(), "here");
    large.collect().await.unwrap_err();
}
