//! What becomes of a handler that panics.

use std::convert::Infallible;
use std::future::Ready;

use axum::extract::Request;
use axum::response::Response;
use axum::routing::{any_service, get};
use countersign_axum::{Api, Limits};
use tower::service_fn;

use crate::client::BOTH;
use crate::world::World;

#[tokio::test]
async fn a_handler_that_panics_is_a_problem_and_no_more() {
    let world = World::new();
    let boom = async || -> &'static str { panic!("boom: a secret") };
    // Before there is a future.
    let at_once = |_: Request| -> Ready<Result<Response, Infallible>> { panic!("boom: a secret") };
    let router = Api::new(world.live())
        .open("/boom", get(boom))
        .open("/at-once", any_service(service_fn(at_once)))
        .open("/fine", get(async || "fine"))
        .into_router();
    let service = world.serve_with(router, Limits::default()).await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "billing").await;
        for path in ["/boom", "/at-once"] {
            let answer = held.get(path).await;
            assert_eq!(answer.status, 500);
            assert_eq!(answer.code(), "internal");
            assert!(!answer.body.contains("secret"));
        }
        // The same connection goes on.
        assert_eq!(held.get("/fine").await.body, "fine");
    }
}
