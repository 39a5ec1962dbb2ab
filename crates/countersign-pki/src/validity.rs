//! From when until when? The two dates of a certificate, and the lifetime they come from.
//!
//! Nothing here reads a clock: `now` is always an argument.

use std::fmt;

use jiff::Timestamp;
use time::OffsetDateTime;

use crate::error::IssueError;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// How long a certificate lives or a list counts from now, in whole seconds. It prints as it is read.
///
/// ```
/// use countersign_pki::Lifetime;
///
/// assert_eq!(Lifetime::parse("24h")?.to_string(), "1d");
/// assert!(Lifetime::parse("a week").is_err());
/// # Ok::<(), &'static str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(i64);

impl Lifetime {
    pub(crate) const ROOT: Self = Self(10 * YEAR);
    pub(crate) const INTERMEDIATE: Self = Self(2 * YEAR);
    pub(crate) const LEAF: Self = Self(30 * DAY);
    /// How long a revocation list counts.
    pub(crate) const LIST: Self = Self(7 * DAY);
    /// How far back a certificate starts, so that a clock that is a little behind accepts it.
    pub(crate) const BACKDATE: Self = Self(5 * MINUTE);
    const LONGEST: Self = Self(100 * YEAR);

    pub(crate) fn seconds(self) -> i64 {
        self.0
    }

    /// Reads `90m`, `12h`, `30d` or `2y`: more than nothing, and at most 100 years.
    ///
    /// # Errors
    /// The reason why it is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match Self::parse_any(text)? {
            Self(0) => Err("a lifetime of nothing"),
            lifetime => Ok(lifetime),
        }
    }

    /// As [`Lifetime::parse`], and `0m` too: no backdating at all.
    pub(crate) fn parse_any(text: &str) -> Result<Self, &'static str> {
        const WANTED: &str = "write a number and a unit: `90m`, `12h`, `30d` or `2y`";
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text.strip_prefix(digits) {
            Some("m") => MINUTE,
            Some("h") => HOUR,
            Some("d") => DAY,
            Some("y") => YEAR,
            _ => return Err(WANTED),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WANTED);
        }
        let seconds = digits.parse::<i64>().ok().and_then(|n| n.checked_mul(unit));
        match seconds {
            Some(seconds) if seconds <= Self::LONGEST.0 => Ok(Self(seconds)),
            _ => Err("longer than 100 years"),
        }
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s % DAY == 0 => write!(f, "{}d", s / DAY),
            s if s % HOUR == 0 => write!(f, "{}h", s / HOUR),
            s => write!(f, "{}m", s / MINUTE),
        }
    }
}

/// A moment: one of the calendar, or so long before or after now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    /// In so many seconds; negative if it is over.
    In(i64),
}

impl When {
    /// Reads `-30d`, `+1h` or `2030-01-01T00:00:00Z`; the error is the reason.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (sign, rest) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(rest), _) => (-1, rest),
            (_, Some(rest)) => (1, rest),
            _ => {
                let at = text.parse().map(Self::At);
                return at.map_err(
                    |_| "write a time such as `2030-01-01T00:00:00Z`, or one before or after now: `-1h`, `+30d`",
                );
            }
        };
        Lifetime::parse_any(rest).map(|lifetime| Self::In(sign * lifetime.0))
    }

    /// That moment, cut to whole seconds as X.509 knows them.
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => timestamp(at.as_second()),
            Self::In(seconds) => timestamp(now.as_second().saturating_add(seconds)),
        }
    }
}

/// The first and the last moment at which a certificate is good, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
}

impl Validity {
    /// Exactly these dates, cut to whole seconds as X.509 knows them.
    pub(crate) fn between(from: Timestamp, until: Timestamp) -> Self {
        Self::of_seconds(from.as_second(), until.as_second())
    }

    /// From a little before `now` until the end of the lifetime.
    pub(crate) fn starting(now: Timestamp, lifetime: Lifetime) -> Self {
        Self::backdated(now, Lifetime::BACKDATE, lifetime)
    }

    /// From that long before `now` until the end of the lifetime.
    pub(crate) fn backdated(now: Timestamp, backdate: Lifetime, lifetime: Lifetime) -> Self {
        let now = now.as_second();
        Self::of_seconds(
            now.saturating_sub(backdate.0),
            now.saturating_add(lifetime.0),
        )
    }

