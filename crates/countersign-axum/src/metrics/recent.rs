//! What happened last, and what was decided in each minute of the last hour?

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use crate::AuditEvent;
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

/// How often something was done for a principal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Acts {
    /// How often it was done.
    pub done: u64,
    /// How often it was not.
    pub refused: u64,
    /// When it was last done.
    pub last: Option<Timestamp>,
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

/// An event that is kept for a while.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Kept {
    /// Which one it is of its kind since the start, counted from 1: no other has it, whatever their times.
    pub number: u64,
    /// What happened.
    pub event: Arc<AuditEvent>,
}

/// The last events of a kind.
#[derive(Debug, Default)]
pub(super) struct Last {
    kept: VecDeque<Kept>,
    numbers: u64,
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

impl Acts {
    pub(super) fn note(&mut self, event: &AuditEvent) {
        match event.outcome {
            Outcome::Allowed => {
                self.done += 1;
                self.last = Some(event.time);
            }
            _ => self.refused += 1,
        }
    }
}

impl Last {
    /// Keeps `event`, and no more than `most`.
    pub(super) fn keep(&mut self, event: &AuditEvent, most: usize) {
        if self.kept.len() >= most {
            self.kept.pop_front();
        }
        self.numbers += 1;
        self.kept.push_back(Kept {
            number: self.numbers,
            event: Arc::new(event.clone()),
        });
    }

    pub(super) fn newest_first(&self) -> Vec<Kept> {
        self.kept.iter().rev().cloned().collect()
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
    use crate::Epoch;
    use crate::audit::EventKind;

    #[test]
    fn of_events_of_one_moment_each_has_a_number_of_its_own_and_keeps_it() {
        let mut last = Last::default();
        let (kind, outcome, now) = (EventKind::Request, Outcome::Denied, Timestamp::UNIX_EPOCH);
        let event = AuditEvent::new(kind, outcome, now, Epoch::FIRST);
        let numbers = |last: &Last| {
            let kept = last.newest_first().into_iter();
            kept.map(|kept| kept.number).collect::<Vec<_>>()
        };
        for _ in 0..3 {
            last.keep(&event, 3);
        }
        assert_eq!(numbers(&last), [3, 2, 1]);
        last.keep(&event, 3);
        assert_eq!(numbers(&last), [4, 3, 2]);
    }

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
