use std::time::Duration;

use hyper::Request;
use hyper::body::{Body, Incoming};

use crate::{Code, Fault};

/// How much a [`Server`](crate::Server) takes, and how long it waits for others.
///
/// ```
/// use countersign_axum::Limits;
///
/// let mut limits = Limits::default();
/// limits.body = 64 * 1024;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Before the end of a client's certificate, the connection is closed in order, so that a client
    /// that has a new one comes back with it and is never refused: 60 s.
    pub announce: Duration,
    /// Bytes of a request body: 2 MiB. What is larger is answered with `body-too-large`.
    pub body: usize,
    /// For the next part of a request body: 30 s, and a second more for each KiB that has come. A body that
    /// drips is cut off.
    pub body_pause: Duration,
    /// Connections at one time: 10,000. One more is closed before its handshake.
    pub connections: usize,
    /// Connections of one IP address at one time: 1,000. A load balancer is one address.
    pub connections_per_address: usize,
    /// For the requests in flight to finish once the server shuts down: 10 s.
    pub drain: Duration,
    /// For the requests in flight to finish on a connection whose trust has ended, and for those of a gateway's client: 10 s.
    pub grace: Duration,
    /// Bytes of all header names and values of a request: 16 KiB. What is larger is answered with
    /// `headers-too-large`.
    pub header_bytes: usize,
    /// Header fields of a request: 80. What has more is answered with `headers-too-large`; over HTTP/1.1 what
    /// has more than 100, with the bare status. To take 100 or more makes each call of HTTP/1.1 a little dearer.
    pub header_fields: usize,
    /// For the first request of a connection to arrive, and for the next one over HTTP/1.1, head and all: 30 s. It is looked at
    /// once in that time, so a connection may last twice as long.
    pub headers: Duration,
    /// For a TLS handshake to finish: 10 s.
    pub handshake: Duration,
    /// Handshakes at one time: 512. One more waits, within its own time.
    pub handshakes: usize,
    /// For an HTTP/2 connection to be used again: 5 minutes, and at most twice as long.
    pub idle: Duration,
    /// For a refused client to read the alert, before its connection is closed: 1 s.
    pub linger: Duration,
    /// Requests at one time, each until there is an answer: 10,000. One more is answered with `overloaded` and when to try again.
    pub requests: usize,
    /// Requests at one time on one HTTP/2 connection: 100.
    pub streams: u32,
}

impl Limits {
    /// Refuses a request whose head says that it is larger than what we take.
    pub(crate) fn admit(&self, request: &Request<Incoming>) -> Result<(), Fault> {
        let fields = request.headers().len();
        if fields > self.header_fields {
            let detail = format!("{fields} header fields, more than {}", self.header_fields);
            return Err(Fault::new(Code::HeadersTooLarge, detail));
        }
        let bytes: usize = request
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if bytes > self.header_bytes {
            let detail = format!("{bytes} bytes of headers, more than {}", self.header_bytes);
            return Err(Fault::new(Code::HeadersTooLarge, detail));
        }
        let announced = request.body().size_hint().lower();
        if announced > self.body as u64 {
            let detail = format!("a body of {announced} bytes, more than {}", self.body);
            return Err(Fault::new(Code::BodyTooLarge, detail));
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            announce: Duration::from_secs(60),
            body: 2 * 1024 * 1024,
            body_pause: Duration::from_secs(30),
            connections: 10_000,
            connections_per_address: 1_000,
            drain: Duration::from_secs(10),
            grace: Duration::from_secs(10),
            header_bytes: 16 * 1024,
            header_fields: 80,
            headers: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            handshakes: 512,
            idle: Duration::from_secs(300),
            linger: Duration::from_secs(1),
            requests: 10_000,
            streams: 100,
        }
    }
}
