//! The service behind the gateway: it tells what it was asked.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How often it was asked, and when it may go on.
#[derive(Clone, Default)]
pub(super) struct Service {
    asked: Arc<AtomicUsize>,
    pub(super) reached: Arc<Notify>,
    pub(super) go_on: Arc<Notify>,
}

impl Service {
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn router(&self) -> Router {
        Router::new()
            .route(
                "/v1/echo",
                post(|request: Request| async { request.into_body() }),
            )
            .route("/v1/slow", get(slow))
            .route(
                "/v1/moved",
                get(|| async { Redirect::temporary("/v1/echo") }),
            )
            .route("/v1/cookies", get(cookies))
            .route("/v1/stalled", get(stalled))
            .route(
                "/v1/switching",
                get(|| async { http::StatusCode::SWITCHING_PROTOCOLS }),
            )
            .fallback(any(tell))
            .layer(axum::middleware::map_request_with_state(
                self.clone(),
                count,
            ))
            .with_state(self.clone())
    }

    /// On a port of loopback, until the test ends.
    pub(super) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }
}

async fn count(State(service): State<Service>, request: Request) -> Request {
    service.asked.fetch_add(1, Ordering::SeqCst);
    request
}

/// Method, path and headers, as they came.
async fn tell(request: Request) -> axum::Json<Value> {
    let headers = request.headers().iter();
    let headers = headers
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]));
    axum::Json(json!({
        "method": request.method().as_str(),
        "path": request.uri().to_string(),
        "headers": headers.collect::<Vec<_>>(),
    }))
}

async fn slow(State(service): State<Service>) -> &'static str {
    service.reached.notify_one();
    service.go_on.notified().await;
    "slow, and done"
}

async fn cookies() -> impl IntoResponse {
    let cookies = [("set-cookie", "a=1"), ("set-cookie", "b=2")];
    let of_one_hop = [
        ("connection", "x-inner"),
        ("x-inner", "1"),
        ("client-cert", ":AA==:"),
    ];
    let mut response = Response::new(Body::empty());
    for (name, value) in cookies.into_iter().chain(of_one_hop) {
        response.headers_mut().append(name, value.parse().unwrap());
    }
    response
}

/// A first part, and then nothing more.
async fn stalled() -> Body {
    let first = stream::iter([Ok::<_, std::io::Error>("first")]);
    Body::from_stream(futures_util::StreamExt::chain(first, stream::pending()))
}
