use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use countersign_identity::{Certificate, Identity};
use countersign_policy::{Denial, Permission, Permit, Principal};
use http::Extensions;
use http::request::Parts;
use jiff::Timestamp;

use crate::asking::Asking;
use crate::audit::{AuditEvent, EventKind, Outcome, Who};
use crate::claims::Claims;
use crate::connection::{Judgement, lasts, not_ours};
use crate::heard::{Client, Spoken, untrusted};
use crate::{Code, Connection, Epoch, Fault, Forwarding, Gateway, Live, Snapshot, Via};

/// Who is calling: a known principal, by which identity, with which certificate.
///
/// Handlers take it as an argument, on every route but a public one.
#[derive(Clone, Debug)]
pub struct Caller {
    facts: Arc<Facts>,
}

#[derive(Debug)]
struct Facts {
    epoch: Epoch,
    principal: Principal,
    identity: Identity,
    /// Of whom the gateway spoke.
    spoken: Option<Spoken>,
    /// It is no gateway, and no gateway speaks for it.
    speaks_for_itself: bool,
    who: Arc<Who>,
}

impl Caller {
    /// Who is judged by `snapshot`.
    pub(crate) fn new(
        snapshot: &Snapshot,
        principal: Principal,
        identity: Identity,
        spoken: Option<Spoken>,
        mut who: Who,
    ) -> Self {
        who.principal = Some(principal.name().clone());
        who.identity = Some(identity.clone());
        let speaker = Speaker::of(&principal, snapshot.forwarding());
        let facts = Arc::new(Facts {
            epoch: snapshot.epoch(),
            speaks_for_itself: spoken.is_none() && matches!(speaker, Speaker::Itself),
            principal,
            identity,
            spoken,
            who: Arc::new(who),
        });
        Self { facts }
    }

    /// The caller of the request that has these extensions: for what is no handler, and cannot take it as an
    /// argument. None on a public route, and where no guard stands before.
    pub fn asking(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Asking>()?.caller.as_ref()
    }

    /// Our own name for the caller, and what it may do.
    pub fn principal(&self) -> &Principal {
        &self.facts.principal
    }

    /// The trust that vouched, and the one name in the certificate.
    pub fn identity(&self) -> &Identity {
        &self.facts.identity
    }

    /// The facts of the certificate; none where a gateway forwarded a name alone
    /// ([`Dialect::UnverifiedSubject`](crate::Dialect::UnverifiedSubject)).
    pub fn certificate(&self) -> Option<&Certificate> {
        self.facts.who.certificate.as_deref()
    }

    /// The gateway that says so; none where the caller shook hands with us itself.
    pub fn via(&self) -> Option<&Via> {
        self.facts.who.via.as_deref()
    }

    pub(crate) fn client(&self) -> Option<&Client> {
        let spoken = self.facts.spoken.as_ref()?;
        Some(&spoken.client)
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.facts.epoch
    }

    /// Whether it shook hands itself, and is no gateway by the snapshot of its epoch.
    pub(crate) fn speaks_for_itself(&self) -> bool {
        self.facts.speaks_for_itself
    }

    /// For how long the trust in a client of a gateway lasts, and that in the gateway, by what is known now: as
    /// [`Connection::outlook`].
    pub(crate) fn outlook(&self, connection: &Connection, live: &Live) -> Result<Duration, Fault> {
        let gateway = connection.outlook(live).map_err(of_gateway)?;
        let claims = self.facts.spoken.as_ref().map(|spoken| &spoken.claims);
        let claims = claims.cloned().unwrap_or_default();
        let again = Known::default().heard(connection, live, claims)?;
        // What is taken for the gateway's own request is not the client's any more.
        let Some(client) = again.client() else {
            return Err(untrusted("who forwarded the client may not do so any more"));
        };
        let (end, not_after) = (client.forwarded.until(), again.principal().not_after());
        Ok(gateway.min(lasts(end, not_after, live.now())))
    }

    /// What the audit log is told of what came after a decision.
    pub(crate) fn event(&self, kind: EventKind, live: &Live, fault: Option<&Fault>) -> AuditEvent {
        let who = Arc::clone(&self.facts.who);
        let mut event = AuditEvent::new(kind, Outcome::Allowed, live.now(), self.facts.epoch);
        event.decide(who, fault);
        event
    }
}

