//! The JSON form of an [`AuditEvent`]. Members that do not apply are left out.

use std::collections::BTreeMap;

use countersign_identity::{AltName, Certificate};
use countersign_tls::Handshake;
use data_encoding::BASE64;
use http::HeaderName;
use serde::{Serialize, Serializer};

use super::{Action, AuditEvent, Who};
use crate::{Foreseen, Reload, Via};

/// As in the audit log.
impl Serialize for AuditEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Line::of(self).serialize(serializer)
    }
}

/// The members of a line that tell who asks, each with a comma before it.
pub(super) fn members(who: &Who) -> serde_json::Result<String> {
    let object = serde_json::to_string(&Asker::of(who))?;
    let members = object.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    Ok(match members.unwrap_or_default() {
        "" => String::new(),
        members => format!(",{members}"),
    })
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    event: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(flatten)]
    who: Option<Asker<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presented: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unbelieved: Vec<&'a str>,
    #[serde(flatten)]
    renewal: Option<Renewal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'a str>,
    #[serde(flatten)]
    action: Option<Done<'a>>,
    #[serde(flatten)]
    reload: Option<Reloaded<'a>>,
    epoch: u64,
}

/// Of a [`Who`].
#[derive(Serialize)]
struct Asker<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(flatten)]
    tls: Option<Tls<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<CertificateFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<Through<'a>>,
}

#[derive(Serialize)]
struct Tls<'a> {
    tls_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alpn: Option<&'a str>,
    resumed: bool,
}

/// A gateway.
#[derive(Serialize)]
struct Through<'a> {
    principal: &'a str,
    trust: &'a str,
    identity: String,
    thumbprint: String,
    headers: Vec<&'a str>,
}

/// Thumbprints.
#[derive(Serialize)]
struct Renewal {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct Done<'a> {
    action: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct Reloaded<'a> {
    changed: &'a [String],
    refused: Vec<Shut<'a>>,
}

/// Who is refused from now on.
#[derive(Serialize)]
struct Shut<'a> {
    principal: &'a str,
    trust: &'a str,
    identity: String,
    code: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct CertificateFacts {
    subject: String,
    sans: Vec<String>,
    serial: String,
    issuer: String,
    thumbprint: String,
    pin: String,
    not_after: String,
}

impl<'a> Line<'a> {
    fn of(event: &'a AuditEvent) -> Self {
        Self {
            time: event.time.to_string(),
            event: event.kind.as_str(),
            outcome: event.outcome.as_str(),
            code: event.code.map(|code| code.as_str()),
            detail: event.detail(),
            alert: event.alert().map(|alert| alert.to_string()),
            correlation_id: event.correlation_id.as_ref().map(|id| id.as_str()),
            who: event.who.as_deref().map(Asker::of),
            presented: event.presented().map(|leaf| BASE64.encode(leaf)),
            unbelieved: event.unbelieved().iter().map(HeaderName::as_str).collect(),
            renewal: Renewal::of(event),
            method: event.method.as_ref().map(|method| method.as_str()),
            route: event.route.as_deref(),
            action: event.action().map(Done::of),
            reload: event.reload().map(Reloaded::of),
            epoch: event.epoch.number(),
        }
    }
}

impl<'a> Asker<'a> {
    fn of(who: &'a Who) -> Self {
        let identity = who.identity.as_ref();
        Self {
            address: who.address.map(|address| address.to_string()),
            tls: who.handshake.as_deref().map(Tls::of),
            trust: identity.map(|identity| identity.trust().as_str()),
            identity: identity.map(|identity| identity.name().to_string()),
            principal: who.principal.as_ref().map(|name| name.as_str()),
            certificate: who.certificate.as_deref().map(CertificateFacts::of),
            via: who.via.as_deref().map(Through::of),
        }
    }
}

impl<'a> Tls<'a> {
    fn of(handshake: &'a Handshake) -> Self {
        Self {
            tls_version: handshake.version.as_str(),
            alpn: handshake.alpn.as_deref(),
            resumed: handshake.resumed,
        }
    }
}

impl<'a> Through<'a> {
    fn of(via: &'a Via) -> Self {
        Self {
            principal: via.principal().name().as_str(),
            trust: via.identity().trust().as_str(),
            identity: via.identity().name().to_string(),
            thumbprint: via.certificate().thumbprint().to_string(),
            headers: via.headers().iter().map(HeaderName::as_str).collect(),
        }
    }
}

impl Renewal {
    fn of(event: &AuditEvent) -> Option<Self> {
        Some(Self {
            from: event.renewed()?.thumbprint().to_string(),
            to: event.certificate()?.thumbprint().to_string(),
        })
    }
}

impl<'a> Done<'a> {
    fn of(action: &'a Action) -> Self {
        let facts = action.facts().iter();
        Self {
            action: action.name(),
            facts: facts.map(|(fact, value)| (*fact, value.as_str())).collect(),
        }
    }
}

impl<'a> Reloaded<'a> {
    fn of(reload: &'a Reload) -> Self {
        Self {
            changed: &reload.changed,
            refused: reload.refused.iter().map(Shut::of).collect(),
        }
    }
}

impl<'a> Shut<'a> {
    fn of(foreseen: &'a Foreseen) -> Self {
        Self {
            principal: foreseen.principal.as_str(),
            trust: foreseen.identity.trust().as_str(),
            identity: foreseen.identity.name().to_string(),
            code: foreseen.fault.code().as_str(),
            detail: foreseen.fault.detail(),
        }
    }
}

impl CertificateFacts {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            sans: certificate
                .alt_names()
                .iter()
                .map(AltName::to_string)
                .collect(),
            serial: certificate.serial().to_owned(),
            issuer: certificate.issuer().to_string(),
            thumbprint: certificate.thumbprint().to_string(),
            pin: certificate.pin().to_string(),
            not_after: certificate.not_after().to_string(),
        }
    }
}
