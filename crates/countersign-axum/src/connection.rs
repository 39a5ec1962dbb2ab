use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign_identity::Certificate;
use countersign_tls::{Handshake, Peer, PeerError, Refusal};
use http::request::Parts;
use jiff::Timestamp;
use rustls::ServerConnection;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::audit::EventKind;
use crate::caller::Known;
use crate::{Audit, Code, Epoch, Fault, Live, Snapshot};

/// An accepted connection: what was agreed in its handshake, and whom it belongs to.
///
/// Handlers take it as an argument. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connection {
    facts: Arc<Facts>,
}

#[derive(Debug)]
struct Facts {
    address: SocketAddr,
    handshake: Handshake,
    judgement: ArcSwap<Judgement>,
    /// The epoch at which something was allowed on it for the last time.
    allowed: AtomicU64,
    audit: Audit,
    ending: CancellationToken,
}

/// Whom a snapshot takes the other end for.
#[derive(Debug)]
pub(crate) struct Judgement {
    epoch: Epoch,
    /// For how long it holds: until the first certificate of the chain ends.
    until: Timestamp,
    /// The certificate that was presented, whatever became of it: for the audit event.
    certificate: Option<Arc<Certificate>>,
    /// The last for whom a trust vouched; kept when none does any more, for the next snapshot.
    peer: Option<Peer>,
    refused: Option<PeerError>,
}

impl Connection {
    /// The address of the other end of the TCP connection.
    pub fn address(&self) -> SocketAddr {
        self.facts.address
    }

    /// What was agreed in the handshake.
    pub fn handshake(&self) -> &Handshake {
        &self.facts.handshake
    }

    /// Ends the connection once the requests in flight are answered: `Connection: close` or GOAWAY.
    pub fn end(&self) {
        self.facts.ending.cancel();
    }

    pub(crate) fn new(
        tls: &ServerConnection,
        address: SocketAddr,
        live: &Live,
        audit: Audit,
        ending: CancellationToken,
    ) -> Self {
        let snapshot = live.load();
        let now = live.now();
        let judgement = match Peer::of(tls, snapshot.trust(), now) {
            Ok(peer) => Judgement::trusted(snapshot.epoch(), peer, now),
            // A resumed session, mostly: rustls did not look at the certificate.
            Err(refused) => Judgement {
                epoch: snapshot.epoch(),
                until: Timestamp::MAX,
                certificate: presented(tls).map(Arc::new),
                peer: None,
                refused: Some(refused),
            },
        };
        Self {
            facts: Arc::new(Facts {
                address,
                handshake: Handshake::of(tls),
                judgement: ArcSwap::from_pointee(judgement),
                allowed: AtomicU64::new(0),
                audit,
                ending,
            }),
        }
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.facts.audit
    }

    /// Whether nothing was allowed on it yet at `epoch`.
    pub(crate) fn is_first(&self, epoch: Epoch) -> bool {
        let allowed = &self.facts.allowed;
        // The load alone, on all requests but the first: no other processor loses the cache line.
        allowed.load(Ordering::Relaxed) != epoch.number()
            && allowed.swap(epoch.number(), Ordering::Relaxed) != epoch.number()
    }

    /// Resolves once the trust by which the connection was accepted has ended, and says why.
    pub(crate) async fn distrusted(&self, live: &Live) -> Fault {
        let mut changes = live.changes();
        loop {
            match self.outlook(live) {
                Err(fault) => return fault,
                Ok(lasts) => tokio::select! {
                    _ = changes.changed() => {}
                    () = sleep(lasts) => {}
                },
            }
        }
    }

    /// Resolves once the client's certificate is about to end; never where it was so when the connection began.
    pub(crate) async fn nearly_ended(&self, live: &Live, announce: Duration) {
        let mut changes = live.changes();
        let end = self.certificate_ends(live).checked_sub(announce);
        let Some(end) = end.ok().filter(|end| *end > live.now()) else {
            return std::future::pending().await;
        };
        while live.now() < end {
            tokio::select! {
                _ = changes.changed() => {}
                () = sleep(until(end, live.now())) => {}
            }
        }
    }

    /// Tells the audit log that the trust has ended.
    pub(crate) async fn tell_distrusted(&self, live: &Live, fault: &Fault) {
        let mut known = Known::default();
        // It notes on the way what is known; that it comes to nothing is known already.
        let _ = known.caller(self, live);
        let event = known.event(EventKind::Connection, self, live, Some(fault));
        self.audit().record(event).await;
    }

