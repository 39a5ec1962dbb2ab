use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use countersign_identity::{Certificate, Identity};
use countersign_policy::{Denial, Permission, Permit, Principal, PrincipalName};
use http::Extensions;
use http::request::Parts;
use jiff::Timestamp;

use crate::asking::Asking;
use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::claims::Claims;
use crate::connection::not_ours;
use crate::heard::{Client, untrusted};
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
    certificate: Option<Arc<Certificate>>,
    via: Option<Arc<Via>>,
    /// Of whom the gateway spoke.
    client: Option<Arc<Client>>,
}

impl Caller {
    fn new(facts: Facts) -> Self {
        let facts = Arc::new(facts);
        Self { facts }
    }

    /// Who shook hands with us itself, and is judged by the snapshot of `epoch`.
    pub(crate) fn direct(
        epoch: Epoch,
        principal: Principal,
        identity: Identity,
        certificate: Arc<Certificate>,
    ) -> Self {
        Self::new(Facts {
            epoch,
            principal,
            identity,
            certificate: Some(certificate),
            via: None,
            client: None,
        })
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
        self.facts.certificate.as_deref()
    }

    /// The gateway that says so; none where the caller shook hands with us itself.
    pub fn via(&self) -> Option<&Via> {
        self.facts.via.as_deref()
    }

    pub(crate) fn client(&self) -> Option<&Client> {
        self.facts.client.as_deref()
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.facts.epoch
    }

    pub(crate) fn known(&self) -> Known {
        let facts = &*self.facts;
        Known {
            epoch: Some(facts.epoch),
            certificate: facts.certificate.clone(),
            identity: Some(facts.identity.clone()),
            principal: Some(facts.principal.name().clone()),
            via: facts.via.clone(),
            unbelieved: Claims::default(),
            at: None,
        }
    }
}

/// What is known of the other end of a connection by the time it is allowed or refused.
#[derive(Default)]
pub(crate) struct Known {
    /// By which it is decided; none before the decision begins.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) identity: Option<Identity>,
    pub(crate) principal: Option<PrincipalName>,
    /// The gateway, where the rest is of whom it speaks.
    pub(crate) via: Option<Arc<Via>>,
    /// What somebody said who is not believed.
    pub(crate) unbelieved: Claims,
    /// When it was looked at, where that is the moment of the decision.
    pub(crate) at: Option<Timestamp>,
}

impl Known {
    /// What the audit log is told of a decision.
    pub(crate) fn event(
        self,
        kind: EventKind,
        connection: &Connection,
        live: &Live,
        fault: Option<&Fault>,
    ) -> Box<AuditEvent> {
        let outcome = match fault {
            None => Outcome::Allowed,
            Some(_) => Outcome::Denied,
        };
        let epoch = self.epoch.unwrap_or_else(|| live.load().epoch());
        let time = self.at.unwrap_or_else(|| live.now());
        let mut event = AuditEvent::new(kind, outcome, Some(connection.address()), time, epoch);
        event.code = fault.map(Fault::code);
        event.detail = fault.map(|fault| fault.detail().to_owned());
        event.handshake = Some(connection.shaken());
        event.identity = self.identity;
        event.principal = self.principal;
        event.certificate = self.certificate;
        event.via = self.via;
        event.unbelieved = self.unbelieved.names();
        event
    }

    /// The same for a request: the caller may be the one of whom a gateway speaks.
    pub(crate) fn heard(
        &mut self,
        connection: &Connection,
        live: &Live,
        claims: Claims,
    ) -> Result<Caller, Fault> {
        let (now, snapshot) = (live.now(), live.load());
        let direct = self.identify(connection, &snapshot, now);
        let forwarding = snapshot.forwarding();
        match Speaker::of(direct.as_ref().ok(), forwarding) {
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
                    self.certificate = unheard.certificate;
                    unheard.fault
                })?;
                self.forwarded(client, &snapshot, now)
            }
        }
    }

    /// Who asks is the gateway's client from here on.
    fn speak(&mut self, gateway: &Caller, own: &Claims) {
        (self.identity, self.principal, self.certificate) = (None, None, None);
        let facts = &*gateway.facts;
        self.via = facts.certificate.clone().map(|certificate| {
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
        client: Arc<Client>,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Caller, Fault> {
        self.certificate = client.forwarded.certificate().cloned();
        let identity = client.forwarded.identity()?.clone();
        let principal = snapshot.directory().lookup(&identity, now);
        self.note(&identity, principal.as_ref().copied());
        Ok(Caller::new(Facts {
            epoch: snapshot.epoch(),
            principal: principal?.clone(),
            identity,
            certificate: self.certificate.clone(),
            via: self.via.clone(),
            client: Some(client),
        }))
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

    /// Notes who `identity` is to us.
    fn note(&mut self, identity: &Identity, principal: Result<&Principal, &Denial>) {
        self.identity = Some(identity.clone());
        self.principal = match principal {
            Ok(principal) => Some(principal.name().clone()),
            Err(denial) => denial.principal().cloned(),
        };
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
        let judgement = connection.judged(snapshot, now);
        (self.epoch, self.at) = (Some(snapshot.epoch()), Some(now));
        self.certificate = judgement.certificate().cloned();
        let peer = judgement.peer()?;
        let identity = peer.identity()?;
        let caller = judgement.caller(peer, identity, snapshot, now);
        self.note(identity, caller.as_ref().map(|caller| caller.principal()));
        Ok(caller?.clone())
    }
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
    pub(crate) fn of(direct: Option<&Caller>, forwarding: &'a Forwarding) -> Self {
        let Some(principal) = direct.map(Caller::principal) else {
            return Self::Itself;
        };
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
