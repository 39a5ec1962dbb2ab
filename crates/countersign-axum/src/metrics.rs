//! How often did what happen, how long did it take, and what ends when?

mod labels;

mod recent;
pub use recent::{Acts, Kept, Minute, Tally};

mod snapshot;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_policy::PrincipalName;
use countersign_tls::{PeerError, Refusal};
use hashbrown::{Equivalent, HashMap};
use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::labels::{
    Acted, ClaimOutcome, Claimed, Ended, Handshaken, Reloaded, Renewed, Requested, TurnedAway,
};
use self::recent::{Last, LastHour};
use crate::audit::{EventKind, Outcome};
use crate::{AuditEvent, Code, Live};

/// What a server counts. Every [`Audit`](crate::Audit) has its own; clones count together.
///
/// Events are counted by the writer of the audit log, so no request waits for a lock. Principals and routes come
/// from policy and code, never from a caller, and beyond 10,000 combinations a principal is called `other`.
///
/// `docs/reference/metrics.md` lists the names.
#[derive(Clone)]
pub struct Metrics {
    counts: Arc<Counts>,
}

struct Counts {
    connections: Gauge,
    /// Those for which there was no room.
    turned_away: Counter,
    requests_turned_away: Family<TurnedAway, Counter>,
    untold: Counter,
    handshakes: Family<Handshaken, Counter>,
    requests: Family<Requested, Counter>,
    decisions: Histogram,
    /// Read, malformed, stripped, refused: the first is counted for each request of a gateway, without a lock.
    identity_headers: [(ClaimOutcome, Counter); 4],
    ended: Family<Ended, Counter>,
    reloads: Family<Reloaded, Counter>,
    actions: Family<Acted, Counter>,
    renewals: Family<Renewed, Counter>,
    /// Only the writer of the audit log and whoever reads take it.
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// What was counted before, so that to count it again needs no text.
    series: HashMap<Series, Counter>,
    refusals: Last,
    reloads: Last,
    hour: LastHour,
    acts: HashMap<(PrincipalName, &'static str), Acts>,
}

/// By what requests are counted.
#[derive(PartialEq, Eq, Hash)]
struct Series {
    principal: Option<PrincipalName>,
    route: Option<Arc<str>>,
    outcome: Outcome,
    code: Option<Code>,
}

/// That of an event, to look it up. It must be hashed as a [`Series`] is.
#[derive(Hash)]
struct Looked<'a> {
    principal: Option<&'a PrincipalName>,
    route: Option<&'a Arc<str>>,
    outcome: Outcome,
    code: Option<Code>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            counts: Arc::new(Counts {
                connections: Gauge::default(),
                turned_away: Counter::default(),
                requests_turned_away: Family::default(),
                untold: Counter::default(),
                handshakes: Family::default(),
                requests: Family::default(),
                decisions: Histogram::new(BUCKETS),
                identity_headers: ClaimOutcome::ALL.map(|outcome| (outcome, Counter::default())),
                ended: Family::default(),
                reloads: Family::default(),
                actions: Family::default(),
                renewals: Family::default(),
                told: Mutex::default(),
            }),
        }
    }

    /// All of it, and what `live` tells at this moment, in the text format of OpenMetrics 1.0, which Prometheus
    /// reads. Its media type is [`MEDIA_TYPE`](Self::MEDIA_TYPE).
    pub fn text(&self, live: &Live) -> String {
        let mut registry = Registry::with_prefix("countersign");
        self.register(&mut registry);
        snapshot::register(live, &mut registry);
        let mut text = String::new();
        // Only a writer that fails could fail, and a string does not.
        let _ = encode(&mut text, &registry);
        text
    }

    /// The media type of [`text`](Self::text).
    pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// The last 100 events in which somebody, or a new state, was refused or failed; the newest first.
    pub fn refusals(&self) -> Vec<Kept> {
        self.counts.told().refusals.newest_first()
    }

    /// The last 20 reloads, those that were refused too; the newest first.
    pub fn reloads(&self) -> Vec<Kept> {
        self.counts.told().reloads.newest_first()
    }

    /// How many requests were decided in each of the 60 minutes until `now`, the oldest first.
    pub fn minutes(&self, now: Timestamp) -> Vec<Minute> {
        self.counts.told().hour.until(now)
    }

    /// How many requests of each principal were decided since the start; of those whom the policy does not know
    /// under none.
    pub fn tallies(&self) -> BTreeMap<Option<PrincipalName>, Tally> {
        let mut tallies = BTreeMap::<_, Tally>::new();
        for (principal, outcome, counter) in self.counts.counters() {
            let tally = tallies.entry(principal).or_default();
            tally.add(outcome, counter.get());
        }
        tallies
    }

    /// How often handlers did `action` for each principal since the start, and how often they would not.
    pub fn acts(&self, action: &str) -> BTreeMap<PrincipalName, Acts> {
        let told = self.counts.told();
        let acts = told.acts.iter().filter(|((_, name), _)| *name == action);
        acts.map(|((principal, _), acts)| (principal.clone(), *acts))
            .collect()
    }

    /// A connection that is held until the answer is dropped.
    pub(crate) fn hold(&self) -> Held {
        self.counts.connections.inc();
        Held(self.counts.connections.clone())
    }

    /// A connection was not taken, as there are too many.
    pub(crate) fn turn_away(&self) {
        self.counts.turned_away.inc();
    }

    /// A request was refused before anybody looked at who makes it.
    pub(crate) fn turn_away_request(&self, code: Code) {
        let labels = TurnedAway::of(code);
        let counts = &self.counts.requests_turned_away;
        counts.get_or_create(&labels).inc();
    }

    /// The audit log could not be told.
    pub(crate) fn untold(&self) {
        self.counts.untold.inc();
    }

    /// A handshake came to a connection.
    pub(crate) fn shook(
        &self,
        judged: Result<(), PeerError>,
        handshake: &countersign_tls::Handshake,
    ) {
        let outcome = match &judged {
            Ok(()) => "trusted",
            Err(PeerError::Refused(Refusal::Anonymous)) => "anonymous",
            Err(_) => "distrusted",
        };
        let code = judged.err().map(|error| error.code());
        let labels = Handshaken::new(outcome, code, Some(handshake));
        self.counts.handshakes.get_or_create(&labels).inc();
    }

    /// So many headers were taken away that said who a client is.
    pub(crate) fn disbelieved(&self, refused: bool, headers: usize) {
        let outcome = match refused {
            true => ClaimOutcome::Refused,
            false => ClaimOutcome::Stripped,
        };
        self.counts.claim(outcome, headers);
    }

    /// So many headers of a gateway said who its client is.
    pub(crate) fn believed(&self, read: bool, headers: usize) {
        let outcome = match read {
            true => ClaimOutcome::Read,
            false => ClaimOutcome::Malformed,
        };
        self.counts.claim(outcome, headers);
    }

    /// What the audit log is told. Called on its writer's thread, with all that wait at one time: it takes the lock once.
    pub(crate) fn count<'a>(&self, events: impl IntoIterator<Item = &'a AuditEvent>) {
        let counts = &*self.counts;
        let mut told = counts.told();
        for event in events {
            counts.count(&mut told, event);
        }
    }

    fn register(&self, registry: &mut Registry) {
        let counts = &*self.counts;
        let about = "Connections held, those in a handshake too";
        registry.register("connections", about, counts.connections.clone());
        let about = "Connections that were not taken, as there were too many";
        registry.register("connections_turned_away", about, counts.turned_away.clone());
        let about = "Requests that were refused before anybody looked at who makes them, by code";
        let requests = counts.requests_turned_away.clone();
        registry.register("requests_turned_away", about, requests);
        let about = "Times that the audit log could not be written";
        registry.register("audit_failures", about, counts.untold.clone());
        let about = "Handshakes by outcome, code, TLS version and resumption";
        registry.register("handshakes", about, counts.handshakes.clone());
        let about = "Decided requests by principal, route, outcome and code";
        registry.register("requests", about, counts.requests.clone());
        let about = "Time to decide a request, further checks included";
        registry.register("decision_seconds", about, counts.decisions.clone());
        let about = "Headers that say who a client is, by what became of them";
        registry.register("identity_headers", about, counts.claims());
        let about = "Connections whose trust ended while nothing was asked";
        registry.register("connections_ended", about, counts.ended.clone());
        let about = "Reloads by outcome";
        registry.register("reloads", about, counts.reloads.clone());
        let about = "What handlers did, and would not do";
        registry.register("actions", about, counts.actions.clone());
        let about = "Renewals of a caller's certificate";
        registry.register("renewals", about, counts.renewals.clone());
    }
}

