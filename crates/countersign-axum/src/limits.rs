use std::time::Duration;

/// How long a [`Server`](crate::Server) waits for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// For a TLS handshake to finish: 10 s.
    pub handshake: Duration,
    /// For a refused client to read the alert, before its connection is closed: 1 s.
    pub linger: Duration,
    /// For the head of the next HTTP/1.1 request to arrive, and so for an idle HTTP/1.1 connection
    /// to be used again: 30 s.
    pub headers: Duration,
    /// For the requests in flight to finish once the server shuts down: 10 s.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            linger: Duration::from_secs(1),
            headers: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}
