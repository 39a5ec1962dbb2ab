//! From a TCP connection to a TLS connection, or to an audit event that says why not.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_identity::Certificate;
use countersign_tls::{Alert, Refusal, RefusedCertificate, observe};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::audit::{EventKind, Outcome, Who};
use crate::{Audit, AuditEvent, Connection, Limits, Live};

/// What it takes to accept: the snapshot in force, the audit log, the limits.
#[derive(Clone, Debug)]
pub(crate) struct Acceptor {
    pub(crate) live: Live,
    pub(crate) audit: Audit,
    pub(crate) limits: Limits,
    /// As many handshakes as there may be at one time.
    turns: Arc<Semaphore>,
}

impl Acceptor {
    /// With the default limits.
    pub(crate) fn new(live: Live, audit: Audit) -> Self {
        let limits = Limits::default();
        Self {
            live,
            audit,
            turns: turns(&limits),
            limits,
        }
    }

    pub(crate) fn limit(&mut self, limits: Limits) {
        self.turns = turns(&limits);
        self.limits = limits;
    }

    /// Shakes hands on `tcp`.
    ///
    /// A failure has been audited, and a refused client has been given the time to read the alert,
    /// when this answers.
    pub(crate) async fn accept<I>(
        &self,
        tcp: I,
        address: SocketAddr,
        ending: CancellationToken,
    ) -> io::Result<(TlsStream<I>, Connection)>
    where
        I: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.live.load().trust().server_config();
        let handshake = TlsAcceptor::from(config).accept(tcp).into_fallible();
        let handshake = async {
            let _turn = self.turns.acquire().await;
            observe(handshake).await
        };
        let handshake = tokio::select! {
            // The server stops: nothing has been asked of it on this connection yet.
            () = ending.cancelled() => return Err(io::ErrorKind::Interrupted.into()),
            handshake = timeout(self.limits.handshake, handshake) => handshake,
        };
        let Ok((result, refused)) = handshake else {
            let failure = Failure::failed("the handshake took too long");
            self.audit.tell(self.event(address, failure)).await;
            return Err(io::ErrorKind::TimedOut.into());
        };
        match result {
            Ok(tls) => {
                let (audit, grace) = (self.audit.clone(), self.limits.grace);
                let state = tls.get_ref().1;
                let connection = Connection::new(state, address, &self.live, audit, grace, ending);
                connection.count(&self.live);
                Ok((tls, connection))
            }
            Err((error, tcp)) => {
                let failure = Failure::of(&error, refused);
                self.audit.tell(self.event(address, failure)).await;
                linger(tcp, self.limits.linger).await;
                Err(error)
            }
        }
    }

    fn event(&self, address: SocketAddr, failure: Failure) -> AuditEvent {
        let (time, epoch) = (self.live.now(), self.live.load().epoch());
        let kind = EventKind::Handshake;
        let mut event = AuditEvent::new(kind, failure.outcome, time, epoch);
        event.code = failure.refusal.as_ref().map(Refusal::code);
        event.explain(failure.detail);
        event.note_alert(failure.alert);
        event.who = Some(Arc::new(Who {
            address: Some(address),
            certificate: failure.certificate.map(Arc::new),
            ..Who::default()
        }));
        if let Some(leaf) = failure.presented {
            event.present(leaf);
        }
        event
    }
}

fn turns(limits: &Limits) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(
        limits.handshakes.min(Semaphore::MAX_PERMITS),
    ))
}

/// Why a handshake came to nothing.
struct Failure {
    outcome: Outcome,
    refusal: Option<Refusal>,
    alert: Option<Alert>,
    detail: String,
    certificate: Option<Certificate>,
    /// The same as it was presented, readable or not.
    presented: Option<Arc<[u8]>>,
}

impl Failure {
    fn of(error: &io::Error, refused: Option<RefusedCertificate>) -> Self {
        if let Some(refused) = refused {
            return Self::refused(refused.refusal, Some(&refused.der));
        }
        let tls = error.get_ref().and_then(|error| error.downcast_ref());
        match tls {
            Some(rustls::Error::AlertReceived(alert)) => {
                let alert = Alert::from(*alert);
                let mut failure = Self::failed(format!("the client sent the alert {alert}"));
                failure.alert = Some(alert);
                failure
            }
            Some(error) => match Refusal::in_handshake_error(error) {
                Some(refusal) => Self::refused(refusal, None),
                None => Self::failed(error.to_string()),
            },
            None => Self::failed(error.to_string()),
        }
    }

    fn refused(refusal: Refusal, leaf: Option<&[u8]>) -> Self {
        Self {
            outcome: Outcome::Refused,
            alert: Some(refusal.alert()),
            detail: refusal.to_string(),
            refusal: Some(refusal),
            certificate: leaf.and_then(|leaf| Certificate::from_der(leaf).ok()),
            presented: leaf.map(Arc::from),
        }
    }

    fn failed(detail: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Failed,
            refusal: None,
            alert: None,
            detail: detail.into(),
            certificate: None,
            presented: None,
        }
    }
}

/// Ends our half and reads until the client ends its own, so that the alert arrives: closing with
/// unread bytes would send a reset, and a reset discards what the client has not read yet.
async fn linger(mut tcp: impl AsyncRead + AsyncWrite + Unpin, limit: Duration) {
    let drained = async {
        tcp.shutdown().await?;
        // Not in the future, which every connection has.
        let mut discarded = vec![0; 4096];
        while tcp.read(&mut discarded).await? > 0 {}
        io::Result::Ok(())
    };
    // The client may have gone already, or stay longer than it should: both end here.
    let _ = timeout(limit, drained).await;
}
