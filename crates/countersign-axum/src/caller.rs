use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use countersign_identity::{Certificate, Identity};
use countersign_policy::{Permission, Permit, Principal, PrincipalName};
use http::request::Parts;

use crate::audit::{AuditEvent, EventKind, Outcome};
use crate::connection::not_ours;
use crate::{Connection, Epoch, Fault, Live};

/// Who is calling: a known principal, by which identity, with which certificate.
///
/// Handlers take it as an argument, on every route but a public one.
#[derive(Clone, Debug)]
pub struct Caller {
    epoch: Epoch,
    principal: Principal,
    identity: Identity,
    certificate: Arc<Certificate>,
}

impl Caller {
    /// Our own name for the caller, and what it may do.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The trust that vouched, and the one name in the certificate.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The facts of the certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(crate) fn shared_certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) fn known(self) -> Known {
        Known {
            epoch: Some(self.epoch),
            certificate: Some(self.certificate),
            identity: Some(self.identity),
            principal: Some(self.principal.name().clone()),
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
}

impl Known {
    /// What the audit log is told of a decision.
    pub(crate) fn event(
        self,
        kind: EventKind,
        connection: &Connection,
        live: &Live,
        fault: Option<&Fault>,
    ) -> AuditEvent {
        let outcome = match fault {
            None => Outcome::Allowed,
            Some(_) => Outcome::Denied,
        };
        let epoch = self.epoch.unwrap_or_else(|| live.load().epoch());
        let mut event =
            AuditEvent::new(kind, outcome, Some(connection.address()), live.now(), epoch);
        event.code = fault.map(Fault::code);
        event.detail = fault.map(|fault| fault.detail().to_owned());
        event.handshake = Some(connection.handshake().clone());
        event.identity = self.identity;
        event.principal = self.principal;
        event.certificate = self.certificate;
        event
    }

    /// Goes from the connection to the principal, as far as it can be gone, and notes the way.
    pub(crate) fn caller(&mut self, connection: &Connection, live: &Live) -> Result<Caller, Fault> {
        let now = live.now();
        let snapshot = live.load();
        let judgement = connection.judged(&snapshot, now);
        self.epoch = Some(snapshot.epoch());
        self.certificate = judgement.certificate().cloned();
        let peer = judgement.peer()?;
        let identity = peer.identity()?;
        self.identity = Some(identity.clone());
        let principal = snapshot.directory().lookup(identity, now);
        self.principal = match &principal {
            Ok(principal) => Some(principal.name().clone()),
            Err(denial) => denial.principal().cloned(),
        };
        Ok(Caller {
            epoch: snapshot.epoch(),
            principal: principal?.clone(),
            identity: identity.clone(),
            certificate: Arc::clone(peer.certificate()),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get().cloned().ok_or_else(not_ours)
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
        let caller: &Caller = parts.extensions.get().ok_or_else(not_ours)?;
        Ok(Self(caller.principal.permit()?))
    }
}
