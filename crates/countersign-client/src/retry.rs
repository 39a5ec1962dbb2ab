use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Request, StatusCode};

use crate::{Error, Kind};

/// How often a call is repeated that failed for reasons which may pass, and after which pauses.
///
/// Repeated is what is safe to repeat: a request that the server cannot have seen, and one that is
/// idempotent (RFC 9110, section 9.2.2, or marked as such). A refused certificate, a denial and a
/// server that is not trusted do not pass.
///
/// ```
/// use std::time::Duration;
/// use countersign_client::Retry;
///
/// let retry = Retry::times(3).pauses(Duration::from_millis(50), Duration::from_secs(2));
/// # let _ = retry;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    times: u32,
    first: Duration,
    most: Duration,
}

impl Retry {
    /// At most so many times, with pauses from 100 ms to 5 s.
    pub const fn times(times: u32) -> Self {
        Self {
            times,
            first: Duration::from_millis(100),
            most: Duration::from_secs(5),
        }
    }

    /// With pauses that begin here and double up to there; each is shortened by up to a half, so
    /// that many clients do not come back at once. A longer `Retry-After` is not waited for.
    #[must_use]
    pub const fn pauses(mut self, first: Duration, most: Duration) -> Self {
        self.first = first;
        self.most = most;
        self
    }

    /// How long to wait before the repetition after `done` of them, or that there is none.
    pub(crate) fn pause(&self, done: u32, error: &Error, idempotent: bool) -> Option<Duration> {
        if done >= self.times || !may_pass(error.kind()) {
            return None;
        }
        if !idempotent && !error.is_safe_to_retry() {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return (asked <= self.most).then_some(asked);
        }
        let factor = 1_u32.checked_shl(done).unwrap_or(u32::MAX);
        let pause = self.first.saturating_mul(factor).min(self.most);
        Some(shortened(pause, 2))
    }
}

fn may_pass(kind: &Kind) -> bool {
    match kind {
        Kind::Transport(_) => true,
        Kind::Status { status, .. } => matches!(
            *status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        ),
        _ => false,
    }
}

/// By method, or because a key lets the server tell a repetition from a second request.
pub(crate) fn is_idempotent(request: &Request) -> bool {
    let by_method = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE | Method::TRACE
    );
    by_method || request.headers().contains_key("idempotency-key")
}

/// Seconds; a date is not read.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("retry-after")?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

/// Shortened by up to one part of so many, at random.
pub(crate) fn shortened(pause: Duration, parts: u32) -> Duration {
    // Its seed is random, and nothing here has to be unpredictable.
    let random = u32::try_from(RandomState::new().hash_one(0_u8) >> 32).unwrap_or_default();
    let share = f64::from(random) / f64::from(u32::MAX) / f64::from(parts);
    pause.mul_f64(1.0 - share)
}

#[cfg(test)]
mod tests {
    use countersign_problem::{Code, Problem};

    use super::*;
    use crate::TransportFault;

    const RETRY: Retry = Retry::times(9).pauses(Duration::from_millis(100), Duration::from_secs(1));

    fn closed() -> Error {
        Error::new(Kind::Transport(TransportFault::Closed))
    }

    #[test]
    fn what_is_not_safe_is_not_repeated() {
        assert_eq!(RETRY.pause(0, &closed(), false), None);
        assert!(RETRY.pause(0, &closed(), true).is_some());
        assert!(RETRY.pause(0, &closed().unsent(true), false).is_some());
    }

    #[test]
    fn what_does_not_pass_is_not_repeated() {
        let problem = Problem::new(Code::PermissionMissing, "no", "1");
        let denied = Error::new(Kind::Denied(problem));
        assert_eq!(RETRY.pause(0, &denied, true), None);
        let status = |status| {
            Error::new(Kind::Status {
                status,
                problem: None,
            })
        };
        assert_eq!(RETRY.pause(0, &status(StatusCode::NOT_FOUND), true), None);
        assert!(
            RETRY
                .pause(0, &status(StatusCode::BAD_GATEWAY), true)
                .is_some()
        );
    }

    #[test]
    fn pauses_double_up_to_the_limit_and_are_shortened_by_up_to_a_half() {
        for (done, full) in [(0, 100), (1, 200), (2, 400), (3, 800), (4, 1000), (8, 1000)] {
            let pause = RETRY.pause(done, &closed(), true).unwrap();
            let full = Duration::from_millis(full);
            assert!((full / 2..=full).contains(&pause), "{done}: {pause:?}");
        }
        assert_eq!(RETRY.pause(9, &closed(), true), None);
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for_within_the_limit() {
        let busy = |seconds| closed().retry_after_of(Some(Duration::from_secs(seconds)));
        let second = Duration::from_secs(1);
        assert_eq!(RETRY.pause(0, &busy(1), true), Some(second));
        assert_eq!(RETRY.pause(0, &busy(2), true), None);
    }
}