    /// Dates outside what jiff can hold become the nearest that it can: the "no well-defined
    /// expiry" of RFC 5280, 9999-12-31T23:59:59Z, is one of them.
    pub(crate) fn of_seconds(from: i64, until: i64) -> Self {
        Self {
            from: timestamp(from),
            until: timestamp(until),
        }
    }

    /// The part of it that lies within `outer`; empty if none does.
    pub(crate) fn within(self, outer: Self) -> Self {
        Self {
            from: self.from.max(outer.from),
            until: self.until.min(outer.until),
        }
    }

    /// How long it is, in seconds.
    pub(crate) fn length(self) -> i64 {
        self.until.as_second().saturating_sub(self.from.as_second())
    }

    pub(crate) fn is_empty(self) -> bool {
        self.until <= self.from
    }

    /// The dates for rcgen, which validates nothing and writes any year as it comes.
    pub(crate) fn to_dates(self) -> Result<(OffsetDateTime, OffsetDateTime), IssueError> {
        let Self { from, until } = self;
        if self.is_empty() {
            return Err(IssueError::ValidityEmpty { from, until });
        }
        let date = |t: Timestamp| OffsetDateTime::from_unix_timestamp(t.as_second()).ok();
        match (date(from), date(until)) {
            (Some(first), Some(last)) if first.year() >= 1950 => Ok((first, last)),
            _ => Err(IssueError::ValidityOutOfRange { from, until }),
        }
    }
}

/// A part of a lifetime: `1/3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    part: u32,
    whole: u32,
}

impl Share {
    pub(crate) const THIRD: Self = Self { part: 1, whole: 3 };

    /// Reads `1/3`: more than nothing and less than all; the error is the reason.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<u32>().ok().filter(|_| plain)
        };
        let parts = text.split_once('/');
        let parts = parts.and_then(|(part, whole)| Some((number(part)?, number(whole)?)));
        match parts {
            Some((part, whole)) if 0 < part && part < whole => Ok(Self { part, whole }),
            Some(_) => Err("it lies between nothing and all: `1/3`"),
            None => Err("write a part of the lifetime: `1/3`"),
        }
    }

    /// That part of so many seconds.
    pub(crate) fn of(self, seconds: i64) -> i64 {
        let part = i128::from(seconds) * i128::from(self.part) / i128::from(self.whole);
        // A part is less than the whole, so it fits.
        i64::try_from(part).unwrap_or(seconds)
    }
}

fn timestamp(second: i64) -> Timestamp {
    let limit = if second < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_second(second).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_read_and_print() {
        for (text, printed) in [
            ("90m", "90m"),
            ("120m", "2h"),
            ("24h", "1d"),
            ("30d", "30d"),
            ("2y", "730d"),
        ] {
            assert_eq!(Lifetime::parse(text).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn lifetimes_are_strict() {
        for text in [
            "",
            "d",
            "30",
            "30 d",
            " 30d",
            "+30d",
            "-30d",
            "1.5d",
            "30days",
            "30D",
            "0d",
            "101y",
            "99999999999999999999y",
            "1d12h",
            "٣d",
        ] {
            assert!(Lifetime::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_is_of_the_calendar_or_counts_from_now() {
        let now: Timestamp = "2026-08-01T12:00:00.5Z".parse().unwrap();
        for (text, moment) in [
            ("-1h", "2026-08-01T11:00:00Z"),
            ("+30d", "2026-08-31T12:00:00Z"),
            ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
        ] {
            assert_eq!(When::parse(text).unwrap().from(now).to_string(), moment);
        }
        for text in ["", "1h", "-", "- 1h", "--1h", "2030-01-01", "yesterday"] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        assert_eq!(Share::parse("1/3"), Ok(Share::THIRD));
        assert_eq!(Share::parse("2/3").unwrap().of(90), 60);
        for text in [
            "", "1", "0/3", "3/3", "4/3", "1/0", "+1/3", "1 / 3", "1/3/3", "-1/3",
        ] {
            assert!(Share::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_end_of_time_saturates() {
        let validity = Validity::starting(Timestamp::MAX, Lifetime::ROOT);
        assert_eq!(validity.until.as_second(), Timestamp::MAX.as_second());
        assert!(validity.to_dates().is_ok());
    }
}
