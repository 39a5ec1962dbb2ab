use axum::response::Response;

use crate::{CorrelationId, Fault};

/// How refusals and faults are written, on the routes of [`Api::rendered`](crate::Api::rendered): where a standard
/// wants other bodies than problem documents. What is refused before a route is known is written by that of
/// [`Server::rendered`](crate::Server::rendered).
///
/// It chooses the status, the body and its type. `Cache-Control`, `Retry-After`, `WWW-Authenticate` and the
/// id of the request are added to what it writes. A function
/// `Fn(&Fault, &CorrelationId) -> Response` is one:
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use countersign_axum::routing::get;
/// use countersign_axum::{Api, CorrelationId, Fault, Live};
/// use http::StatusCode;
///
/// fn plain(fault: &Fault, _: &CorrelationId) -> Response {
///     (StatusCode::BAD_REQUEST, fault.detail().to_owned()).into_response()
/// }
///
/// fn app(live: Live) -> axum::Router {
///     let old = Api::new(live.clone()).rendered(plain).open("/hello", get(|| async { "hello" }));
///     Api::new(live).nest("/old", old).into_router()
/// }
/// ```
pub trait Renderer: Send + Sync + 'static {
    /// Writes `fault`, which the audit log knows by `id`.
    fn render(&self, fault: &Fault, id: &CorrelationId) -> Response;
}

impl<F> Renderer for F
where
    F: Fn(&Fault, &CorrelationId) -> Response + Send + Sync + 'static,
{
    fn render(&self, fault: &Fault, id: &CorrelationId) -> Response {
        self(fault, id)
    }
}

/// Writes `fault`: with `renderer`, or as a problem document.
pub(crate) fn write(
    renderer: Option<&dyn Renderer>,
    fault: &Fault,
    id: &CorrelationId,
) -> Response {
    let Some(renderer) = renderer else {
        return fault.render(id);
    };
    let mut response = renderer.render(fault, id);
    fault.complete(&mut response);
    response
}

impl std::fmt::Debug for dyn Renderer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Renderer")
    }
}
