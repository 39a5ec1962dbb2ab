//! What the snapshot in force tells at this moment: read when it is asked for, and never kept.

use std::sync::atomic::AtomicU64;

use countersign_tls::Trust;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::{Live, Sighting};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct List {
    trust: String,
    issuer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Caller {
    principal: String,
    trust: String,
    identity: String,
}

/// In seconds, whole ones: the clock of certificates has no others.
type Seconds<L> = Family<L, Gauge>;

pub(super) fn register(live: &Live, registry: &mut Registry) {
    let snapshot = live.load();
    let now = live.now();
    let (trust, age) = (snapshot.trust(), seconds(snapshot.since(), now));
    let epoch = Gauge::<u64, AtomicU64>::default();
    epoch.set(snapshot.epoch().number());
    let about = "The number of the snapshot in force";
    registry.register("snapshot_epoch", about, epoch);
    let about = "Since when it is in force, in seconds";
    registry.register("snapshot_age_seconds", about, gauge(age));
    let about = "What is odd about the trusts: anchors left out, lists that are stale, and so on";
    let warnings = i64::try_from(trust.warnings().count()).unwrap_or(i64::MAX);
    registry.register("trust_warnings", about, gauge(warnings));
    let certificate = trust.credential().certificate();
    let about = "When the certificate of the server ends, in seconds since 1970";
    let ends = gauge(certificate.not_after().as_second());
    registry.register("server_certificate_not_after_seconds", about, ends);
    lists(trust.trusts(), now, registry);
    callers(&live.seen(), registry);
}

fn lists(trusts: &[Trust], now: Timestamp, registry: &mut Registry) {
    let (ages, next) = (Seconds::default(), Seconds::default());
    for trust in trusts {
        for list in trust.revocation_lists() {
            let labels = List {
                trust: trust.name().to_string(),
                issuer: list.issuer().to_string(),
            };
            let age = seconds(list.this_update(), now);
            // Of several lists of one issuer the newest counts.
            let newest = ages.get(&labels).map(|age| age.get());
            if newest.is_none_or(|newest| age < newest) {
                ages.get_or_create(&labels).set(age);
                let ends = list.next_update().as_second();
                next.get_or_create(&labels).set(ends);
            }
        }
    }
    let about = "Since when a revocation list has been out, in seconds";
    registry.register("revocation_list_age_seconds", about, ages);
    let about = "When the next revocation list is due, in seconds since 1970";
    registry.register("revocation_list_next_update_seconds", about, next);
}

fn callers(seen: &[Sighting], registry: &mut Registry) {
    let ends = Seconds::default();
    for sighting in seen {
        let labels = Caller {
            principal: sighting.principal.to_string(),
            trust: sighting.identity.trust().to_string(),
            identity: sighting.identity.name().to_string(),
        };
        let end = sighting.certificate.not_after().as_second();
        ends.get_or_create(&labels).set(end);
    }
    let about = "When the newest certificate of a caller ends, in seconds since 1970";
    registry.register("caller_certificate_not_after_seconds", about, ends);
}

fn gauge(value: i64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(value);
    gauge
}

fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second())
}
