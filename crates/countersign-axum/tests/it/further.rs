//! What stands around the guard, and what is asked behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::{Extension, MatchedPath};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::get;
use countersign_axum::{Api, Caller, Check, Checking, Code, CorrelationId, Fault, Limits, Require};
use http::request::Parts;
use http::{Method, Request, StatusCode};

use crate::client::{BOTH, Http};
use crate::world::{ReadTransactions, World, WriteTransactions};

/// Refuses who does not say the word, and leaves it for the handler.
#[derive(Debug)]
struct Password;

#[derive(Clone)]
struct Word(String);

impl Check for Password {
    fn check<'a>(&'a self, caller: &'a Caller, request: &'a mut Parts) -> Checking<'a> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let word = request
                .headers
                .get("x-word")
                .and_then(|word| word.to_str().ok());
            let word = word.ok_or_else(|| {
                let detail = format!("{} does not know the word", caller.principal().name());
                Fault::new(Code::TokenMissing, detail)
            })?;
            request.extensions.insert(Word(word.to_owned()));
            Ok(())
        })
    }
}

fn never(_: &Caller, _: &Parts) -> Result<(), Fault> {
    Err(Fault::new(Code::Psd2RoleMissing, "never"))
}

#[tokio::test]
async fn a_check_is_asked_after_the_policy_on_the_routes_behind_it() {
    let world = World::new();
    let said = async |word: Option<Extension<Word>>| word.map_or_else(String::new, |word| word.0.0);
    let router = Api::new(world.live())
        .guarded::<ReadTransactions>("/before", get(said))
        .check(Password)
        .public("/public", get(said))
        .guarded::<ReadTransactions>("/read", get(said))
        .guarded::<WriteTransactions>("/write", get(said))
        .check(never)
        .open("/both", get(said))
        .into_router();
    let mut service = world.serve_with(router, Limits::default()).await;
    for http in BOTH {
        for (path, status, told) in [
            ("/before", 200, "request allowed reports GET /before"),
            (
                "/read",
                401,
                "request denied token-missing reports GET /read",
            ),
            (
                "/write",
                403,
                "request denied permission-missing reports GET /write",
            ),
            (
                "/both",
                401,
                "request denied token-missing reports GET /both",
            ),
        ] {
            let mut held = world.connect(&service, http, "reports").await;
            let answer = held.ask(Method::GET, path).await;
            assert_eq!(answer.status.as_u16(), status, "{path}");
            assert_eq!(service.told().await, told);
        }
        let mut held = world.connect(&service, http, "reports").await;
        assert_eq!(held.ask(Method::GET, "/public").await.status, 200);
    }
}

#[tokio::test]
async fn what_a_check_leaves_reaches_the_handler() {
    let world = World::new();
    let router = Api::new(world.live())
        .check(Password)
        .open("/word", get(async |word: Extension<Word>| word.0.0))
        .into_router();
    let service = world.serve_with(router, Limits::default()).await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "reports").await;
        let request = Request::get("/word").header("x-word", "swordfish");
        let answer = held.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (200, "swordfish")
        );
    }
}

#[tokio::test]
async fn nested_and_merged_routes_keep_their_rules() {
    let world = World::new();
    let path =
        async |path: MatchedPath, uri: http::Uri| format!("{} {}", path.as_str(), uri.path());
    let live = world.live();
    let below = Api::new(live.clone())
        .guarded::<WriteTransactions>("/write", get(path))
        .guarded::<ReadTransactions>("/read/{id}", get(path));
    let beside = Api::new(live.clone())
        .check(never)
        .open("/never", get(path));
    let router = Api::new(live)
        .open("/whoami", get(path))
        .nest("/v1", below)
        .merge(beside)
        .open("/later", get(path))
        .into_router();
    let service = world.serve_with(router, Limits::default()).await;
    for http in BOTH {
        for (asked, wanted) in [
            ("/whoami", "200 /whoami /whoami"),
            // As in axum: a nested handler sees the path below.
            ("/v1/read/7", "200 /v1/read/{id} /read/7"),
            ("/v1/write", "403 permission-missing"),
            ("/never", "403 psd2-role-missing"),
            ("/later", "200 /later /later"),
            ("/read/7", "404 not-found"),
            ("/v1", "404 not-found"),
        ] {
            let mut held = world.connect(&service, http, "reports").await;
            let answer = held.ask(Method::GET, asked).await;
            let body = match answer.status.is_success() {
                true => answer.body.clone(),
                false => answer.code(),
            };
            assert_eq!(
                format!("{} {body}", answer.status.as_u16()),
                wanted,
                "{asked}"
            );
        }
    }
}

#[tokio::test]
async fn a_layer_sees_refusals_too_and_opens_nothing() {
    let world = World::new();
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let count = from_fn(move |request: Request<Body>, next: Next| {
        counter.fetch_add(1, Ordering::Relaxed);
        next.run(request)
    });
    let write = |_: Require<WriteTransactions>| async { "written" };
    let router = Api::new(world.live())
        .guarded::<WriteTransactions>("/write", get(write))
        .layer(count)
        .open("/later", get(async || "later"))
        .into_router();
    let service = world.serve_with(router, Limits::default()).await;
    let mut billing = world.connect(&service, Http::One, "billing").await;
    let mut reports = world.connect(&service, Http::One, "reports").await;
    assert_eq!(billing.ask(Method::GET, "/write").await.status, 200);
    assert_eq!(
        reports.ask(Method::GET, "/write").await.code(),
        "permission-missing"
    );
    assert_eq!(reports.ask(Method::GET, "/later").await.status, 200);
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_group_of_routes_writes_what_is_refused_in_its_own_words() {
    let world = World::new();
    let own = |fault: &Fault, _: &CorrelationId| {
        let word = fault.word().unwrap_or_else(|| fault.code().as_str());
        (StatusCode::PAYMENT_REQUIRED, word).into_response()
    };
    let fails = async || Fault::new(Code::Conflict, "twice").worded("TWICE");
    let live = world.live();
    let below = Api::new(live.clone())
        .rendered(own)
        .guarded::<WriteTransactions>("/write", get(async || ""))
        .guarded::<ReadTransactions>("/read", get(fails));
    let router = Api::new(live)
        .nest("/own", below)
        .open("/beside", get(fails))
        .into_router();
    let mut service = world.serve_with(router, Limits::default()).await;
    let mut held = world.connect(&service, Http::One, "reports").await;
    for (method, path, wanted) in [
        (Method::GET, "/own/write", "402 permission-missing"),
        (Method::GET, "/own/read", "402 TWICE"),
        (Method::POST, "/own/read", "402 method-not-allowed"),
        (Method::GET, "/own/nowhere", "402 not-found"),
    ] {
        let answer = held.ask(method, path).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let written = format!("{} {}", answer.status.as_u16(), answer.body);
        assert_eq!(written, wanted, "{path}");
    }
    for (path, code) in [("/beside", "conflict"), ("/nowhere", "not-found")] {
        assert_eq!(held.ask(Method::GET, path).await.code(), code);
    }
    // The log has one word for it, whoever writes the answer.
    let told = "request denied permission-missing reports GET /own/write";
    assert_eq!(service.told().await, told);
}
