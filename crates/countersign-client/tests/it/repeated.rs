//! What is safe to repeat is repeated, if it is asked for; nothing else is.

use std::time::Duration;

use countersign_client::{Client, Kind, Method, Retry, StatusCode};
use tokio::net::TcpListener;

use crate::world::{Server, World};

/// Without a pause to speak of.
fn retry(times: u32) -> Retry {
    Retry::times(times).pauses(Duration::from_micros(1), Duration::from_millis(1))
}

async fn client(world: &World, times: u32) -> Client {
    let builder = world.client().credential(world.caller());
    builder.retry(retry(times)).build().await.unwrap()
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let world = World::new();
    let server = world.serve().await;
    let answer = client(&world, 2)
        .await
        .get(server.url("/flaky"))
        .send()
        .await;
    assert_eq!(answer.unwrap().text().await.unwrap(), "at last");
    assert_eq!(server.handled(), 3);
}

#[tokio::test]
async fn no_more_often_than_told() {
    let world = World::new();
    let server = world.serve().await;
    let error = client(&world, 1)
        .await
        .get(server.url("/flaky"))
        .send()
        .await;
    let kind = error.unwrap_err();
    let status = StatusCode::SERVICE_UNAVAILABLE;
    assert!(matches!(kind.kind(), Kind::Status { status: seen, .. } if *seen == status));
    assert_eq!(server.handled(), 2);
}

#[tokio::test]
async fn a_post_is_repeated_only_if_that_is_as_sending_it_once() {
    let world = World::new();
    for (mark, handled) in [("none", 1), ("marked", 3), ("key", 3)] {
        let server: Server = world.serve().await;
        let client = client(&world, 5).await;
        let post = client.post(server.url("/flaky")).body("x");
        let post = match mark {
            "marked" => post.idempotent(),
            "key" => post.header("Idempotency-Key", "7f3a"),
            _ => post,
        };
        assert_eq!(post.send().await.is_ok(), handled == 3, "{mark}");
        assert_eq!(server.handled(), handled, "{mark}");
    }
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_for_long_is() {
    let world = World::new();
    let server = world.serve().await;
    let error = client(&world, 5)
        .await
        .get(server.url("/busy"))
        .send()
        .await;
    let hour = Duration::from_secs(3600);
    assert_eq!(error.unwrap_err().retry_after(), Some(hour));
    assert_eq!(server.handled(), 1);
}

#[tokio::test]
async fn a_denial_and_an_unknown_path_are_final() {
    let world = World::new();
    let server = world.serve().await;
    let client = client(&world, 5).await;
    for path in ["/denied", "/nowhere"] {
        client.get(server.url(path)).send().await.unwrap_err();
    }
    assert_eq!(server.handled(), 2);
}

/// Whoever asks for any status has one.
#[tokio::test]
async fn who_takes_any_status_takes_the_first() {
    let world = World::new();
    let server = world.serve().await;
    let client = client(&world, 5).await;
    let answer = client.get(server.url("/flaky")).send_any_status().await;
    assert_eq!(answer.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.handled(), 1);
}

/// A connection that never came about carried nothing, so even a POST may go again.
#[tokio::test]
async fn a_request_that_was_never_sent_is_repeated_whatever_its_method() {
    let world = World::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = client(&world, 3).await;
    let url = format!("https://localhost:{port}/");
    let counting = tokio::spawn(async move {
        let mut count = 0;
        while count < 4 {
            // Hangs up before TLS has begun.
            drop(listener.accept().await.unwrap());
            count += 1;
        }
        count
    });
    let error = client.request(Method::POST, url).send().await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Transport(_)), "{error:?}");
    assert_eq!(counting.await.unwrap(), 4);
}
