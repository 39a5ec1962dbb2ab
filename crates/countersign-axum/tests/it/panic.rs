//! What becomes of a handler that panics.

use std::convert::Infallible;
use std::future::Ready;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::any_service;
use countersign_axum::routing::get;
use countersign_axum::{Api, Limits};
use tower::service_fn;

use crate::client::BOTH;
use crate::world::World;

/// Panics before there is a future.
#[derive(Clone)]
struct AtOnce;

impl<S> Handler<(), S> for AtOnce {
    type Future = Ready<Response>;

    #[expect(clippy::panic, reason = "it is what the test is about")]
    fn call(self, _: Request, _: S) -> Ready<Response> {
        panic!("boom: a secret")
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_a_problem_and_no_more() {
    let world = World::new();
    let boom = async || -> &'static str { panic!("boom: a secret") };
    // Before there is a future.
    let at_once = |_: Request| -> Ready<Result<Response, Infallible>> { panic!("boom: a secret") };
    let router = Api::new(world.live())
        .open("/boom", get(boom))
        .open("/boom-of-axum", axum::routing::get(boom))
        .open("/at-once", get(AtOnce))
        .open("/at-once-of-axum", axum::routing::get(AtOnce))
        .open("/at-once-service", any_service(service_fn(at_once)))
        .open("/fine", get(async || "fine"))
        .into_router();
    let service = world.serve_with(router, Limits::default()).await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "billing").await;
        for path in [
            "/boom",
            "/boom-of-axum",
            "/at-once",
            "/at-once-of-axum",
            "/at-once-service",
        ] {
            let answer = held.get(path).await;
            assert_eq!(answer.status, 500);
            assert_eq!(answer.code(), "internal", "{path}");
            assert!(!answer.body.contains("secret"));
        }
        // The same connection goes on.
        assert_eq!(held.get("/fine").await.body, "fine");
    }
}
