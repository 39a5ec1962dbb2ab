use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign_identity::{Certificate, Identity};
use countersign_policy::Denial;
use countersign_tls::{Handshake, Peer, PeerError, Refusal};
use http::Extensions;
use http::request::Parts;
use jiff::Timestamp;
use rustls::ServerConnection;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

#[cfg(feature = "test-util")]
use crate::Limits;
use crate::asking::Asking;
use crate::audit::{EventKind, Who};
use crate::caller::Known;
use crate::claims::Claims;
use crate::heard::{Client, Heard, Unheard};
use crate::{Audit, Caller, Code, Epoch, Fault, Gateway, Live, Snapshot};

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
    handshake: Arc<Handshake>,
    judgement: ArcSwap<Judgement>,
    /// Whom the other end spoke of, where it is a gateway.
    heard: Heard,
    /// The epoch at which something was allowed on it for the last time.
    allowed: AtomicU64,
    /// By this it is counted among those of its caller.
    held: OnceLock<Arc<()>>,
    audit: Audit,
    /// For what is under way once its trust has ended.
    grace: Duration,
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
    /// The certificate itself, where nobody ever vouched for it; of others the peer has it.
    leaf: Option<Arc<[u8]>>,
    /// Whom the policy of the epoch takes the peer for, once somebody asked.
    caller: OnceLock<Option<Caller>>,
}