    /// For how long the trust in the other end lasts, by what is known now.
    fn outlook(&self, live: &Live) -> Result<Duration, Fault> {
        let (now, snapshot) = (live.now(), live.load());
        let judgement = self.judged(&snapshot, now);
        let mut end = judgement.until;
        let peer = match judgement.peer(now) {
            // Let in without a certificate: there is no trust that could end.
            Err(PeerError::Refused(Refusal::Anonymous)) => return Ok(LONG),
            judged => judged?,
        };
        if self.was_allowed() {
            let principal = snapshot.directory().lookup(peer.identity()?, now)?;
            end = principal
                .not_after()
                .map_or(end, |not_after| end.min(not_after));
        }
        // The last second is good to its end.
        Ok(until(end, now).saturating_add(SECOND))
    }

    fn certificate_ends(&self, live: &Live) -> Timestamp {
        let judgement = self.judged(&live.load(), live.now());
        let certificate = judgement.certificate();
        certificate.map_or(Timestamp::MAX, |certificate| certificate.not_after())
    }

    /// Whether something was allowed on it, ever.
    pub(crate) fn was_allowed(&self) -> bool {
        self.facts.allowed.load(Ordering::Relaxed) != 0
    }

    /// Whether somebody asked for the connection to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.facts.ending.is_cancelled()
    }

    /// Resolves once somebody asked for the connection to end.
    pub(crate) async fn ending(&self) {
        self.facts.ending.cancelled().await;
    }

    /// What `snapshot` makes of the other end; judged anew only where it is another snapshot, or a
    /// certificate of the chain has ended.
    pub(crate) fn judged(&self, snapshot: &Snapshot, now: Timestamp) -> Guard<Arc<Judgement>> {
        let judgement = self.facts.judgement.load();
        let lasts = now.as_second() <= judgement.until.as_second();
        if judgement.epoch == snapshot.epoch() && lasts {
            return judgement;
        }
        let anew = Arc::new(judgement.again(snapshot, now));
        self.facts.judgement.store(Arc::clone(&anew));
        // Not loaded again: by now another request may have stored what an older snapshot makes of it.
        Guard::from_inner(anew)
    }
}

impl Judgement {
    /// The facts of the certificate, whatever became of it.
    pub(crate) fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// The peer, as long as a trust vouches and the certificate lasts.
    pub(crate) fn peer(&self, now: Timestamp) -> Result<&Peer, PeerError> {
        let peer = match (&self.peer, &self.refused) {
            (Some(peer), None) => peer,
            (_, Some(refused)) => return Err(refused.clone()),
            (None, None) => return Err(Refusal::Anonymous.into()),
        };
        let not_after = peer.certificate().not_after();
        // In whole seconds, of which the last is inclusive: as the handshake judges.
        if now.as_second() > not_after.as_second() {
            return Err(Refusal::Expired { not_after }.into());
        }
        Ok(peer)
    }

    fn trusted(epoch: Epoch, peer: Peer, now: Timestamp) -> Self {
        // One that had ended before is not on the path by which a trust vouches.
        let ends = peer
            .chain()
            .iter()
            .filter_map(|der| Some(Certificate::from_der(der).ok()?.not_after()))
            .filter(|end| end.as_second() >= now.as_second());
        Self {
            epoch,
            until: ends.min().unwrap_or(Timestamp::MAX),
            certificate: Some(Arc::clone(peer.certificate())),
            peer: Some(peer),
            refused: None,
        }
    }

    fn again(&self, snapshot: &Snapshot, now: Timestamp) -> Self {
        let epoch = snapshot.epoch();
        let again = self
            .peer
            .as_ref()
            .map(|peer| peer.again(snapshot.trust(), now));
        let refused = match again {
            Some(Ok(peer)) => return Self::trusted(epoch, peer, now),
            Some(Err(refused)) => Some(refused),
            // Nobody vouched in the first place, and there is no peer to ask about again.
            None => self.refused.clone(),
        };
        Self {
            epoch,
            until: Timestamp::MAX,
            certificate: self.certificate.clone(),
            peer: self.peer.clone(),
            refused,
        }
    }
}

/// From `now` to `end`.
fn until(end: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(now)).unwrap_or_default()
}

const LONG: Duration = Duration::from_secs(24 * 3600);
const SECOND: Duration = Duration::from_secs(1);

fn presented(tls: &ServerConnection) -> Option<Certificate> {
    Certificate::from_der(tls.peer_certificates()?.first()?).ok()
}

impl<S: Sync> FromRequestParts<S> for Connection {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get().cloned().ok_or_else(not_ours)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Connection {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get().cloned())
    }
}

/// The router is served by something that proves no connection: nothing may be allowed.
pub(crate) fn not_ours() -> Fault {
    tracing::error!(
        "a guarded route is served without a countersign listener: every request is refused"
    );
    Fault::new(
        Code::Internal,
        "the service is not set up to identify its callers",
    )
}
