use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Whether a client still makes requests.
///
/// One that shakes hands and then says nothing, or that lets a head drip, would otherwise be kept for ever: hyper waits for the
/// HTTP/2 preface without a limit, and keeps a connection without requests. It could look at heads of HTTP/1.1 itself, with
/// a timer for each request.
#[derive(Clone, Default)]
pub(crate) struct Activity {
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    ended: AtomicU64,
    /// Something was written and not sent yet; of HTTP/1.1.
    unsent: AtomicBool,
}

impl Activity {
    /// Notes a request, which is being answered until its [`end`](Self::end): until there is no more of the answer's body.
    pub(crate) fn begin(&self) {
        self.counts.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a request is answered.
    pub(crate) fn end(&self) {
        self.counts.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that something is written.
    pub(crate) fn writes(&self) {
        self.counts.unsent.store(true, Ordering::Relaxed);
    }

    /// Notes that all that was written is sent.
    pub(crate) fn sent(&self) {
        self.counts.unsent.store(false, Ordering::Relaxed);
    }

    /// Begins to look: for the first request, within `first`, and for the next ones, each within `next`.
    pub(crate) fn pulse(&self, first: Duration, next: Duration, now: Instant) -> Pulse {
        let next = next.min(LONG);
        Pulse {
            silent: Some(now + first.min(LONG)),
            next,
            idle: now + next,
            before: self.begun(),
            calm: now + CALM,
            last: 0,
            rested: 0,
        }
    }

    fn begun(&self) -> u64 {
        self.counts.begun.load(Ordering::Relaxed)
    }

    fn is_busy(&self) -> bool {
        self.counts.ended.load(Ordering::Relaxed) != self.begun()
    }

    /// Whether all that was asked is answered, to the last byte.
    pub(crate) fn is_settled(&self) -> bool {
        !self.is_busy() && !self.counts.unsent.load(Ordering::Relaxed)
    }
}

/// When the next request must have come.
pub(crate) struct Pulse {
    /// The first of all; none once it came in time.
    silent: Option<Instant>,
    next: Duration,
    /// Another one, after those that were there before.
    idle: Instant,
    before: u64,
    /// When to look whether it is calm, how many there were the last time, and how many when it was found to be.
    calm: Instant,
    last: u64,
    rested: u64,
}

/// How long it has been quiet for.
pub(crate) enum Quiet {
    /// There was no request in the time for the first one.
    Never,
    /// There was none for the time after which a connection counts as idle.
    Ceased,
    /// There was none for a while, and all before are answered; told once, until there is another one.
    Calm,
    /// Not too long; it is to be looked at again at that time.
    No(Instant),
}

impl Pulse {
    pub(crate) fn look(&mut self, activity: &Activity, now: Instant) -> Quiet {
        let begun = activity.begun();
        if self.silent.is_some_and(|silent| now >= silent) {
            self.silent = None;
            if begun == 0 {
                return Quiet::Never;
            }
        }
        if now >= self.idle {
            if begun == self.before && !activity.is_busy() {
                return Quiet::Ceased;
            }
            self.before = begun;
            self.idle = now + self.next;
        }
        if now >= self.calm && self.is_calm(activity, begun, now) {
            return Quiet::Calm;
        }
        let silent = self.silent.unwrap_or(self.idle);
        Quiet::No(silent.min(self.idle).min(self.calm))
    }

    fn is_calm(&mut self, activity: &Activity, begun: u64, now: Instant) -> bool {
        let is_still = std::mem::replace(&mut self.last, begun) == begun;
        let is_calm = is_still && begun != self.rested && activity.is_settled();
        if is_calm {
            self.rested = begun;
        }
        // Of one that rests there is nothing to see before it counts as idle.
        self.calm = match begun == self.rested {
            true => self.idle,
            false => now + CALM,
        };
        is_calm
    }
}

const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// Much longer than the pauses of a client that is at work.
const CALM: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that is looked at, at seconds from its begin.
    struct Looked {
        activity: Activity,
        pulse: Pulse,
        begin: Instant,
    }

    impl Looked {
        fn new() -> Self {
            let (activity, begin) = (Activity::default(), Instant::now());
            let (first, next) = (Duration::from_secs(30), Duration::from_secs(300));
            let pulse = activity.pulse(first, next, begin);
            Self {
                activity,
                pulse,
                begin,
            }
        }

        fn ask(&self) {
            self.activity.begin();
            self.activity.end();
        }

        /// What is found, or when to look again.
        fn look(&mut self, seconds: u64) -> String {
            let now = self.begin + Duration::from_secs(seconds);
            match self.pulse.look(&self.activity, now) {
                Quiet::Never => "never".to_owned(),
                Quiet::Ceased => "ceased".to_owned(),
                Quiet::Calm => "calm".to_owned(),
                Quiet::No(next) => (next - self.begin).as_secs().to_string(),
            }
        }
    }

    #[test]
    fn one_on_which_nothing_is_ever_asked_is_found_in_time() {
        let mut looked = Looked::new();
        for (seconds, found) in [(0, "5"), (5, "30"), (29, "30"), (30, "never")] {
            assert_eq!(looked.look(seconds), found);
        }
    }

    #[test]
    fn one_on_which_nothing_is_asked_any_more_is_found_to_be_calm_once_and_then_to_have_ceased() {
        let mut looked = Looked::new();
        assert_eq!(looked.look(0), "5");
        looked.ask();
        for (seconds, found) in [
            (5, "10"),
            (10, "calm"),
            (10, "30"),
            (30, "300"),
            (300, "600"),
        ] {
            assert_eq!(looked.look(seconds), found);
        }
        looked.ask();
        for (seconds, found) in [(600, "605"), (605, "calm"), (605, "900"), (900, "ceased")] {
            assert_eq!(looked.look(seconds), found);
        }
    }

    #[test]
    fn one_whose_requests_are_under_way_is_neither_calm_nor_idle() {
        let mut looked = Looked::new();
        looked.activity.begin();
        for (seconds, found) in [(30, "35"), (300, "305"), (600, "605")] {
            assert_eq!(looked.look(seconds), found);
        }
        looked.activity.end();
        looked.activity.writes();
        assert_eq!(looked.look(605), "610");
        looked.activity.sent();
        assert_eq!(looked.look(610), "calm");
        assert_eq!(looked.look(900), "ceased");
    }
}
