use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use countersign_policy::Directory;
use countersign_tls::{Clock, TrustSnapshot};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::seen::Seen;
use crate::{Forwarding, Sighting};

/// The trust and the policy in force, and the clock by which they are judged. Cheap to clone;
/// every clone sees the same snapshot.
#[derive(Clone, Debug)]
pub struct Live {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    snapshot: ArcSwap<Snapshot>,
    /// The number of that snapshot. It may be behind for the moment of a swap, and is never ahead.
    epoch: AtomicU64,
    /// Whether a gateway reads a header that is none of [`is_identity_header`](countersign_identity::is_identity_header).
    own_headers: AtomicBool,
    /// One swap at a time.
    swapping: Mutex<()>,
    clock: Arc<dyn Clock>,
    seen: Seen,
    changes: watch::Sender<()>,
}

impl Live {
    /// Begins with `trust` and `directory`, at the first epoch.
    pub fn new(trust: TrustSnapshot, directory: Directory, clock: Arc<dyn Clock>) -> Self {
        Self::with_forwarding(trust, directory, Forwarding::default(), clock)
    }

    /// The same, with gateways that are believed.
    pub fn with_forwarding(
        trust: TrustSnapshot,
        directory: Directory,
        forwarding: Forwarding,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let own_headers = forwarding.has_own_headers().into();
        let snapshot = Snapshot {
            trust,
            directory,
            forwarding: Arc::new(forwarding),
            epoch: Epoch::FIRST,
            since: clock.now(),
        };
        Self {
            shared: Arc::new(Shared {
                snapshot: ArcSwap::from_pointee(snapshot),
                epoch: AtomicU64::new(Epoch::FIRST.0),
                own_headers,
                swapping: Mutex::default(),
                clock,
                seen: Seen::default(),
                changes: watch::Sender::new(()),
            }),
        }
    }

    /// The snapshot in force: one atomic load.
    pub fn load(&self) -> Guard<Arc<Snapshot>> {
        self.shared.snapshot.load()
    }

    /// Puts trust and policy in force together, and answers their epoch. The next request on every
    /// connection, old ones too, is decided by them, and connections whose trust has ended are ended.
    /// Which gateways are believed stays as it is.
    ///
    /// What was in force before is taken apart here, for ten milliseconds where it knows 10,000 principals;
    /// [`reload`](Self::reload) has it done aside.
    pub fn swap(&self, trust: TrustSnapshot, directory: Directory) -> Epoch {
        let forwarding = Arc::clone(&self.load().forwarding);
        self.exchange(trust, directory, forwarding)
    }

    /// The same, with other gateways.
    pub fn swap_all(
        &self,
        trust: TrustSnapshot,
        directory: Directory,
        forwarding: Forwarding,
    ) -> Epoch {
        self.exchange(trust, directory, Arc::new(forwarding))
    }

    fn exchange(
        &self,
        trust: TrustSnapshot,
        directory: Directory,
        forwarding: Arc<Forwarding>,
    ) -> Epoch {
        let (epoch, _before) = self.put(trust, directory, forwarding);
        self.forget();
        epoch
    }

    /// Puts a snapshot in force, and answers the one before.
    ///
    /// Both what is to be done then, to [forget](Self::forget) and to drop that one, take milliseconds where there are thousands of
    /// principals.
    pub(crate) fn put(
        &self,
        trust: TrustSnapshot,
        directory: Directory,
        forwarding: Arc<Forwarding>,
    ) -> (Epoch, Arc<Snapshot>) {
        let Shared {
            snapshot,
            own_headers,
            swapping,
            ..
        } = &*self.shared;
        let swapping = swapping.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = Epoch(self.epoch().0 + 1);
        let own = forwarding.has_own_headers();
        // Before and after: rather once more than needed.
        own_headers.fetch_or(own, Ordering::Relaxed);
        let before = snapshot.swap(Arc::new(Snapshot {
            trust,
            directory,
            forwarding,
            epoch,
            since: self.now(),
        }));
        own_headers.store(own, Ordering::Relaxed);
        self.shared.epoch.store(epoch.0, Ordering::Release);
        drop(swapping);
        self.recheck();
        (epoch, before)
    }

    /// The epoch in force, without a look at the snapshot. What was decided at it holds: whatever has been put in force has another one.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.shared.epoch.load(Ordering::Acquire))
    }

    /// Whether a gateway says who its client is in a header that nobody else uses for that.
    pub(crate) fn has_own_headers(&self) -> bool {
        self.shared.own_headers.load(Ordering::Relaxed)
    }

    /// Forgets the callers whom the snapshot in force does not know.
    pub(crate) fn forget(&self) {
        self.shared.seen.retain(self.load().directory());
    }

    /// Has every connection look at the snapshot and the clock again, in its own time, and end if its trust has
    /// ended. [`swap`](Self::swap) does it by itself; it is needed where the clock is set.
    pub fn recheck(&self) {
        self.shared.changes.send_replace(());
    }

    /// Tells of each swap and each recheck.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changes.subscribe()
    }

    /// The callers that were allowed something since the start, each with its newest certificate, in the
    /// order of their identities.
    pub fn seen(&self) -> Vec<Sighting> {
        self.shared.seen.sightings()
    }

    pub(crate) fn callers(&self) -> &Seen {
        &self.shared.seen
    }

    /// The clock by which it judges.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.clock)
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }
}

/// Trust and policy, put in force together.
#[derive(Debug)]
pub struct Snapshot {
    trust: TrustSnapshot,
    directory: Directory,
    forwarding: Arc<Forwarding>,
    epoch: Epoch,
    since: Timestamp,
}

impl Snapshot {
    /// The server's credential and its trusts.
    pub fn trust(&self) -> &TrustSnapshot {
        &self.trust
    }

    /// Who is who.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Which gateways are believed.
    pub fn forwarding(&self) -> &Forwarding {
        &self.forwarding
    }

    /// When it was put in force.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Which snapshot it is.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
}

/// The number of a snapshot: another one for each that was put in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    pub(crate) const FIRST: Self = Self(1);

    /// The number, counted from 1.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