impl Counts {
    fn claim(&self, outcome: ClaimOutcome, headers: usize) {
        let mut counters = self.identity_headers.iter();
        if let Some((_, counter)) = counters.find(|(known, _)| *known == outcome) {
            counter.inc_by(u64::try_from(headers).unwrap_or(u64::MAX));
        }
    }

    /// As they are now.
    fn claims(&self) -> Family<Claimed, Counter> {
        let family = Family::<Claimed, Counter>::default();
        for (outcome, counter) in &self.identity_headers {
            let count = family.get_or_create(&Claimed::of(*outcome));
            count.inc_by(counter.get());
        }
        family
    }

    fn count(&self, told: &mut Told, event: &AuditEvent) {
        match event.kind {
            EventKind::Action => {
                self.actions.get_or_create(&Acted::of(event)).inc();
                told.act(event);
            }
            EventKind::Request => self.request(told, event),
            EventKind::Handshake => {
                let outcome = event.outcome.as_str();
                let labels = Handshaken::new(outcome, event.code, event.handshake());
                self.handshakes.get_or_create(&labels).inc();
            }
            EventKind::Connection => {
                self.ended.get_or_create(&Ended::of(event)).inc();
            }
            EventKind::Reload => {
                told.reloads.keep(event, MOST_RELOADS);
                self.reloads.get_or_create(&Reloaded::of(event)).inc();
            }
            EventKind::CertificateRenewed => {
                self.renewals.get_or_create(&Renewed::of(event)).inc();
            }
        }
        if !matches!(event.outcome, Outcome::Allowed | Outcome::Applied) {
            told.refusals.keep(event, MOST_REFUSALS);
        }
    }

