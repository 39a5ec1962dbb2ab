//! Has the server accepted our certificate?
//!
//! Over TLS 1.3 the handshake of a client is done before the server has looked at the client's
//! certificate. A refusal then meets a request that is being sent, and HTTP/2 loses it (hyper
//! issue 2769, h2 issue 462). So this layer, between reqwest and the connection, waits after the
//! handshake for the server's verdict: its first plaintext or its first ticket means yes (RFC 8446,
//! section 4.6.1), an alert or the end of the connection no. A server may say neither before it is
//! spoken to, so there is a deadline, and what comes after it is not known.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use countersign_tls::TlsVersion;
use hyper::rt::{Read, ReadBuf};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::classify::Caller;
use crate::handshake::{Handshake, Observed};

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// Makes every new connection wait for the verdict of its server.
#[derive(Clone, Debug)]
pub(crate) struct ConfirmLayer {
    /// The least time that a server has.
    pub(crate) least: Duration,
    /// Whose connections they are.
    pub(crate) caller: Arc<Caller>,
}

impl<S> tower::Layer<S> for ConfirmLayer {
    type Service = Confirm<S>;

    fn layer(&self, connector: S) -> Confirm<S> {
        Confirm {
            shared: Arc::new((connector, self.clone())),
        }
    }
}

/// A connector whose connections are accepted by their server.
///
/// hyper clones its connector for each request, whether it connects or not: what is below is shared, and
/// cloned for a connection only.
#[derive(Debug)]
pub(crate) struct Confirm<S> {
    shared: Arc<(S, ConfirmLayer)>,
}

impl<S> Clone for Confirm<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S, R> tower::Service<R> for Confirm<S>
where
    R: Send + 'static,
    S: tower::Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Response: Read + Unpin + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (connector, ConfirmLayer { least, caller }) = &*self.shared;
        let connecting = connector.clone().oneshot(request);
        let (least, caller) = (*least, Arc::clone(caller));
        Box::pin(async move {
            let observed = Observed::new(caller.rules());
            let connected = observed.during(connect(connecting, &observed, least));
            let connected = connected.await;
            caller.rules().remember(&observed.snapshot());
            connected.map_err(|(ending, source)| {
                NotConnected::new(&observed, ending, source, caller).into()
            })
        })
    }
}

async fn connect<C: Read + Unpin>(
    connecting: impl Future<Output = Result<C, BoxError>>,
    observed: &Observed,
    least: Duration,
) -> Result<C, (Stage, BoxError)> {
    let mut connection = connecting
        .await
        .map_err(|error| (Stage::Handshake, error))?;
    let handshake = observed.snapshot();
    if observed.is_silent() {
        return Err((Stage::NotAsked, "no certificate was asked for".into()));
    }
    if handshake.asked && handshake.version == Some(TlsVersion::Tls13) {
        let verdict =
            std::future::poll_fn(|context| poll_verdict(&mut connection, observed, context));
        // Past the deadline nothing is known, and the request goes out as it would have before.
        if let Ok(Err(error)) = timeout(deadline(&handshake, least), verdict).await {
            return Err((Stage::Verdict, error.into()));
        }
    }
    Ok(connection)
}

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Our side of the handshake was not done.
    Handshake,
    /// It was, and the server was to say what it makes of our certificate.
    Verdict,
    /// It was, and the server did not ask for a certificate as it must.
    NotAsked,
}

/// Reads into a buffer that has no room: rustls sees what the server sent, and no plaintext is
/// taken from whoever reads next.
fn poll_verdict<C: Read + Unpin>(
    connection: &mut C,
    observed: &Observed,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let mut nothing: [MaybeUninit<u8>; 0] = [];
    let mut buffer = ReadBuf::uninit(&mut nothing);
    match Pin::new(connection).poll_read(context, buffer.unfilled()) {
        Poll::Pending if observed.has_ticket() => Poll::Ready(Ok(())),
        read => read,
    }
}

/// Twice what the handshake took, which was one round trip and a signature of the server.
fn deadline(handshake: &Handshake, least: Duration) -> Duration {
    let taken = handshake.begun.map(|begun| begun.elapsed());
    let wanted = taken.unwrap_or_default().saturating_mul(2);
    wanted.min(MOST).max(least)
}

/// No connection that can be used came about, so no request was sent.
#[derive(Debug)]
pub(crate) struct NotConnected {
    pub(crate) handshake: Handshake,
    pub(crate) stage: Stage,
    /// Who wanted it.
    pub(crate) caller: Arc<Caller>,
    source: BoxError,
}

impl NotConnected {
    fn new(observed: &Observed, stage: Stage, error: BoxError, caller: Arc<Caller>) -> Self {
        Self {
            handshake: observed.snapshot(),
            stage,
            caller,
            source: peel(error),
        }
    }
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.stage, self.handshake.begun) {
            (Stage::NotAsked, _) => "the server did not ask for a certificate",
            (Stage::Verdict, _) => "the server ended the connection right after the handshake",
            (Stage::Handshake, Some(_)) => "the TLS handshake failed",
            (Stage::Handshake, None) => "no connection to the server",
        })
    }
}

impl StdError for NotConnected {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}

/// Takes an error out of the `io::Error`s around it, whose `source` would pass over it.
fn peel(error: BoxError) -> BoxError {
    match error.downcast::<io::Error>() {
        Ok(io) if io.get_ref().is_some_and(is_ours_or_rustls) => match io.into_inner() {
            Some(inner) => peel(inner),
            None => io::Error::other("an io::Error lost its content").into(),
        },
        Ok(io) => io,
        Err(error) => error,
    }
}

fn is_ours_or_rustls(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    error.is::<rustls::Error>() || error.is::<io::Error>()
}

/// Unless told otherwise. With 20 ms, a machine with twice as many busy threads as cores missed one
/// verdict in 600 on loopback; and the time is spent only where a server says nothing.
pub(crate) const LEAST: Duration = Duration::from_millis(250);
const MOST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_deadline_is_twice_the_handshake_between_two_limits() {
        let taken = |millis| Handshake {
            begun: Instant::now().checked_sub(Duration::from_millis(millis)),
            ..Handshake::default()
        };
        assert_eq!(deadline(&Handshake::default(), LEAST), LEAST);
        assert!(deadline(&taken(200), LEAST) >= Duration::from_millis(400));
        assert_eq!(deadline(&taken(5_000), LEAST), MOST);
        assert_eq!(deadline(&taken(0), 2 * MOST), 2 * MOST);
    }

    #[test]
    fn the_error_of_rustls_is_the_source() {
        let rustls = io::Error::other(rustls::Error::HandshakeNotComplete);
        let peeled = peel(io::Error::other(rustls).into());
        assert!(peeled.is::<rustls::Error>());
    }

    #[test]
    fn an_io_error_that_says_eof_keeps_its_kind() {
        let eof = io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof");
        let peeled = peel(eof.into());
        let kind = peeled.downcast_ref().map(io::Error::kind);
        assert_eq!(kind, Some(io::ErrorKind::UnexpectedEof));
    }
}
