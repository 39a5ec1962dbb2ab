use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_identity::{Certificate, Identity};
use countersign_policy::PrincipalName;
use countersign_problem::Code;
use countersign_tls::{Alert, Handshake};
use http::{HeaderName, Method};
use jiff::Timestamp;

use super::{Action, Who};
use crate::{CorrelationId, Epoch, Fault, Reload, Via};

/// One decision.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditEvent {
    /// When it was made.
    pub time: Timestamp,
    /// What was decided on.
    pub kind: EventKind,
    /// What was decided.
    pub outcome: Outcome,
    /// Why, in the word that the caller got too; none where nothing was refused by us.
    pub code: Option<Code>,
    /// The id that the answer carries as `x-request-id`.
    pub correlation_id: Option<CorrelationId>,
    /// None of a reload.
    pub(crate) who: Option<Arc<Who>>,
    /// The method of the request.
    pub method: Option<Method>,
    /// The route that matched, as it was declared, never the raw path.
    pub route: Option<Arc<str>>,
    /// How long it took to decide a request, further checks included. Not in the log.
    pub took: Option<Duration>,
    /// The snapshot by which it was decided; of a reload, the one in force after it.
    pub epoch: Epoch,
    /// What only some events have, on the heap: each event is moved from one thread to another.
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Debug, Default)]
struct Rest {
    detail: Option<String>,
    alert: Option<Alert>,
    presented: Option<Arc<[u8]>>,
    unbelieved: Vec<HeaderName>,
    renewed: Option<Arc<Certificate>>,
    action: Option<Action>,
    reload: Option<Reload>,
}

impl AuditEvent {
    /// An event of which nothing more is known yet.
    #[inline]
    pub(crate) fn new(kind: EventKind, outcome: Outcome, time: Timestamp, epoch: Epoch) -> Self {
        Self {
            time,
            kind,
            outcome,
            code: None,
            correlation_id: None,
            who: None,
            method: None,
            route: None,
            took: None,
            epoch,
            rest: None,
        }
    }

    /// Says how it was decided on what `who` asks: denied, where there is a fault.
    pub(crate) fn decide(&mut self, who: Arc<Who>, fault: Option<&Fault>) {
        self.who = Some(who);
        if let Some(fault) = fault {
            self.outcome = Outcome::Denied;
            self.code = Some(fault.code());
            self.explain(fault.detail());
        }
    }

    /// Says why, in words for the operator.
    pub(crate) fn explain(&mut self, detail: impl Into<String>) {
        self.rest().detail = Some(detail.into());
    }

    /// Names the alert of the failed handshake, if there was one.
    pub(crate) fn note_alert(&mut self, alert: Option<Alert>) {
        self.rest().alert = alert;
    }

    /// Keeps `leaf`, the certificate that is refused; of one that is too large, how large it is.
    pub(crate) fn present(&mut self, leaf: Arc<[u8]>) {
        let rest = self.rest();
        if leaf.len() <= LARGEST {
            rest.presented = Some(leaf);
            return;
        }
        let detail = rest.detail.get_or_insert_default();
        let bytes = leaf.len();
        detail.push_str(&format!(
            "; the certificate is left out: it has {bytes} bytes, and at most {LARGEST} are kept"
        ));
    }

    /// Names the headers of somebody who is not believed.
    pub(crate) fn disbelieve(&mut self, headers: Vec<HeaderName>) {
        self.rest().unbelieved = headers;
    }

    /// Names the certificate that this one renews.
    pub(crate) fn renew(&mut self, before: Arc<Certificate>) {
        self.rest().renewed = Some(before);
    }

    /// Tells what a handler did.
    pub(crate) fn act(&mut self, action: Action) {
        self.rest().action = Some(action);
    }

    /// Tells what a reload changed.
    pub(crate) fn change(&mut self, reload: Reload) {
        self.rest().reload = Some(reload);
    }

    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_default()
    }

    /// Whether it has nothing of what only some events have.
    pub(super) fn is_plain(&self) -> bool {
        self.rest.is_none()
    }

    /// Why, in words for the operator.
    pub fn detail(&self) -> Option<&str> {
        self.rest.as_ref()?.detail.as_deref()
    }

    /// The alert of a failed handshake, whoever sent it.
    pub fn alert(&self) -> Option<Alert> {
        self.rest.as_ref()?.alert
    }

    /// The certificate itself, where it is what was refused: the DER of the leaf as it was presented, readable or not.
    /// None of one beyond 16 KiB, and of a request on a connection that was ending already.
    pub fn presented(&self) -> Option<&[u8]> {
        self.rest.as_ref()?.presented.as_deref()
    }

    /// Headers that said who a client is, by somebody who is not believed. They were taken away.
    pub fn unbelieved(&self) -> &[HeaderName] {
        let rest = self.rest.as_ref();
        rest.map_or(&[], |rest| &rest.unbelieved)
    }

    /// The certificate that this one renews.
    pub fn renewed(&self) -> Option<&Certificate> {
        self.rest.as_ref()?.renewed.as_deref()
    }

    /// What a handler did.
    pub fn action(&self) -> Option<&Action> {
        self.rest.as_ref()?.action.as_ref()
    }

    /// What a reload changed.
    pub fn reload(&self) -> Option<&Reload> {
        self.rest.as_ref()?.reload.as_ref()
    }

    /// The other end of the TCP connection; none of a reload.
    pub fn address(&self) -> Option<SocketAddr> {
        self.who.as_ref()?.address
    }

    /// What was agreed in the handshake.
    pub fn handshake(&self) -> Option<&Handshake> {
        self.who.as_ref()?.handshake.as_deref()
    }

    /// The trust that vouched and the name in the certificate.
    pub fn identity(&self) -> Option<&Identity> {
        self.who.as_ref()?.identity.as_ref()
    }

    /// Our own name for the caller.
    pub fn principal(&self) -> Option<&PrincipalName> {
        self.who.as_ref()?.principal.as_ref()
    }

    /// The facts of the certificate that was presented; none where it cannot be read.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.who.as_ref()?.certificate.as_deref()
    }

    /// The gateway that says so, where the caller did not shake hands with us itself.
    pub fn via(&self) -> Option<&Via> {
        self.who.as_ref()?.via.as_deref()
    }
}

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// What a handler did, or would not do, for a request that was allowed.
    Action,
    /// A caller was allowed something by a newer certificate than before: the same principal, so
    /// nothing was decided anew.
    CertificateRenewed,
    /// A connection whose trust ended while nothing was asked on it; or a gateway's client whose trust ended while it
    /// was being answered.
    Connection,
    /// A TLS handshake that came to no connection.
    Handshake,
    /// A new state: certificate, trusts, lists, policy.
    Reload,
    /// A request.
    Request,
}

/// How a decision came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The caller may.
    Allowed,
    /// The new state is in force.
    Applied,
    /// The caller may not.
    Denied,
    /// The handshake failed, and not because of the client's certificate: the client refused ours,
    /// did not speak TLS, or went away.
    Failed,
    /// We refused the certificate of the client, or its absence, in the handshake; or a new state, and the
    /// old one stays in force.
    Refused,
}

impl Outcome {
    /// The word for it in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Applied => "applied",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }
}

impl EventKind {
    /// The word for it in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::CertificateRenewed => "certificate-renewed",
            Self::Connection => "connection",
            Self::Handshake => "handshake",
            Self::Reload => "reload",
            Self::Request => "request",
        }
    }
}

/// Of a certificate that is kept. Usual ones have less than two kibibytes; a handshake takes 64.
const LARGEST: usize = 16 * 1024;
