use axum::Router;
use axum::routing::get;

/// What the admin listener serves: no certificate is needed, so nothing here tells of callers.
pub(crate) fn router() -> Router {
    Router::new().route("/healthz", get(async || "ok\n"))
}
