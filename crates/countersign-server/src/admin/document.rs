//! The JSON of `/status`.

use countersign_axum::{AuditEvent, Live, Metrics, Sighting, Trust};
use countersign_identity::Certificate;
use countersign_tls::{Revocation, RevocationList};
use serde::Serialize;

/// The answer of `GET /status`.
#[derive(Debug, Serialize)]
pub(crate) struct StatusDocument {
    time: String,
    snapshot: SnapshotDocument,
    certificate: CertificateDocument,
    trusts: Vec<TrustDocument>,
    warnings: Vec<String>,
    callers: Vec<CallerDocument>,
    refusals: Vec<AuditEvent>,
}

#[derive(Debug, Serialize)]
struct SnapshotDocument {
    epoch: u64,
    since: String,
    identities: usize,
}

#[derive(Debug, Serialize)]
struct CertificateDocument {
    subject: String,
    thumbprint: String,
    not_after: String,
}

#[derive(Debug, Serialize)]
struct TrustDocument {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anchors: Vec<CertificateDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pins: Option<usize>,
    blocked: usize,
    revocation: String,
    lists: Vec<ListDocument>,
}

#[derive(Debug, Serialize)]
struct ListDocument {
    issuer: String,
    number: Option<String>,
    this_update: String,
    next_update: String,
    entries: usize,
}

/// A caller that was allowed something, by its newest certificate.
#[derive(Debug, Serialize)]
struct CallerDocument {
    principal: String,
    trust: String,
    identity: String,
    certificate: CertificateDocument,
    last: String,
}

impl StatusDocument {
    pub(crate) fn of(live: &Live, metrics: &Metrics) -> Self {
        let snapshot = live.load();
        let trust = snapshot.trust();
        Self {
            time: live.now().to_string(),
            snapshot: SnapshotDocument {
                epoch: snapshot.epoch().number(),
                since: snapshot.since().to_string(),
                identities: snapshot.directory().identities().count(),
            },
            certificate: CertificateDocument::of(trust.credential().certificate()),
            trusts: trust.trusts().iter().map(TrustDocument::of).collect(),
            warnings: trust.warnings().map(ToString::to_string).collect(),
            callers: live.seen().iter().map(CallerDocument::of).collect(),
            refusals: metrics
                .refusals()
                .iter()
                .map(|kept| AuditEvent::clone(&kept.event))
                .collect(),
        }
    }
}

impl CertificateDocument {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            thumbprint: certificate.thumbprint().to_string(),
            not_after: certificate.not_after().to_string(),
        }
    }
}

impl TrustDocument {
    fn of(trust: &Trust) -> Self {
        let anchors = trust.anchors().into_iter();
        let anchors = anchors.flat_map(|anchors| anchors.certificates());
        Self {
            name: trust.name().to_string(),
            anchors: anchors.map(CertificateDocument::of).collect(),
            pins: trust.pins().map(|pins| pins.len()),
            blocked: trust.block_list().len(),
            revocation: word(trust.revocation()),
            lists: trust
                .revocation_lists()
                .iter()
                .map(ListDocument::of)
                .collect(),
        }
    }
}

impl ListDocument {
    fn of(list: &RevocationList) -> Self {
        Self {
            issuer: list.issuer().to_string(),
            number: list.number(),
            this_update: list.this_update().to_string(),
            next_update: list.next_update().to_string(),
            entries: list.len(),
        }
    }
}

impl CallerDocument {
    fn of(sighting: &Sighting) -> Self {
        Self {
            principal: sighting.principal.to_string(),
            trust: sighting.identity.trust().to_string(),
            identity: sighting.identity.name().to_string(),
            certificate: CertificateDocument::of(&sighting.certificate),
            last: sighting.last.to_string(),
        }
    }
}

/// As in the configuration.
pub(super) fn word(revocation: Revocation) -> String {
    match revocation {
        Revocation::RequireFresh => "require-fresh".to_owned(),
        Revocation::AllowStale { limit } => format!("allow-stale {limit:#}"),
        _ => "off".to_owned(),
    }
}
