use std::sync::{Mutex, PoisonError};

use countersign_tls::Clock;
use jiff::{SignedDuration, Timestamp};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct StandingClock(Mutex<Timestamp>);

impl StandingClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it on.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.now()
    }
}
