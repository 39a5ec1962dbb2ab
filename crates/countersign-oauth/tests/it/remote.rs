use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use countersign_axum::Api;
use countersign_client::Url;
use countersign_oauth::{BearerCheck, Introspection, RemoteKeys, TokenKeys, Withdrawal};
use http::StatusCode;
use jiff::SignedDuration;

use crate::forge::{Forge, claims, now, token, verifier};
use crate::world::{World, thumbprint};

/// What an authorization server answers, and how often it was asked.
#[derive(Clone, Default)]
struct Server {
    answer: Arc<Mutex<(u16, String)>>,
    asked: Arc<AtomicUsize>,
    heard: Arc<Mutex<String>>,
}

impl Server {
    fn answers(&self, status: u16, body: impl Into<String>) {
        *self.answer.lock().unwrap() = (status, body.into());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn answer(&self, heard: String) -> (StatusCode, String) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        *self.heard.lock().unwrap() = heard;
        let (status, body) = self.answer.lock().unwrap().clone();
        (StatusCode::from_u16(status).unwrap(), body)
    }

    fn router(&self, world: &World) -> Router {
        let (keys, introspection) = (self.clone(), self.clone());
        Api::new(world.live.clone())
            .open("/jwks", get(async move || keys.answer(String::new())))
            .open(
                "/introspect",
                post(async move |body: String| introspection.answer(body)),
            )
            .into_router()
    }

    async fn start(world: &World) -> (Self, Url) {
        let server = Self::default();
        let (address, mut events) = world.serve(server.router(world)).await;
        tokio::spawn(async move { while events.recv().await.is_some() {} });
        let url = format!("https://localhost:{}/", address.port());
        (server, url.parse().unwrap())
    }
}

async fn keys(world: &World) -> (Server, RemoteKeys) {
    let (server, url) = Server::start(world).await;
    let client = world.caller(&world.client("billing")).await;
    let keys = RemoteKeys::new(client, url.join("jwks").unwrap(), world.clock.clone());
    (server, keys)
}

#[tokio::test]
async fn keys_are_fetched_with_the_first_token_and_no_more_often_than_every_ten_seconds() {
    let world = World::new();
    let (server, keys) = keys(&world).await;
    let forge = Forge::new();
    server.answers(200, forge.keys().to_json());
    assert_eq!(keys.current().keys().count(), 0);
    assert_eq!(server.asked(), 0);

    let first = keys.look_again().await.unwrap();
    assert_eq!(first.keys().count(), 1);
    assert!(Arc::ptr_eq(&first, &keys.current()));
    for _ in 0..3 {
        keys.look_again().await.unwrap();
    }
    assert_eq!(
        server.asked(),
        1,
        "a token with a key that nobody has asks in vain"
    );

    let other = Forge::new();
    server.answers(200, other.keys().to_json());
    world.clock.set(now() + SignedDuration::from_secs(10));
    let second = keys.look_again().await.unwrap();
    assert_eq!(server.asked(), 2);
    assert_eq!(second.keys().next().unwrap().id().as_str(), other.kid());

    // The same keys are the same set, and what they verified is not verified again.
    world.clock.set(now() + SignedDuration::from_secs(20));
    assert!(Arc::ptr_eq(&second, &keys.look_again().await.unwrap()));
    assert_eq!(server.asked(), 3);
}

#[tokio::test]
async fn many_that_want_the_keys_at_once_fetch_them_once() {
    let world = World::new();
    let (server, keys) = keys(&world).await;
    server.answers(200, Forge::new().keys().to_json());
    let keys = Arc::new(keys);
    let looks = (0..20).map(|_| {
        let keys = Arc::clone(&keys);
        tokio::spawn(async move { keys.look_again().await.unwrap().keys().count() })
    });
    for look in looks.collect::<Vec<_>>() {
        assert_eq!(look.await.unwrap(), 1);
    }
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn old_keys_serve_for_an_hour_without_an_answer_and_no_longer() {
    let world = World::new();
    let (server, keys) = keys(&world).await;
    server.answers(200, Forge::new().keys().to_json());
    keys.look_again().await.unwrap();
    for (number, body) in [
        (500, String::new()),
        (200, "{}".to_owned()),
        (200, " ".repeat(70_000)),
    ] {
        server.answers(number, body);
        world
            .clock
            .set(world.live.now() + SignedDuration::from_mins(10));
        assert_eq!(keys.look_again().await.unwrap().keys().count(), 1);
    }
    world.clock.set(now() + SignedDuration::from_secs(3601));
    assert_eq!(keys.current().keys().count(), 0);
    assert!(keys.look_again().await.is_err());
}

#[tokio::test]
async fn no_keys_are_no_reason_to_refuse_a_token_as_wrong() {
    let world = World::new();
    let (server, keys) = keys(&world).await;
    server.answers(503, "");
    let (forge, billing) = (Forge::new(), world.client("billing"));
    let bearer = BearerCheck::signed(verifier(), keys, Withdrawal::AtExpiry, world.live.clock());
    let api = world.api(bearer);
    let text = forge.signer.sign(&token()).unwrap();
    let answer = world.show(&api, &billing, &text).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.code(), "overloaded");
}

#[tokio::test]
async fn i3_the_word_of_the_authorization_server_counts_at_each_request() {
    let world = World::new();
    let (server, url) = Server::start(&world).await;
    let billing = world.client("billing");
    let client = world.caller(&world.client("reports")).await;
    let endpoint = url.join("introspect").unwrap();
    let introspection = Introspection::new(client, endpoint, "reports", verifier());
    let api = world.api(BearerCheck::introspected(introspection, world.live.clock()));

    let mut said = claims();
    said["active"] = true.into();
    said["cnf"]["x5t#S256"] = thumbprint(&billing).to_string().into();
    server.answers(200, said.to_string());
    for times in 1..=2 {
        let answer = world.show(&api, &billing, "opaque+token/~1==").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(server.asked(), times);
    }
    let heard = server.heard.lock().unwrap().clone();
    assert_eq!(
        heard,
        "client_id=reports&token=opaque%2Btoken%2F%7E1%3D%3D&token_type_hint=access_token"
    );

    let other = world.client("billing");
    assert_eq!(
        world.show(&api, &other, "a").await.code(),
        "token-not-bound"
    );
    for (member, value, code) in [
        ("iss", "https://other.example".into(), "token-invalid"),
        ("aud", "https://other.example".into(), "token-invalid"),
        ("exp", now().as_second().into(), "token-invalid"),
        ("cnf", serde_json::Value::Null, "token-not-bound"),
    ] {
        let mut said = said.clone();
        said[member] = value;
        server.answers(200, said.to_string());
        assert_eq!(
            world.show(&api, &billing, "a").await.code(),
            code,
            "{member}"
        );
    }
    for body in [r#"{"active":false}"#, r#"{"active":"true"}"#, "{}", ""] {
        server.answers(200, body);
        assert_eq!(
            world.show(&api, &billing, "a").await.code(),
            "token-invalid",
            "{body}"
        );
    }
    for status in [401, 403, 500] {
        server.answers(status, "");
        assert_eq!(world.show(&api, &billing, "a").await.code(), "overloaded");
    }
}
