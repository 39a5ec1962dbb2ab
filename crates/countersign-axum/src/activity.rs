use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::Limits;

/// Whether a client still makes requests.
///
/// One that shakes hands and then says nothing would otherwise be kept for ever: hyper waits for the
/// HTTP/2 preface without a limit, and keeps an HTTP/2 connection without requests.
#[derive(Clone, Default)]
pub(crate) struct Activity {
    requests: Arc<AtomicU64>,
}

impl Activity {
    /// Notes a request.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins to look.
    pub(crate) fn pulse(&self, limits: &Limits, now: Instant) -> Pulse {
        Pulse {
            silent: Some(now + limits.headers.min(LONG)),
            idle: now + limits.idle.min(LONG),
            before: self.count(),
        }
    }

    fn count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

/// When the next request must have come.
pub(crate) struct Pulse {
    /// The first of all; none once it came in time.
    silent: Option<Instant>,
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
    pub(crate) fn look(&mut self, activity: &Activity, limits: &Limits, now: Instant) -> Quiet {
        let count = activity.count();
        if self.silent.is_some_and(|silent| now >= silent) {
            self.silent = None;
            if count == 0 {
                return Quiet::Never;
            }
        }
        if now >= self.idle {
            if count == self.before {
                return Quiet::Ceased;
            }
            self.before = count;
            self.idle = now + limits.idle.min(LONG);
        }
        Quiet::No(
            self.silent
                .map_or(self.idle, |silent| silent.min(self.idle)),
        )
    }
}

const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_quiet_once_too_long_and_not_before() {
        let limits = Limits {
            headers: Duration::from_secs(30),
            idle: Duration::from_secs(300),
            ..Limits::default()
        };
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let word = |quiet| match quiet {
            Quiet::Never => "never".to_owned(),
            Quiet::Ceased => "ceased".to_owned(),
            Quiet::No(next) => (next - begin).as_secs().to_string(),
        };
        let activity = Activity::default();
        let mut pulse = activity.pulse(&limits, begin);
        let mut look = |seconds| word(pulse.look(&activity, &limits, at(seconds)));
        assert_eq!(look(0), "30");
        assert_eq!(look(29), "30");
        assert_eq!(look(30), "never");
        let mut pulse = activity.pulse(&limits, begin);
        let mut look = |seconds| word(pulse.look(&activity, &limits, at(seconds)));
        activity.request();
        for (seconds, next) in [(30, "300"), (299, "300"), (300, "600")] {
            assert_eq!(look(seconds), next);
        }
        activity.request();
        assert_eq!(look(600), "900");
        assert_eq!(look(900), "ceased");
    }
}
