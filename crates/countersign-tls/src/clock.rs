use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

/// What time it is. Tests pass one that stands still, or that they move.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// `clock`, as rustls asks for it.
pub fn time_provider(clock: Arc<dyn Clock>) -> Arc<dyn TimeProvider> {
    Arc::new(RustlsClock(clock))
}

#[derive(Debug)]
struct RustlsClock(Arc<dyn Clock>);

impl TimeProvider for RustlsClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(to_unix_time(self.0.now()))
    }
}

/// Whole seconds; a time before 1970 becomes 1970, when nothing of ours is valid yet.
pub(crate) fn to_unix_time(time: Timestamp) -> UnixTime {
    let seconds = u64::try_from(time.as_second()).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// A time after the year 9999 becomes the last one that can be told.
pub fn from_unix_time(time: UnixTime) -> Timestamp {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}
