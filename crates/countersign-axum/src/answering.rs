use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::{Body as _, Incoming};
use hyper::service::{Service, service_fn};
use tower::ServiceExt;

use crate::activity::Activity;
use crate::admission::Admission;
use crate::bounded_body::BoundedBody;
use crate::claims::Claims;
use crate::drain::Sender;
use crate::guard::Asking;
use crate::{Code, Connection, CorrelationId, Fault, Limits, Live};

/// Answers the requests of one connection.
pub(crate) struct Answering {
    pub(crate) router: Router,
    pub(crate) connection: Connection,
    pub(crate) live: Live,
    pub(crate) activity: Activity,
    pub(crate) admission: Admission,
    pub(crate) limits: Limits,
}

impl Answering {
    pub(crate) fn into_service(
        self,
    ) -> impl Service<hyper::Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    {
        let this = Arc::new(self);
        service_fn(move |request| {
            let this = Arc::clone(&this);
            async move { Ok(this.answer(request).await) }
        })
    }

    /// Gives the request its connection and its limits, and the router the request.
    async fn answer(&self, mut request: hyper::Request<Incoming>) -> Response {
        let _busy = self.activity.request();
        let Some(_one) = self.admission.request() else {
            let fault = Fault::new(
                Code::Overloaded,
                "the server has too many requests to answer",
            );
            return Box::pin(refuse(fault, request)).await;
        };
        if let Err(fault) = self.limits.admit(&request) {
            return Box::pin(refuse(fault, request)).await;
        }
        self.take_claims(&mut request);
        let connection = Some(self.connection.screened());
        request.extensions_mut().insert(Asking {
            connection,
            ..Asking::default()
        });
        let request = request.map(|body| match body.is_end_stream() {
            true => Body::empty(),
            false => Body::new(BoundedBody::new(body, &self.limits)),
        });
        let answer = self.router.clone().oneshot(request).await;
        answer.unwrap_or_else(|never| match never {})
    }

    /// What says who a client is reaches no layer and no handler, whoever says it.
    fn take_claims(&self, request: &mut hyper::Request<Incoming>) {
        let snapshot = self.live.load();
        let claims = Claims::take(request.headers_mut(), snapshot.forwarding());
        if !claims.is_empty() {
            request.extensions_mut().insert(claims);
        }
    }
}

/// The answer to a request that is refused before anybody looks at who makes it.
async fn refuse(fault: Fault, request: hyper::Request<Incoming>) -> Response {
    let id = CorrelationId::of(request.headers());
    let mut response = fault.render(&id);
    id.write(response.headers_mut());
    let sender = Sender::of(&request);
    sender.settle(request.into_body(), &mut response).await;
    response
}
