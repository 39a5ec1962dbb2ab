use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use futures_util::FutureExt;
use futures_util::future::Either;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::Service;
use pin_project_lite::pin_project;
use tower::Service as _;

use crate::activity::Activity;
use crate::admission::Admission;
use crate::asking::Asking;
use crate::bounded_body::BoundedBody;
use crate::drain::Sender;
use crate::{Code, Connection, CorrelationId, Fault, Limits, Live, Renderer, renderer};

/// Answers the requests of one connection.
#[derive(Clone)]
pub(crate) struct Answering(Arc<Facts>);

pub(crate) struct Facts {
    pub(crate) router: Router,
    /// Of what is refused before the router is asked.
    pub(crate) renderer: Option<Arc<dyn Renderer>>,
    pub(crate) connection: Connection,
    pub(crate) live: Live,
    pub(crate) activity: Activity,
    pub(crate) admission: Admission,
    pub(crate) limits: Limits,
}

impl Answering {
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }

    pub(crate) fn activity(&self) -> &Activity {
        &self.0.activity
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }
}

impl Service<hyper::Request<Incoming>> for Answering {
    type Response = Response<Sent>;
    type Error = Infallible;
    type Future = Answered;

    /// Gives the request its connection and its limits, and the router the request.
    fn call(&self, mut request: hyper::Request<Incoming>) -> Answered {
        let facts = &*self.0;
        let (one, has_room) = UnderWay::begin(&self.0);
        if !has_room {
            let fault = Fault::new(
                Code::Overloaded,
                "the server has too many requests to answer",
            );
            return Answered::refused(fault, request, one);
        }
        if let Err(fault) = facts.limits.admit(&request) {
            return Answered::refused(fault, request, one);
        }
        let connection = Some(facts.connection.clone());
        Asking::screen(&mut request, connection, &facts.live);
        let request = request.map(|body| match body.is_end_stream() {
            true => Body::empty(),
            false => Body::new(BoundedBody::new(body, &facts.limits)),
        });
        // A router always is ready.
        Answered {
            answer: Either::Left(facts.router.clone().call(request)),
            one: Some(one),
        }
    }
}

/// A request. It takes room until there is an answer, and is under way on its connection until the body of that has ended.
pub(crate) struct UnderWay {
    facts: Arc<Facts>,
    takes_room: bool,
}

impl UnderWay {
    /// Counts it, and tells whether there is room for it.
    fn begin(facts: &Arc<Facts>) -> (Self, bool) {
        facts.activity.begin();
        let has_room = facts.admission.begin();
        let one = Self {
            facts: Arc::clone(facts),
            takes_room: true,
        };
        (one, has_room)
    }

    /// There is an answer. A client that does not take it takes no room from others.
    fn answered(&mut self) {
        if std::mem::take(&mut self.takes_room) {
            self.facts.admission.end();
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.answered();
        self.facts.activity.end();
    }
}

pin_project! {
    /// The answer, once there is one.
    ///
    /// Named, and no `async` block, which would have room for the request three times: each connection holds one of these.
    pub(crate) struct Answered {
        // By the router; or it was not let in.
        #[pin]
        answer: Either<RouteFuture<Infallible>, Refused>,
        // Goes on with the answer.
        one: Option<UnderWay>,
    }
}

type Refused = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Answered {
    fn refused(fault: Fault, request: hyper::Request<Incoming>, one: UnderWay) -> Self {
        let metrics = one.facts.connection.audit().metrics();
        metrics.turn_away_request(fault.code());
        let renderer = one.facts.renderer.clone();
        let refused: Refused = Box::pin(refuse(fault, request, renderer).map(Ok));
        let answer = Either::Right(refused);
        let one = Some(one);
        Self { answer, one }
    }
}

impl Future for Answered {
    type Output = Result<Response<Sent>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(answer) = ready!(this.answer.poll(cx));
        let mut one = this.one.take();
        if let Some(one) = &mut one {
            one.answered();
        }
        Poll::Ready(Ok(answer.map(|body| Sent::new(body, one))))
    }
}

pin_project! {
    /// The body of an answer, in pieces of no more than 16 KiB.
    ///
    /// As much as TLS encrypts at one time: over HTTP/1.1 each is copied once, to be one with what is before it.
    pub(crate) struct Sent {
        #[pin]
        body: Body,
        // Of what the body gave.
        rest: Bytes,
        _one: Option<UnderWay>,
    }
}

impl Sent {
    fn new(body: Body, one: Option<UnderWay>) -> Self {
        let rest = Bytes::new();
        let _one = one;
        Self { body, rest, _one }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        let next = match this.rest.is_empty() {
            true => ready!(this.body.poll_frame(cx)),
            false => Some(Ok(Frame::data(std::mem::take(this.rest)))),
        };
        Poll::Ready(next.map(|frame| frame.map(|frame| cut(frame, this.rest))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let (body, mut hint) = (self.body.size_hint(), SizeHint::new());
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

/// What is sent of `frame` first; its `rest` is kept.
fn cut(frame: Frame<Bytes>, rest: &mut Bytes) -> Frame<Bytes> {
    match frame.into_data() {
        Ok(mut data) if data.len() > PIECE => {
            *rest = data.split_off(PIECE);
            Frame::data(data)
        }
        Ok(data) => Frame::data(data),
        Err(trailers) => trailers,
    }
}

/// The answer to a request that is refused before anybody looks at who makes it.
async fn refuse(
    fault: Fault,
    request: hyper::Request<Incoming>,
    renderer: Option<Arc<dyn Renderer>>,
) -> Response {
    let id = CorrelationId::of(request.headers());
    let mut response = renderer::write(renderer.as_deref(), &fault, &id);
    id.write(response.headers_mut());
    let sender = Sender::of(&request);
    sender.settle(request.into_body(), &mut response).await;
    response
}

const PIECE: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn what_is_answered_is_sent_in_pieces_of_16_kib_and_whole() {
        for (length, pieces) in [
            (0, &[][..]),
            (1, &[1]),
            (PIECE, &[PIECE]),
            (2 * PIECE + 1, &[PIECE, PIECE, 1]),
        ] {
            let whole: Bytes = (0..=u8::MAX).cycle().take(length).collect();
            let mut sent = Sent::new(Body::from(whole.clone()), None);
            let (mut lengths, mut all) = (Vec::new(), Vec::new());
            while !sent.is_end_stream() {
                let left = u64::try_from(length - all.len()).unwrap();
                assert_eq!(sent.size_hint().exact(), Some(left));
                let piece = sent.frame().await.unwrap().unwrap().into_data().unwrap();
                lengths.push(piece.len());
                all.extend_from_slice(&piece);
            }
            assert_eq!((lengths.as_slice(), all), (pieces, whole.to_vec()));
            assert_eq!(sent.size_hint().exact(), Some(0));
        }
    }
}
