//! How is HTTP spoken on a connection, within which limits, and how is it asked to end?

use std::pin::Pin;

use hyper::body::{Body, Incoming};
use hyper::rt::bounds::Http2ServerConnExec;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::HttpService;

use crate::Limits;
use crate::streams::Streams;

/// HTTP/1.1 or HTTP/2 on one connection.
pub(crate) trait Protocol: Future {
    /// Answers what has been asked, and ends: `Connection: close` or GOAWAY.
    fn end(self: Pin<&mut Self>);

    /// Gives back what it does not need before the next request comes. All that has been asked is answered.
    fn rest(self: Pin<&mut Self>) {}
}

impl<I, B, S, E> Protocol for http2::Connection<I, S, E>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<BoxError>>,
    I: Read + Write + Unpin,
    B: Body<Error: Into<BoxError>> + 'static,
    E: Http2ServerConnExec<S::Future, B>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

pub(crate) fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(head(limits))
        // How long a head may take is watched for each connection: hyper would set a timer for each request.
        .header_read_timeout(None)
        // It would look for the end of the connection once for each request. Who goes is noticed by what it is spoken over.
        .half_close(true)
        // Head and body as one piece, which TLS takes more easily than two.
        .writev(false);
    if limits.header_fields >= FIELDS_ON_THE_STACK {
        // As with bytes: a little more is refused by us.
        let fields = limits.header_fields.saturating_mul(2).min(MOST_FIELDS);
        builder.max_headers(fields);
    }
    builder
}

pub(crate) fn http2(limits: &Limits, streams: Streams) -> http2::Builder<Streams> {
    // Without pings: each frame would take a lock to tell when the last one came. Who does not ask any more is found to be idle.
    let mut builder = http2::Builder::new(streams);
    builder
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(head(limits)).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(Some(MOST_RESETS))
        .max_local_error_reset_streams(Some(MOST_RESETS));
    builder
}

/// Twice what we take, so that it is we who refuse a little more, in words; far more hyper refuses.
fn head(limits: &Limits) -> usize {
    limits.header_bytes.saturating_mul(2).max(SMALLEST_HEAD)
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Streams that a client opens and resets at once (CVE-2023-44487): then the connection ends.
const MOST_RESETS: usize = 20;
/// hyper takes so many of HTTP/1.1 at most. If it is told to take others, it looks for room on the heap for each request.
const FIELDS_ON_THE_STACK: usize = 100;
/// For so many there is room in a `HeaderMap`, and no request makes us look for much more.
const MOST_FIELDS: usize = 10_000;
/// Below it, hyper panics.
const SMALLEST_HEAD: usize = 8192;
