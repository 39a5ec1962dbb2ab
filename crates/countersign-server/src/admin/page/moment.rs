//! How is a moment told to people?

use jiff::Timestamp;
use maud::{Markup, html};

/// To the second, UTC.
pub(super) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) { (exact(at)) } }
}

/// As `in 2 days` or `3 hours ago`, with the moment itself beside it for whoever points at it.
pub(super) fn relative(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) title=(exact(at)) { (distance(at, now)) } }
}

/// The day.
pub(super) fn day(at: Timestamp) -> Markup {
    let text = at.strftime("%Y-%m-%d").to_string();
    html! { time datetime=(at.to_string()) { (text) } }
}

fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

pub(super) fn distance(at: Timestamp, now: Timestamp) -> String {
    let seconds = at.as_second().saturating_sub(now.as_second());
    let (many, unit) = match seconds.unsigned_abs() {
        0..1 => return "just now".to_owned(),
        few @ ..60 => (few, "second"),
        more @ ..3_600 => (more / 60, "minute"),
        more @ ..172_800 => (more / 3_600, "hour"),
        more => (more / 86_400, "day"),
    };
    let plural = if many == 1 { "" } else { "s" };
    match seconds > 0 {
        true => format!("in {many} {unit}{plural}"),
        false => format!("{many} {unit}{plural} ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_told_in_the_largest_unit_that_is_not_too_rough() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        for (seconds, wanted) in [
            (0, "just now"),
            (1, "in 1 second"),
            (-59, "59 seconds ago"),
            (60, "in 1 minute"),
            (-3_600, "1 hour ago"),
            (47 * 3_600, "in 47 hours"),
            (48 * 3_600, "in 2 days"),
        ] {
            let at = Timestamp::from_second(1_000_000 + seconds).unwrap();
            assert_eq!(distance(at, now), wanted);
        }
    }
}
