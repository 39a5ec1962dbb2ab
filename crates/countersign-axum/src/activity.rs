use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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
    now: AtomicUsize,
}

impl Activity {
    /// Notes a request, which is being answered until its [`end`](Self::end).
    pub(crate) fn begin(&self) {
        self.counts.begun.fetch_add(1, Ordering::Relaxed);
        self.counts.now.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a request is answered.
    pub(crate) fn end(&self) {
        self.counts.now.fetch_sub(1, Ordering::Relaxed);
    }

    /// Begins to look: for the first request, within `first`, and for the next ones, each within `next`.
    pub(crate) fn pulse(&self, first: Duration, next: Duration, now: Instant) -> Pulse {
        let next = next.min(LONG);
        Pulse {
            silent: Some(now + first.min(LONG)),
            next,
            idle: now + next,
            before: self.begun(),
        }
    }

    fn begun(&self) -> u64 {
        self.counts.begun.load(Ordering::Relaxed)
    }

    fn is_busy(&self) -> bool {
        self.counts.now.load(Ordering::Relaxed) > 0
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
}

/// How long it has been quiet for.
pub(crate) enum Quiet {
    /// There was no request in the time for the first one.
    Never,
    /// There was none for the time after which a connection counts as idle.
    Ceased,
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
        let silent = self.silent.unwrap_or(self.idle);
        Quiet::No(silent.min(self.idle))
    }
}

const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_quiet_once_too_long_and_not_before() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let word = |quiet| match quiet {
            Quiet::Never => "never".to_owned(),
            Quiet::Ceased => "ceased".to_owned(),
            Quiet::No(next) => (next - begin).as_secs().to_string(),
        };
        let (first, next) = (Duration::from_secs(30), Duration::from_secs(300));
        let activity = Activity::default();
        let mut pulse = activity.pulse(first, next, begin);
        let mut look = |seconds| word(pulse.look(&activity, at(seconds)));
        assert_eq!(look(0), "30");
        assert_eq!(look(29), "30");
        assert_eq!(look(30), "never");
        let mut pulse = activity.pulse(first, next, begin);
        let mut look = |seconds| word(pulse.look(&activity, at(seconds)));
        activity.begin();
        activity.end();
        for (seconds, next) in [(30, "300"), (299, "300"), (300, "600")] {
            assert_eq!(look(seconds), next);
        }
        activity.begin();
        for (seconds, next) in [(600, "900"), (900, "1200"), (1200, "1500")] {
            assert_eq!(look(seconds), next);
        }
        activity.end();
        assert_eq!(look(1500), "ceased");
    }
}
