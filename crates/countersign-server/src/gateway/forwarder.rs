//! What becomes of a request that may pass?

use axum::extract::Request;
use axum::http::request::Parts;
use axum::response::Response;
use countersign_axum::{
    Caller, Code, Connection, CorrelationId, Fault, Live, RouteTable, RouteTableError,
};
use http::HeaderValue;
use http::header::HOST;

use super::head::{Way, clean, clean_request};
use super::naming::Named;
use super::paced::Progress;
use super::target::Targets;
use super::upstream::Upstream;

/// Passes on what the guard before it lets pass.
#[derive(Debug)]
pub(super) struct Forwarder {
    live: Live,
    targets: Targets,
    upstream: Upstream,
}

impl Forwarder {
    pub(super) fn new(
        live: Live,
        table: &RouteTable,
        upstream: Upstream,
    ) -> Result<Self, RouteTableError> {
        Ok(Self {
            live,
            targets: Targets::new(table)?,
            upstream,
        })
    }

    /// Asks the service, in the name of the caller that the guard has found; on a public route in nobody's.
    pub(super) async fn forward(&self, request: Request) -> Result<Response, Fault> {
        let (mut parts, body) = request.into_parts();
        self.targets.check(&parts)?;
        let id = self.introduce(&mut parts)?;
        let progress = Progress::default();
        let request = Request::from_parts(parts, progress.watch(body));
        let answer = self.upstream.send(request, &progress).await;
        let mut answer = answer.map_err(|failure| failure.into_fault(id.as_str()))?;
        clean(answer.headers_mut());
        Ok(answer)
    }

    /// Makes the head what the service gets to read, and answers under which id.
    fn introduce(&self, parts: &mut Parts) -> Result<CorrelationId, Fault> {
        let extensions = std::mem::take(&mut parts.extensions);
        let connection = Connection::asking(&extensions).ok_or_else(not_served)?;
        let way = Way {
            from: connection.address().ip().to_canonical(),
            version: parts.version,
            host: Way::host(&parts.uri, &parts.headers),
        };
        let headers = &mut parts.headers;
        clean_request(headers);
        headers.remove(HOST);
        way.write(headers);
        let id = CorrelationId::asking(&extensions).ok_or_else(not_served)?;
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            headers.insert("x-request-id", id);
        }
        if let Some(caller) = Caller::asking(&extensions) {
            let peer = connection.peer(&self.live);
            Named::new(caller, peer.as_ref())?.write(&self.upstream.namings, headers)?;
        }
        Ok(id.clone())
    }
}

fn not_served() -> Fault {
    Fault::new(Code::Internal, "the gateway is not served by its listener")
}