/// What is known of the other end of a connection by the time it is allowed or refused.
#[derive(Default)]
pub(crate) struct Known {
    /// By which it is decided; none before the decision begins.
    pub(crate) epoch: Option<Epoch>,
    /// The whole, of a caller.
    who: Option<Arc<Who>>,
    /// Where there is none, as far as anybody came.
    part: Option<Box<Who>>,
    /// The certificate itself, where it is what is refused.
    presented: Option<Arc<[u8]>>,
    /// What somebody said who is not believed.
    pub(crate) unbelieved: Claims,
    /// When it was looked at, where that is the moment of the decision.
    pub(crate) at: Option<Timestamp>,
}

impl Known {
    /// The gateway, where the rest is of whom it speaks.
    pub(crate) fn via(&self) -> Option<&Via> {
        let who = self.who.as_deref().or(self.part.as_deref());
        who?.via.as_deref()
    }

    /// What the audit log is told of a decision: what it is of, and when. The rest is added by [`describe`](Self::describe), in place, as
    /// an event that is returned is copied.
    #[inline]
    pub(crate) fn event(&self, kind: EventKind, live: &Live) -> AuditEvent {
        let epoch = self.epoch.unwrap_or_else(|| live.load().epoch());
        let time = self.at.unwrap_or_else(|| live.now());
        AuditEvent::new(kind, Outcome::Allowed, time, epoch)
    }

    /// Tells in `event` who asked, and how it was decided.
    pub(crate) fn describe(
        self,
        event: &mut AuditEvent,
        connection: &Connection,
        fault: Option<&Fault>,
    ) {
        let part = self.part;
        let who = || Arc::new(connection.with(*part.unwrap_or_default()));
        event.decide(self.who.unwrap_or_else(who), fault);
        if !self.unbelieved.is_empty() {
            event.disbelieve(self.unbelieved.names());
        }
        if let Some(leaf) = self.presented {
            event.present(leaf);
        }
    }

    /// The same for a request: the caller may be the one of whom a gateway speaks.
    pub(crate) fn heard(
        &mut self,
        connection: &Connection,
        live: &Live,
        claims: Claims,
    ) -> Result<Caller, Fault> {
        let now = live.now();
        if claims.is_empty()
            && let Some(caller) = connection.settled(live.epoch(), now)
        {
            (self.epoch, self.at) = (Some(caller.epoch()), Some(now));
            self.who = Some(Arc::clone(&caller.facts.who));
            return Ok(caller);
        }
        let snapshot = live.load();
        let direct = self.identify(connection, &snapshot, now);
        let forwarding = snapshot.forwarding();
        let speaker = direct.as_ref().map_or(Speaker::Itself, |caller| {
            Speaker::of(caller.principal(), forwarding)
        });
        match speaker {
            Speaker::Itself => {
                let detail = "who a client is may only say who may forward identities";
                self.disbelieve(claims, forwarding, detail)?;
                direct
            }
            Speaker::Half(why) => Err(match claims.is_empty() {
                true => nobody(&why),
                false => {
                    self.unbelieved = claims;
                    untrusted(why)
                }
            }),
            Speaker::Gateway(gateway) => {
                let via = direct?;
                let (own, others) = claims.split(gateway.dialect());
                let detail = "the gateway is believed in another header, and this one is not its";
                self.disbelieve(others, forwarding, detail)?;
                self.speak(&via, &own);
                if own.is_empty() {
                    return Err(nobody("the gateway says of no client that it shook hands"));
                }
                let heard = connection.hear(gateway, &own, &snapshot, now);
                let client = heard.map_err(|unheard| {
                    self.part().certificate = unheard.certificate;
                    self.presented = unheard.leaf.filter(|_| is_of_certificate(&unheard.fault));
                    unheard.fault
                })?;
                let spoken = Spoken {
                    client,
                    claims: own,
                };
                self.forwarded(connection, spoken, &snapshot, now)
            }
        }
    }

    /// Who asks is the gateway's client from here on.
    fn speak(&mut self, gateway: &Caller, own: &Claims) {
        self.who = None;
        let facts = &*gateway.facts;
        self.part().via = facts.who.certificate.clone().map(|certificate| {
            Arc::new(Via {
                principal: facts.principal.clone(),
                identity: facts.identity.clone(),
                certificate,
                headers: own.names(),
            })
        });
    }

