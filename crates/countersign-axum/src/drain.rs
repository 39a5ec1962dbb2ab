//! What becomes of the body of a request that nobody reads?

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONNECTION, EXPECT};
use http::{HeaderMap, HeaderValue, Version};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The way back for the body of a request that was given to a handler.
#[derive(Debug)]
pub(crate) struct Lent {
    back: oneshot::Receiver<Body>,
    sender: Sender,
}

/// Who sends a body, and how: what of it outlives the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    version: Version,
    /// It waits to be told to go on (RFC 9110, section 10.1.1), and sends nothing when told no.
    waits: bool,
}

impl Lent {
    /// Leaves in `request` a body that comes back; none where there is nothing to read.
    pub(crate) fn of(request: &mut Request) -> Option<Self> {
        if request.body().is_end_stream() {
            return None;
        }
        let (home, back) = oneshot::channel();
        let sender = Sender::of(request);
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(Returning(Some((body, home))));
        Some(Self { back, sender })
    }

    /// Reads and forgets what was left unread once there is an answer, and only then gives it. A body that somebody
    /// still holds is his.
    pub(crate) async fn settle(mut self, answer: impl Future<Output = Response>) -> Response {
        let mut response = answer.await;
        if let Ok(body) = self.back.try_recv() {
            self.sender.settle(body, &mut response).await;
        }
        response
    }
}

impl Sender {
    pub(crate) fn of<B>(request: &http::Request<B>) -> Self {
        Self {
            version: request.version(),
            waits: request.headers().contains_key(EXPECT),
        }
    }

    /// Reads and forgets what the client still sends, within limits, so that it comes to read the answer.
    ///
    /// Most clients write their body before they read, and closing with unread bytes would send a reset, which
    /// discards the answer. Where it is not read to its end the connection can serve no further request, and
    /// the answer says so: a client that was not told would lose its next one.
    pub(crate) async fn settle<B>(self, body: B, response: &mut Response)
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let is_read = !self.waits && timeout(LONGEST, read(body)).await == Ok(true);
        if !is_read {
            say_close(self.version, response.headers_mut());
        }
    }
}

/// Says in the answer that the connection ends, as far as HTTP of that version can: HTTP/2 has a frame for it.
pub(crate) fn say_close(version: Version, headers: &mut HeaderMap) {
    if version <= Version::HTTP_11 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Whether it came to its end.
async fn read(mut body: impl HttpBody<Data = Bytes> + Unpin) -> bool {
    let mut left = MOST;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return false;
        }
    }
    true
}

/// A body that goes back when it is dropped before its end; nothing, once that has come.
struct Returning(Option<(Body, oneshot::Sender<Body>)>);

impl HttpBody for Returning {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some((body, _)) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(body).poll_frame(cx);
        if let Poll::Ready(None) = frame {
            self.0 = None;
        }
        frame.map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Some((body, _)) => body.size_hint(),
            None => SizeHint::with_exact(0),
        }
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        if let Some((body, home)) = self.0.take()
            && !body.is_end_stream()
        {
            // Nobody waits for it any more: the connection is gone.
            let _ = home.send(body);
        }
    }
}

/// Whoever sends more than that, or more slowly, may miss the answer.
const MOST: usize = 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(2);
