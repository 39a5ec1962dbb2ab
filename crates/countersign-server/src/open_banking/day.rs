//! Which day is it, in the bank's books?

use jiff::civil::Date;
use jiff::{Timestamp, tz::Offset};

/// Reads `2026-08-01`, and nothing else that a library would take for a day.
pub(crate) fn day(text: &str) -> Result<Date, &'static str> {
    let day = text.parse::<Date>().ok();
    let day = day.filter(|day| day.to_string() == text);
    day.ok_or("a day is written as `2026-08-01`")
}

/// The day of a moment, by the clock of the bank: UTC.
pub(crate) fn day_of(time: Timestamp) -> Date {
    Offset::UTC.to_datetime(time).date()
}
