//! By what is counted. What does not apply is the empty text, which Prometheus takes for a label that is not there.

use countersign_problem::Code;
use countersign_tls::Handshake;
use prometheus_client::encoding::EncodeLabelSet;

use crate::AuditEvent;
use crate::audit::Action;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Handshaken {
    outcome: &'static str,
    code: &'static str,
    tls_version: &'static str,
    resumed: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Requested {
    pub(super) principal: String,
    route: String,
    outcome: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TurnedAway {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Ended {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Reloaded {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Renewed {
    principal: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Acted {
    principal: String,
    action: &'static str,
    outcome: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Claimed {
    outcome: &'static str,
}

/// What becomes of a header that says who a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimOutcome {
    Read,
    Malformed,
    Stripped,
    Refused,
}

impl ClaimOutcome {
    pub(super) const ALL: [Self; 4] = [Self::Read, Self::Malformed, Self::Stripped, Self::Refused];
}

impl Claimed {
    pub(super) fn of(outcome: ClaimOutcome) -> Self {
        Self {
            outcome: match outcome {
                ClaimOutcome::Read => "read",
                ClaimOutcome::Malformed => "malformed",
                ClaimOutcome::Stripped => "stripped",
                ClaimOutcome::Refused => "refused",
            },
        }
    }
}

impl Handshaken {
    pub(super) fn new(
        outcome: &'static str,
        code: Option<Code>,
        handshake: Option<&Handshake>,
    ) -> Self {
        Self {
            outcome,
            code: word(code),
            tls_version: handshake.map_or("", |handshake| handshake.version.as_str()),
            resumed: match handshake.map(|handshake| handshake.resumed) {
                None => "",
                Some(true) => "true",
                Some(false) => "false",
            },
        }
    }
}

impl Requested {
    pub(super) fn of(event: &AuditEvent) -> Self {
        Self {
            principal: principal(event),
            route: event.route.as_deref().unwrap_or_default().to_owned(),
            outcome: event.outcome.as_str(),
            code: word(event.code),
        }
    }
}

impl TurnedAway {
    pub(super) fn of(code: Code) -> Self {
        let code = code.as_str();
        Self { code }
    }
}

impl Ended {
    pub(super) fn of(event: &AuditEvent) -> Self {
        let code = word(event.code);
        Self { code }
    }
}

impl Reloaded {
    pub(super) fn of(event: &AuditEvent) -> Self {
        let outcome = event.outcome.as_str();
        Self { outcome }
    }
}

impl Acted {
    pub(super) fn of(event: &AuditEvent) -> Self {
        Self {
            principal: principal(event),
            action: event.action().map_or("", Action::name),
            outcome: event.outcome.as_str(),
            code: word(event.code),
        }
    }
}

impl Renewed {
    pub(super) fn of(event: &AuditEvent) -> Self {
        let principal = principal(event);
        Self { principal }
    }
}

fn principal(event: &AuditEvent) -> String {
    let name = event.principal();
    name.map(ToString::to_string).unwrap_or_default()
}

fn word(code: Option<Code>) -> &'static str {
    code.map_or("", |code| code.as_str())
}
