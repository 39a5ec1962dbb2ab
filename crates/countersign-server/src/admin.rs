//! How is the server, and what has it seen?

mod document;

mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_axum::{Api, Json, Live, Metrics, Permission, RouteTable};
use countersign_oauth::TokenServer;
use tokio_util::sync::CancellationToken;

use self::document::StatusDocument;

/// The permission to see what the admin listener tells, where it is not on loopback.
#[derive(Debug)]
pub struct ReadAdmin;

impl Permission for ReadAdmin {
    const NAME: &'static str = "admin:read";
}

/// What the admin listener tells of.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) live: Live,
    pub(crate) metrics: Metrics,
    /// What the API asks of its callers: by this a refusal is explained.
    pub(crate) table: Arc<RouteTable>,
    /// What issues tokens, where something does.
    pub(crate) tokens: Option<TokenServer>,
    pub(crate) stopping: CancellationToken,
}

impl Admin {
    /// For loopback: whoever is on the machine may read all of it.
    pub(crate) fn open(self) -> Router {
        let told = Router::new()
            .route("/metrics", get(metrics))
            .route("/status", get(status))
            .route("/", get(page))
            .route(page::STYLE, get(page::style))
            .route(page::SCRIPT, get(page::script));
        told.with_state(self.clone()).merge(self.health())
    }

    /// Tells of no caller: it may stand anywhere.
    pub(crate) fn health(self) -> Router {
        Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .with_state(self)
    }

    /// For any other address.
    pub(crate) fn guarded(self) -> Api {
        Api::new(self.live.clone())
            .public("/healthz", get(healthz))
            .public("/readyz", get(readyz))
            .guarded::<ReadAdmin>("/metrics", get(metrics))
            .guarded::<ReadAdmin>("/status", get(status))
            .guarded::<ReadAdmin>("/", get(page))
            .guarded::<ReadAdmin>(page::STYLE, get(page::style))
            .guarded::<ReadAdmin>(page::SCRIPT, get(page::script))
            .with_state(self)
    }
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Not ready any more once it is asked to stop: whoever sends requests should send them elsewhere.
async fn readyz(State(admin): State<Admin>) -> (StatusCode, &'static str) {
    if admin.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    (StatusCode::OK, "ready\n")
}

async fn metrics(State(admin): State<Admin>) -> Response {
    let text = admin.metrics.text(&admin.live);
    ([(CONTENT_TYPE, Metrics::MEDIA_TYPE)], text).into_response()
}

async fn status(State(admin): State<Admin>) -> Json<StatusDocument> {
    Json(StatusDocument::of(&admin.live, &admin.metrics))
}

async fn page(State(admin): State<Admin>) -> Response {
    page::answer(&admin)
}
