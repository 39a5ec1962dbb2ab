//! Is the answer of the service still coming?

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use futures_util::stream::try_unfold;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body as HttpBody, Frame};
use tokio::time::timeout;

/// `body`, which is cut off where its next part takes longer than `pause`.
pub(super) fn paced<B>(body: B, pause: Duration) -> Body
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    let frames = try_unfold(body, move |mut body| async move {
        let next = timeout(pause, body.frame()).await;
        let next: Option<Result<Frame<Bytes>, B::Error>> = next.map_err(|_| late())?;
        let next = next.transpose().map_err(Into::into)?;
        Ok::<_, BoxError>(next.map(|frame| (frame, body)))
    });
    Body::new(StreamBody::new(frames))
}

fn late() -> BoxError {
    io::Error::new(io::ErrorKind::TimedOut, "the answer stopped coming").into()
}

/// How much of a request has been passed on.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicUsize>);

impl Progress {
    fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn steps(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// What `answer` resolves to, unless it takes `pause` and nothing of the request is passed on meanwhile: a
    /// large body may take its time.
    pub(super) async fn within<T>(
        &self,
        pause: Duration,
        answer: impl Future<Output = T>,
    ) -> Option<T> {
        let mut answer = pin!(answer);
        loop {
            let before = self.steps();
            match timeout(pause, answer.as_mut()).await {
                Ok(answer) => return Some(answer),
                Err(_) if self.steps() == before => return None,
                Err(_) => {}
            }
        }
    }

    /// `body`, of which each part is a step, without its trailers: a service might take them for headers.
    pub(super) fn watch(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return Body::empty();
        }
        let progress = self.clone();
        Body::new(body.map_frame(move |frame| {
            progress.step();
            Frame::data(frame.into_data().unwrap_or_default())
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::stream::iter;

    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    // In these two, time does not pass but is set forward.
    #[tokio::test(start_paused = true)]
    async fn who_waits_and_passes_nothing_on_waits_no_longer() {
        let waited = Progress::default().within(PAUSE, pending::<()>()).await;
        assert_eq!(waited, None);
    }

    #[tokio::test(start_paused = true)]
    async fn as_long_as_something_is_passed_on_the_answer_may_wait() {
        let progress = Progress::default();
        let busy = async {
            for _ in 0..10 {
                tokio::time::sleep(PAUSE - Duration::from_secs(1)).await;
                progress.step();
            }
            "answer"
        };
        assert_eq!(progress.within(PAUSE, busy).await, Some("answer"));
    }

    #[tokio::test]
    async fn trailers_go_no_further() {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("client-cert", http::HeaderValue::from_static(":AA==:"));
        let frames = [Frame::data(Bytes::from("a")), Frame::trailers(trailers)];
        let body = Body::new(StreamBody::new(iter(frames.map(Ok::<_, BoxError>))));
        let passed = Progress::default().watch(body).collect().await.unwrap();
        assert_eq!(passed.trailers(), None);
        assert_eq!(passed.to_bytes(), "a");
    }
}
