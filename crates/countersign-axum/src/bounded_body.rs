use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::Bytes;
use http_body_util::Limited;
use hyper::body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Limits;

pin_project! {
    /// A request body that may not grow beyond its limit, and may not drip.
    pub(crate) struct BoundedBody<B> {
        #[pin]
        body: Limited<B>,
        #[pin]
        deadline: Option<Sleep>,
        // Since when somebody waits for the next part.
        waiting: Option<Instant>,
        waited: Duration,
        pause: Duration,
        received: u64,
    }
}

impl<B> BoundedBody<B> {
    pub(crate) fn new(body: B, limits: &Limits) -> Self {
        Self {
            body: Limited::new(body, limits.body),
            deadline: None,
            waiting: None,
            waited: Duration::ZERO,
            pause: limits.body_pause,
            received: 0,
        }
    }

    /// Resolves once more has been waited for the client, in all, than it may take for what it has sent.
    fn poll_late(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.deadline.is_none() {
            let now = Instant::now();
            *this.waiting = Some(now);
            let earned = Duration::from_secs(*this.received / BYTES_PER_SECOND);
            let left = this
                .pause
                .saturating_add(earned)
                .saturating_sub(*this.waited);
            this.deadline.set(Some(sleep_until(now + left.min(LONG))));
        }
        match this.deadline.as_pin_mut() {
            Some(deadline) => deadline.poll(cx),
            None => Poll::Pending,
        }
    }

    /// Stops the clock: it stands while the handler is busy with what has come.
    fn came(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.deadline.set(None);
        let since = this.waiting.take();
        *this.waited += since.map(|since| since.elapsed()).unwrap_or_default();
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>>> Body for BoundedBody<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Poll::Ready(frame) = self.as_mut().project().body.poll_frame(cx) else {
            ready!(self.poll_late(cx));
            return Poll::Ready(Some(Err(TooSlow.into())));
        };
        self.as_mut().came();
        if let Some(Ok(frame)) = &frame {
            let len = frame.data_ref().map_or(0, Bytes::len);
            *self.project().received += len as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The rest of the body did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request body comes too slowly")]
pub(crate) struct TooSlow;

const BYTES_PER_SECOND: u64 = 1024;
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
