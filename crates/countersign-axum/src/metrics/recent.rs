//! What was decided in each minute of the last hour?

use jiff::Timestamp;

use crate::audit::Outcome;

/// How many requests were decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Callers that might.
    pub allowed: u64,
    /// Callers that might not.
    pub denied: u64,
}

/// What was decided within a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Minute {
    /// Which minute, counted from 1970.
    pub number: i64,
    /// How many requests were decided in it.
    pub tally: Tally,
}

/// A ring of minutes: each writes over the one an hour before it.
#[derive(Debug)]
pub(super) struct LastHour {
    minutes: [Minute; 60],
}

impl Default for LastHour {
    fn default() -> Self {
        Self {
            minutes: [Minute::default(); 60],
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, outcome: Outcome, requests: u64) {
        match outcome {
            Outcome::Allowed => self.allowed += requests,
            _ => self.denied += requests,
        }
    }
}

impl LastHour {
    pub(super) fn note(&mut self, time: Timestamp, outcome: Outcome) {
        let number = number(time);
        let Some(minute) = self.minutes.get_mut(place(number)) else {
            return;
        };
        if minute.number != number {
            *minute = Minute {
                number,
                tally: Tally::default(),
            };
        }
        minute.tally.add(outcome, 1);
    }

    pub(super) fn until(&self, now: Timestamp) -> Vec<Minute> {
        let last = number(now);
        let numbers = last - 59..=last;
        numbers.map(|number| self.minute(number)).collect()
    }

    fn minute(&self, number: i64) -> Minute {
        let tally = Tally::default();
        let minute = self.minutes.get(place(number));
        let minute = minute.filter(|minute| minute.number == number);
        minute.copied().unwrap_or(Minute { number, tally })
    }
}

fn number(time: Timestamp) -> i64 {
    time.as_second().div_euclid(60)
}

fn place(number: i64) -> usize {
    usize::try_from(number.rem_euclid(60)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_forgotten_after_an_hour() {
        let mut hour = LastHour::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        hour.note(at(6_000), Outcome::Allowed);
        hour.note(at(6_059), Outcome::Denied);
        hour.note(at(6_060), Outcome::Allowed);
        let decided = |second| {
            let minutes = hour.until(at(second)).into_iter();
            let tallies = minutes.map(|minute| (minute.tally.allowed, minute.tally.denied));
            tallies.filter(|tally| *tally != (0, 0)).collect::<Vec<_>>()
        };
        assert_eq!(decided(6_061), [(1, 1), (1, 0)]);
        assert_eq!(decided(6_000 + 59 * 60), [(1, 1), (1, 0)]);
        assert_eq!(decided(6_000 + 60 * 60), [(1, 0)]);
        assert_eq!(decided(6_000 + 61 * 60), []);
        hour.note(at(6_000 + 3_600), Outcome::Denied);
        assert_eq!(hour.until(at(9_600)).len(), 60);
        assert_eq!(hour.until(at(9_600)).last().unwrap().tally.denied, 1);
    }
}