    fn request(&self, told: &mut Told, event: &AuditEvent) {
        told.request(&self.requests, event);
        told.hour.note(event.time, event.outcome);
        if let Some(took) = event.took {
            self.decisions.observe(took.as_secs_f64());
        }
    }

    /// Nothing is added up while the lock is held: the writer of the audit log wants it.
    fn counters(&self) -> Vec<(Option<PrincipalName>, Outcome, Counter)> {
        let told = self.told();
        let series = told.series.iter();
        let counters = series
            .map(|(series, counter)| (series.principal.clone(), series.outcome, counter.clone()));
        counters.collect()
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        // Nothing in here can be left half-done by a panic.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Series {
    fn of(event: &AuditEvent) -> Self {
        Self {
            principal: event.principal().cloned(),
            route: event.route.clone(),
            outcome: event.outcome,
            code: event.code,
        }
    }
}

impl<'a> Looked<'a> {
    fn of(event: &'a AuditEvent) -> Self {
        Self {
            principal: event.principal(),
            route: event.route.as_ref(),
            outcome: event.outcome,
            code: event.code,
        }
    }
}

impl Equivalent<Series> for Looked<'_> {
    fn equivalent(&self, series: &Series) -> bool {
        self.principal == series.principal.as_ref()
            && self.route == series.route.as_ref()
            && self.outcome == series.outcome
            && self.code == series.code
    }
}

impl Told {
    /// Of the first 10,000 principals and actions.
    fn act(&mut self, event: &AuditEvent) {
        let Some((principal, action)) = event.principal().zip(event.action()) else {
            return;
        };
        let key = (principal.clone(), action.name());
        if self.acts.len() < MOST_SERIES || self.acts.contains_key(&key) {
            self.acts.entry(key).or_default().note(event);
        }
    }

    /// Of its combination; of a new one, where there is no room for it, of the others.
    fn request(&mut self, requests: &Family<Requested, Counter>, event: &AuditEvent) {
        if let Some(counter) = self.series.get(&Looked::of(event)) {
            counter.inc();
            return;
        }
        let mut labels = Requested::of(event);
        let full = self.series.len() >= MOST_SERIES;
        if full {
            labels.principal = "other".to_owned();
        }
        let counter = requests.get_or_create_owned(&labels);
        counter.inc();
        if !full {
            self.series.insert(Series::of(event), counter);
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dec();
    }
}

const MOST_SERIES: usize = 10_000;
const MOST_REFUSALS: usize = 100;
const MOST_RELOADS: usize = 20;

/// A decision takes microseconds; one that asks somebody else, milliseconds.
const BUCKETS: [f64; 10] = [
    1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Epoch;
    use crate::audit::Who;

    #[test]
    fn combinations_without_end_become_one() {
        let metrics = Metrics::new();
        let now = Timestamp::UNIX_EPOCH;
        for number in 0..MOST_SERIES + 5 {
            let (kind, outcome) = (EventKind::Request, Outcome::Allowed);
            let mut event = AuditEvent::new(kind, outcome, now, Epoch::FIRST);
            event.who = Some(Arc::new(Who {
                principal: Some(format!("caller-{number}").parse().unwrap()),
                ..Who::default()
            }));
            metrics.count(&[event]);
        }
        let told = metrics.counts.told();
        assert_eq!(told.series.len(), MOST_SERIES);
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("principal=\"other\",route=\"\",outcome=\"allowed\",code=\"\"} 5"));
    }
}
