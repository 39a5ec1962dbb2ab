//! What does a new snapshot change, whom will it refuse, and what is the operator told of it?

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use countersign_identity::Identity;
use countersign_policy::{Directory, PrincipalName};
use countersign_tls::TrustSnapshot;

use crate::audit::{EventKind, Outcome};
use crate::{Audit, AuditEvent, Epoch, Fault, Forwarding, Live, Sighting, Snapshot, aside};

/// A caller that was allowed something, and that a new state would refuse, or refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Foreseen {
    /// Our own name for the caller.
    pub principal: PrincipalName,
    /// The trust that vouched so far, and the one name in the certificate.
    pub identity: Identity,
    /// What it will be answered, by its newest certificate.
    pub fault: Fault,
}

/// What the audit log is told of a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reload {
    /// What the new state differs in, in words of whoever loaded it: the names of files, say.
    pub changed: Vec<String>,
    /// Who was allowed something so far, and is not any more. Nobody, where that could not be foreseen: then the
    /// `detail` of the audit event says so.
    pub refused: Vec<Foreseen>,
}

impl Live {
    /// Which of the callers that were allowed something would be refused, if `trust` and `directory` were in
    /// force now. Asked before a [`swap`](Self::swap).
    pub fn foresee(&self, trust: &TrustSnapshot, directory: &Directory) -> Vec<Foreseen> {
        self.foresee_with(trust, directory, || {})
    }

    /// The same; `pause` is called after each caller.
    fn foresee_with(
        &self,
        trust: &TrustSnapshot,
        directory: &Directory,
        mut pause: impl FnMut(),
    ) -> Vec<Foreseen> {
        let seen = self.seen().into_iter();
        seen.filter_map(|sighting| {
            let judged = self.judge(&sighting, trust, directory);
            pause();
            Some(Foreseen {
                fault: judged.err()?,
                principal: sighting.principal,
                identity: sighting.identity,
            })
        })
        .collect()
    }

    /// The same, with pauses. None where it panicked: a new state may revoke somebody, and must not wait for what the
    /// operator would like to know of it.
    fn foresee_or_tell(
        &self,
        trust: &TrustSnapshot,
        directory: &Directory,
    ) -> Option<Vec<Foreseen>> {
        let mut breath = Breath::new();
        // Nothing that it looks at can be left half-done by a panic.
        let foreseen = catch_unwind(AssertUnwindSafe(|| {
            self.foresee_with(trust, directory, || breath.take())
        }));
        foreseen
            .inspect_err(|_| tracing::error!("{UNFORESEEN}"))
            .ok()
    }

    /// Puts `trust`, `directory` and `forwarding` in force, as [`swap_all`](Self::swap_all) does, and tells `audit`: what was
    /// `changed`, and who is refused from now on.
    ///
    /// A panic while that is foreseen holds nothing up: the new state is in force all the same.
    pub async fn reload(
        &self,
        trust: TrustSnapshot,
        directory: Directory,
        forwarding: Forwarding,
        changed: Vec<String>,
        audit: &Audit,
    ) -> (Epoch, Reload) {
        let live = self.clone();
        // Of 10,000 callers the chains are verified for a second.
        let judged = aside(move || {
            let refused = live.foresee_or_tell(&trust, &directory);
            (trust, directory, refused)
        });
        let Ok((trust, directory, refused)) = judged.await else {
            // It does not panic: the program ends, and nobody is left to ask.
            return pending().await;
        };
        let is_foreseen = refused.is_some();
        let refused = refused.unwrap_or_default();
        let reload = Reload { changed, refused };
        let (epoch, before) = self.put(trust, directory, Arc::new(forwarding));
        let mut event = self.reload_event(Outcome::Applied, reload.clone());
        event.epoch = epoch;
        if !is_foreseen {
            event.explain(UNFORESEEN);
        }
        audit.tell(event).await;
        let live = self.clone();
        let cleared = aside(move || {
            live.forget();
            take_apart(before);
        });
        // It does not panic.
        let _ = cleared.await;
        (epoch, reload)
    }

    /// Tells `audit` that a new state cannot be put in force, and why not. The old one stays.
    pub async fn refuse_reload(&self, reason: String, changed: Vec<String>, audit: &Audit) {
        let refused = Vec::new();
        let mut event = self.reload_event(Outcome::Refused, Reload { changed, refused });
        event.explain(reason);
        audit.tell(event).await;
    }

    fn judge(
        &self,
        sighting: &Sighting,
        trust: &TrustSnapshot,
        directory: &Directory,
    ) -> Result<(), Fault> {
        let now = self.now();
        let identity = sighting.proof.again(trust, now)?;
        directory.lookup(&identity, now)?;
        Ok(())
    }

    fn reload_event(&self, outcome: Outcome, reload: Reload) -> AuditEvent {
        let epoch = self.load().epoch();
        let mut event = AuditEvent::new(EventKind::Reload, outcome, self.now(), epoch);
        event.change(reload);
        event
    }
}

/// Drops `before`, once those have let go of it who decide a request by it: whoever is the last has to take it apart, which is ten
/// milliseconds of work for 10,000 principals.
fn take_apart(before: Arc<Snapshot>) {
    for _ in 0..TRIES {
        if Arc::strong_count(&before) == 1 {
            return;
        }
        thread::sleep(MOMENT);
    }
}

/// Gives the processor away now and then. A lower priority alone does not: whoever runs on Linux is let run for three milliseconds, whoever
/// wakes up meanwhile.
struct Breath {
    since: Instant,
}

impl Breath {
    fn new() -> Self {
        let since = Instant::now();
        Self { since }
    }

    fn take(&mut self) {
        if self.since.elapsed() > STRETCH {
            // Not `yield_now`, which gives away all that a thread of a lower priority has a claim to.
            thread::sleep(PAUSE);
            self.since = Instant::now();
        }
    }
}

const UNFORESEEN: &str =
    "it could not be foreseen who is refused from now on: judging the callers panicked";
const STRETCH: Duration = Duration::from_micros(100);
const PAUSE: Duration = Duration::from_micros(50);
/// A decision takes microseconds. Somebody who holds a snapshot for longer is not waited for.
const MOMENT: Duration = Duration::from_millis(1);
const TRIES: u32 = 100;
