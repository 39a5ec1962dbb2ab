//! Is the answer of the service still coming?

use std::io;
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

/// A request body without trailers: a service might take them for headers.
pub(super) fn without_trailers(body: Body) -> Body {
    if body.is_end_stream() {
        return Body::empty();
    }
    Body::new(body.map_frame(|frame| match frame.into_data() {
        Ok(data) => Frame::data(data),
        Err(_) => Frame::data(Bytes::new()),
    }))
}
