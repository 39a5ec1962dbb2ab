//! What a request that cannot be read is answered with.

use axum::body::Body;
use http::{Method, Request};

use crate::client::{BOTH, Http};
use crate::world::World;

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_problem() {
    let world = World::new();
    let service = world.serve().await;
    let long = format!("{{\"amount\": 1{}}}", " ".repeat(3 << 20));
    for http in BOTH {
        for (media_type, body, wanted) in [
            ("application/json", "{\"amount\": 1", "400 request-invalid"),
            (
                "application/json",
                "{\"amount\": \"1\"}",
                "400 request-invalid",
            ),
            ("application/json", "{}", "400 request-invalid"),
            ("application/json", "", "400 request-invalid"),
            ("application/json", "\u{0}", "400 request-invalid"),
            (
                "text/plain",
                "{\"amount\": 1}",
                "415 media-type-unsupported",
            ),
            ("application/json", &long, "413 body-too-large"),
        ] {
            let mut held = world.connect(&service, http, "billing").await;
            let request = Request::builder()
                .method(Method::POST)
                .uri("/v1/transactions")
                .header("content-type", media_type)
                .body(Body::from(body.to_owned()))
                .unwrap();
            let answer = held.send(request).await;
            let found = format!("{} {}", answer.status.as_u16(), answer.code());
            assert_eq!(found, wanted, "{http:?} {media_type}");
        }
    }
}

#[tokio::test]
async fn a_body_that_can_be_read_is() {
    let world = World::new();
    let service = world.serve().await;
    let mut held = world.connect(&service, Http::Two, "billing").await;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/v1/transactions")
        .header("content-type", "application/json; charset=utf-8")
        .body(Body::from("{\"amount\": 41}"))
        .unwrap();
    let answer = held.send(request).await;
    assert_eq!(answer.body, "{\"amount\":42}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_path_or_a_query_that_cannot_be_read_is_a_problem() {
    let world = World::new();
    let service = world.serve().await;
    let mut held = world.connect(&service, Http::Two, "billing").await;
    for path in [
        "/v1/transactions/seven",
        "/v1/transactions/-1",
        "/v1/transactions/%FF",
        "/v1/transactions/4294967296",
        "/v1/page",
        "/v1/page?limit=256",
        "/v1/page?limit=a",
        "/v1/page?limit=1&limit=2",
    ] {
        let answer = held.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.code(), "request-invalid", "{path}");
    }
    assert_eq!(held.get("/v1/page?limit=9").await.body, "app 9");
}