    fn forwarded(
        &mut self,
        connection: &Connection,
        spoken: Spoken,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Caller, Fault> {
        let forwarded = &spoken.client.forwarded;
        self.part().certificate = forwarded.certificate().cloned();
        let identity = forwarded.identity()?.clone();
        let principal = match snapshot.directory().lookup(&identity, now) {
            Ok(principal) => principal.clone(),
            Err(denial) => return Err(self.denied(&identity, denial)),
        };
        let who = connection.with(*self.part.take().unwrap_or_default());
        let caller = Caller::new(snapshot, principal, identity, Some(spoken), who);
        self.who = Some(Arc::clone(&caller.facts.who));
        Ok(caller)
    }

    /// Notes what is not believed, and refuses where that is the rule.
    fn disbelieve(
        &mut self,
        claims: Claims,
        forwarding: &Forwarding,
        detail: &str,
    ) -> Result<(), Fault> {
        let refused = forwarding.refuses() && !claims.is_empty();
        self.unbelieved = claims;
        match refused {
            true => Err(untrusted(detail)),
            false => Ok(()),
        }
    }

    fn part(&mut self) -> &mut Who {
        self.part.get_or_insert_default()
    }

    /// Notes for whom there is a name, and nothing is allowed to it.
    fn denied(&mut self, identity: &Identity, denial: Denial) -> Fault {
        self.part().identity = Some(identity.clone());
        self.part().principal = denial.principal().cloned();
        denial.into()
    }

    /// Goes from the connection to the principal, as far as it can be gone, and notes the way.
    pub(crate) fn caller(&mut self, connection: &Connection, live: &Live) -> Result<Caller, Fault> {
        self.identify(connection, &live.load(), live.now())
    }

    fn identify(
        &mut self,
        connection: &Connection,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Caller, Fault> {
        (self.epoch, self.at) = (Some(snapshot.epoch()), Some(now));
        let judgement = connection.judged(snapshot, now);
        let found = self.find(&judgement, connection, snapshot, now);
        match &found {
            Ok(caller) => self.who = Some(Arc::clone(&caller.facts.who)),
            Err(fault) => {
                self.part().certificate = judgement.certificate().cloned();
                // The first refusal ends the connection: of many requests that come together, one line is so long.
                if is_of_certificate(fault) && !connection.is_ending() {
                    self.presented = judgement.presented();
                }
            }
        }
        found
    }

    fn find(
        &mut self,
        judgement: &Judgement,
        connection: &Connection,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Caller, Fault> {
        let peer = judgement.peer()?;
        let identity = peer.identity()?;
        let caller = judgement.caller(peer, identity, connection, snapshot, now);
        let caller = caller.map_err(|denial| self.denied(identity, denial))?;
        Ok(caller.clone())
    }
}

/// Whether it is the certificate that is refused, and not its holder.
fn is_of_certificate(fault: &Fault) -> bool {
    fault.code().challenge().is_some()
}

/// For whom the other end of a connection speaks.
pub(crate) enum Speaker<'a> {
    /// For itself.
    Itself,
    /// For its clients.
    Gateway(&'a Gateway),
    /// It is half a gateway, and so it speaks for nobody: this is what is missing.
    Half(String),
}

impl<'a> Speaker<'a> {
    pub(crate) fn of(principal: &Principal, forwarding: &'a Forwarding) -> Self {
        let name = principal.name();
        let may = principal.grant(Forwarding::FORWARD).is_some();
        match (forwarding.gateway(name), may) {
            (None, false) => Self::Itself,
            (Some(gateway), true) => Self::Gateway(gateway),
            (Some(_), false) => {
                let permission = Forwarding::FORWARD;
                Self::Half(format!("the gateway `{name}` does not hold `{permission}`"))
            }
            (None, true) => Self::Half(format!(
                "`{name}` may forward identities, and no gateway is configured for it"
            )),
        }
    }
}

/// What is wrong is not the client's.
fn of_gateway(fault: Fault) -> Fault {
    let detail = format!("of the gateway: {}", fault.detail());
    Fault::new(fault.code(), detail)
}

/// A gateway asks for a client of which it says nothing.
fn nobody(detail: &str) -> Fault {
    Fault::new(Code::CertificateRequired, detail)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let caller = Self::asking(&parts.extensions);
        caller.cloned().ok_or_else(not_ours)
    }
}

/// The proof that the caller of this request holds the permission `P`.
///
/// A handler that takes it documents what it needs, and gets the [`Permit`]. On a route that is
/// guarded by another permission it asks for `P` in addition.
#[derive(Debug)]
pub struct Require<P: Permission>(Permit<P>);

impl<P: Permission> Deref for Require<P> {
    type Target = Permit<P>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<P: Permission, S: Sync> FromRequestParts<S> for Require<P> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::asking(&parts.extensions).ok_or_else(not_ours)?;
        Ok(Self(caller.principal().permit()?))
    }
}