impl Connection {
    /// The connection of the request that has these extensions: for what is no handler, and cannot take it as an
    /// argument. None where no listener of ours accepted it.
    pub fn asking(extensions: &Extensions) -> Option<&Self> {
        // Before a guard and behind it.
        let asking = extensions.get::<Asking>();
        let behind = asking.and_then(|asking| asking.connection.as_ref());
        behind.or_else(|| extensions.get())
    }

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
        grace: Duration,
        ending: CancellationToken,
    ) -> Self {
        let snapshot = live.load();
        let judged = Peer::of(tls, snapshot.trust(), live.now());
        let leaf = tls.peer_certificates().and_then(|chain| chain.first());
        let judgement = Judgement::first(snapshot.epoch(), judged, leaf.map(AsRef::as_ref));
        let handshake = Handshake::of(tls);
        Self::judged_as(judgement, handshake, address, audit, grace, ending)
    }

    /// A connection on which nobody shook hands, as if the client of `chain` (DER, leaf first) had: for tests of
    /// handlers. Put it into the extensions of a request, and the router decides as it does behind a
    /// listener: by the trusts and the policy of `live`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use countersign_axum::routing::get;
    /// # use countersign_axum::{Anchors, Api, Audit, Caller, Connection, Credential, Directory, Live};
    /// # use countersign_axum::{SystemClock, Trust, TrustSnapshot};
    /// # use countersign_identity::{NameRules, Scheme};
    /// # use countersign_pki::Authority;
    /// # use tower::ServiceExt;
    /// # fn live(root: &Authority) -> Result<Live, Box<dyn std::error::Error>> {
    /// #     let server = root.server(jiff::Timestamp::now()).dns("localhost").issue()?;
    /// #     let pem = (server.chain_pem(), server.key_pem());
    /// #     let server = Credential::from_pem(pem.0.as_bytes(), pem.1.as_bytes())?;
    /// #     let anchors = Anchors::from_pem(root.certificate_pem().as_bytes())?;
    /// #     let names = NameRules::new(Scheme::Spiffe, ["spiffe://a.example/*".parse()?]);
    /// #     let trust = Trust::new("clients".parse()?, anchors, names);
    /// #     let clock = Arc::new(SystemClock);
    /// #     let policy = r#"
    /// #         version = 1
    /// #         [principals.billing]
    /// #         identities = [{ trust = "clients", name = "spiffe://a.example/billing" }]
    /// #     "#;
    /// #     let trusts = TrustSnapshot::new(server, vec![trust], clock.clone())?;
    /// #     Ok(Live::new(trusts, Directory::from_toml(policy)?, clock))
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = jiff::Timestamp::now();
    /// let root = Authority::root("Test Root", now)?;
    /// let billing = root.client(now).uri("spiffe://a.example/billing").issue()?;
    /// let live = live(&root)?;
    /// let greet = async |caller: Caller| format!("hello, {}", caller.principal().name());
    /// let app = Api::new(live.clone()).open("/hello", get(greet)).into_router();
    ///
    /// let (events, _) = tokio::sync::mpsc::unbounded_channel();
    /// let (audit, _writer) = Audit::start(events)?;
    /// let mut request = http::Request::get("/hello").body(axum::body::Body::empty())?;
    /// let connection = Connection::without_handshake(billing.chain_der(), &live, audit);
    /// request.extensions_mut().insert(connection);
    ///
    /// let answer = app.oneshot(request).await?;
    /// assert_eq!(answer.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "test-util")]
    pub fn without_handshake(
        chain: impl IntoIterator<Item = Vec<u8>>,
        live: &Live,
        audit: Audit,
    ) -> Self {
        let chain: Vec<_> = chain.into_iter().collect();
        let snapshot = live.load();
        let judged = Peer::without_handshake(chain.iter().cloned(), snapshot.trust(), live.now());
        let leaf = chain.first().map(Vec::as_slice);
        let judgement = Judgement::first(snapshot.epoch(), judged, leaf);
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let (grace, ending) = (Limits::default().grace, CancellationToken::new());
        Self::judged_as(judgement, Handshake::none(), nowhere, audit, grace, ending)
    }

    fn judged_as(
        judgement: Judgement,
        handshake: Handshake,
        address: SocketAddr,
        audit: Audit,
        grace: Duration,
        ending: CancellationToken,
    ) -> Self {
        Self {
            facts: Arc::new(Facts {
                address,
                handshake: Arc::new(handshake),
                judgement: ArcSwap::from_pointee(judgement),
                heard: Heard::default(),
                allowed: AtomicU64::new(0),
                held: OnceLock::new(),
                audit,
                grace,
                ending,
            }),
        }
    }

    /// What the audit log is told of the connection itself, in addition to what is known of who asks.
    pub(crate) fn with(&self, mut who: Who) -> Who {
        who.address = Some(self.facts.address);
        who.handshake = Some(Arc::clone(&self.facts.handshake));
        who
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.facts.audit
    }

    /// For what is under way to finish, once the trust by which it was allowed has ended.
    pub(crate) fn grace(&self) -> Duration {
        self.facts.grace
    }

    /// Whom `gateway`, the other end, speaks of in `claims`.
    pub(crate) fn hear(
        &self,
        gateway: &Gateway,
        claims: &Claims,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Arc<Client>, Unheard> {
        let judgement = self.judged(snapshot, now);
        let peer = judgement.peer()?;
        let heard = &self.facts.heard;
        heard.listen(peer, gateway, claims, snapshot, now)
    }

    /// Counts its handshake.
    pub(crate) fn count(&self, live: &Live) {
        let judgement = self.judged(&live.load(), live.now());
        let judged = judgement.peer().map(|_| ());
        self.audit().metrics().shook(judged, self.handshake());
    }

    /// Whether nothing was allowed on it yet at `epoch`.
    pub(crate) fn is_first(&self, epoch: Epoch) -> bool {
        let allowed = &self.facts.allowed;
        // The load alone, on all requests but the first: no other processor loses the cache line.
        allowed.load(Ordering::Relaxed) != epoch.number()
            && allowed.swap(epoch.number(), Ordering::Relaxed) != epoch.number()
    }

    /// Counts it among those of a caller until it ends; once.
    pub(crate) fn hold(&self, held: Arc<()>) {
        let _ = self.facts.held.set(held);
    }

    /// The last for whom a trust vouched on it, with the chain that was presented. It may be refused by now: who may
    /// call is what a [`Caller`](crate::Caller) tells.
    pub fn peer(&self, live: &Live) -> Option<Peer> {
        self.judged(&live.load(), live.now()).peer.clone()
    }

    /// Resolves once the trust by which the connection was accepted has ended, and says why.
    pub(crate) async fn distrusted(&self, live: &Live) -> Fault {
        distrusted(live, || self.outlook(live)).await
    }

    /// When the client is to be told that its certificate is about to end; none where it was so from the beginning.
    pub(crate) fn announced(&self, live: &Live, announce: Duration) -> Option<Timestamp> {
        let end = self.certificate_ends(live).checked_sub(announce);
        end.ok().filter(|end| *end > live.now())
    }

    /// Tells the audit log that the trust has ended.
    pub(crate) async fn tell_distrusted(&self, live: &Live, fault: &Fault) {
        let mut known = Known::default();
        // It notes on the way what is known; that it comes to nothing is known already.
        let _ = known.caller(self, live);
        let mut event = known.event(EventKind::Connection, live);
        known.describe(&mut event, self, Some(fault));
        self.audit().tell(event).await;
    }

    /// For how long the trust in the other end lasts, by what is known now.
    pub(crate) fn outlook(&self, live: &Live) -> Result<Duration, Fault> {
        let (now, snapshot) = (live.now(), live.load());
        let judgement = self.judged(&snapshot, now);
        let end = judgement.until;
        let peer = match judgement.peer() {
            // Let in without a certificate: there is no trust that could end.
            Err(PeerError::Refused(Refusal::Anonymous)) => return Ok(LONG),
            judged => judged?,
        };
        if !self.was_allowed() {
            return Ok(lasts(end, None, now));
        }
        let principal = snapshot.directory().lookup(peer.identity()?, now)?;
        Ok(lasts(end, principal.not_after(), now))
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

    /// Who calls, where that has been found at `epoch` and is so at `now`, and it is no gateway: what each request but the first comes to.
    pub(crate) fn settled(&self, epoch: Epoch, now: Timestamp) -> Option<Caller> {
        let judgement = self.facts.judgement.load();
        let caller = judgement.caller.get()?.as_ref()?;
        let is_so = judgement.holds(epoch, now)
            && caller.speaks_for_itself()
            && caller.principal().stand(now).is_ok();
        is_so.then(|| caller.clone())
    }

    /// What `snapshot` makes of the other end; judged anew only where it is another snapshot, or a
    /// certificate of the chain has ended.
    pub(crate) fn judged(&self, snapshot: &Snapshot, now: Timestamp) -> Guard<Arc<Judgement>> {
        let judgement = self.facts.judgement.load();
        if judgement.holds(snapshot.epoch(), now) {
            return judgement;
        }
        let anew = Arc::new(judgement.again(snapshot, now));
        self.facts.judgement.store(Arc::clone(&anew));
        // Not loaded again: by now another request may have stored what an older snapshot makes of it.
        Guard::from_inner(anew)
    }
}

impl Judgement {
    /// Whether it is that of `epoch`, and no certificate of the chain has ended.
    fn holds(&self, epoch: Epoch, now: Timestamp) -> bool {
        self.epoch == epoch && now.as_second() <= self.until.as_second()
    }

    /// The facts of the certificate, whatever became of it.
    pub(crate) fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// The certificate itself, readable or not.
    pub(crate) fn presented(&self) -> Option<Arc<[u8]>> {
        let first = self.peer.as_ref().and_then(|peer| peer.chain().first());
        first
            .map(|leaf| Arc::from(leaf.as_ref()))
            .or_else(|| self.leaf.clone())
    }

    /// The peer, as long as a trust vouches.
    pub(crate) fn peer(&self) -> Result<&Peer, PeerError> {
        match (&self.peer, &self.refused) {
            (Some(peer), None) => Ok(peer),
            (_, Some(refused)) => Err(refused.clone()),
            (None, None) => Err(Refusal::Anonymous.into()),
        }
    }

    /// Who `peer`, whose name is `identity`, is to us at `now`. The snapshot by which it was judged is asked once; whether the
    /// principal may still call, each time.
    pub(crate) fn caller(
        &self,
        peer: &Peer,
        identity: &Identity,
        connection: &Connection,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<&Caller, Denial> {
        let find = || {
            let principal = snapshot.directory().find(identity)?.clone();
            let certificate = Some(Arc::clone(peer.certificate()));
            let who = connection.with(Who {
                certificate,
                ..Who::default()
            });
            Some(Caller::new(
                snapshot,
                principal,
                identity.clone(),
                None,
                who,
            ))
        };
        match self.caller.get_or_init(find) {
            Some(caller) => caller.principal().stand(now).map(|()| caller),
            None => Err(Denial::PrincipalUnknown {
                identity: identity.clone(),
            }),
        }
    }

    /// What the snapshot in force makes of a connection that has just been accepted.
    fn first(epoch: Epoch, judged: Result<Peer, PeerError>, leaf: Option<&[u8]>) -> Self {
        match judged {
            Ok(peer) => Self::trusted(epoch, peer),
            // A resumed session, or a listener that refuses over HTTP: rustls did not look at the certificate.
            Err(refused) => Self {
                epoch,
                until: Timestamp::MAX,
                certificate: leaf.and_then(read),
                peer: None,
                refused: Some(refused),
                leaf: leaf.map(Arc::from),
                caller: OnceLock::new(),
            },
        }
    }

    fn trusted(epoch: Epoch, peer: Peer) -> Self {
        Self {
            epoch,
            until: peer.until(),
            certificate: Some(Arc::clone(peer.certificate())),
            peer: Some(peer),
            refused: None,
            leaf: None,
            caller: OnceLock::new(),
        }
    }

    fn again(&self, snapshot: &Snapshot, now: Timestamp) -> Self {
        let epoch = snapshot.epoch();
        let again = self
            .peer
            .as_ref()
            .map(|peer| peer.again(snapshot.trust(), now));
        let refused = match again {
            Some(Ok(peer)) => return Self::trusted(epoch, peer),
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
            leaf: self.leaf.clone(),
            caller: OnceLock::new(),
        }
    }
}

/// From `now` to `end`; nothing, where that has passed.
pub(crate) fn until(end: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(now)).unwrap_or_default()
}

/// For how long trust lasts: what was verified to `end`, and the principal to its `not_after`.
pub(crate) fn lasts(end: Timestamp, not_after: Option<Timestamp>, now: Timestamp) -> Duration {
    let end = not_after.map_or(end, |not_after| end.min(not_after));
    // The last second is good to its end.
    until(end, now).saturating_add(SECOND)
}

/// Resolves once trust has ended by `outlook`, which says for how long it lasts by what is known now, and says why.
pub(crate) async fn distrusted(
    live: &Live,
    outlook: impl Fn() -> Result<Duration, Fault>,
) -> Fault {
    let mut changes = live.changes();
    loop {
        match outlook() {
            Err(fault) => return fault,
            Ok(lasts) => tokio::select! {
                _ = changes.changed() => {}
                () = sleep(lasts) => {}
            },
        }
    }
}

pub(crate) const LONG: Duration = Duration::from_secs(24 * 3600);
const SECOND: Duration = Duration::from_secs(1);

fn read(leaf: &[u8]) -> Option<Arc<Certificate>> {
    Certificate::from_der(leaf).ok().map(Arc::new)
}

impl<S: Sync> FromRequestParts<S> for Connection {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let connection = Self::asking(&parts.extensions);
        connection.cloned().ok_or_else(not_ours)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Connection {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(Self::asking(&parts.extensions).cloned())
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
