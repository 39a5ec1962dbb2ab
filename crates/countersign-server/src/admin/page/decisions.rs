//! How many requests were decided in each minute of the last hour?

use countersign_axum::Minute;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{heading, total};

pub(super) fn section(minutes: &[Minute]) -> Markup {
    let (allowed, denied) = total(minutes);
    let most = most(minutes);
    html! {
        section aria-labelledby="decisions" {
            (heading("decisions", "Decisions per minute", "Requests of the last hour: solid is allowed, striped on top is denied."))
            (chart(minutes, most, &format!("In the last hour {allowed} requests were allowed and {denied} denied; {most} at most in one minute.")))
            p.scale { span { (clock(minutes.first())) } span { "at most " b { (most) } " in a minute" } span { (clock(minutes.last())) } }
            (table(minutes))
        }
    }
}

/// A bar for each minute, in units of its own: 60 of 10 wide, 120 high.
fn chart(minutes: &[Minute], most: u64, told: &str) -> Markup {
    html! {
        svg.chart viewBox="0 0 600 121" preserveAspectRatio="none" role="img" aria-label=(told) {
            defs {
                pattern #stripes width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.denied width="2.4" height="4" {}
                }
            }
            line.base x1="0" y1="120.5" x2="600" y2="120.5" {}
            @for (place, minute) in minutes.iter().enumerate() {
                @let (allowed, denied) = (height(minute.tally.allowed, most), height(minute.tally.denied, most));
                @let x = place * 10 + 1;
                @if allowed > 0 { rect.allowed x=(x) y=(120 - allowed) width="8" height=(allowed) {} }
                @if denied > 0 { rect x=(x) y=(120 - allowed - denied) width="8" height=(denied) fill="url(#stripes)" {} }
            }
        }
    }
}

/// The same as text; minutes without a request are left out.
fn table(minutes: &[Minute]) -> Markup {
    let some = minutes.iter().rev();
    let some: Vec<_> = some.filter(|minute| decided(minute) > 0).collect();
    html! {
        details #minutes {
            summary { "As a table" }
            table.narrow {
                caption { "Minutes in which something was decided, the newest first" }
                thead { tr { th scope="col" { "Minute (UTC)" } th.number scope="col" { "Allowed" } th.number scope="col" { "Denied" } } }
                tbody {
                    @for minute in &some {
                        tr {
                            th scope="row" { (clock(Some(minute))) }
                            td.number { (minute.tally.allowed) }
                            td.number { (minute.tally.denied) }
                        }
                    }
                    @if some.is_empty() { tr { td colspan="3" { "none" } } }
                }
            }
        }
    }
}

fn decided(minute: &Minute) -> u64 {
    minute.tally.allowed + minute.tally.denied
}

fn most(minutes: &[Minute]) -> u64 {
    minutes.iter().map(decided).max().unwrap_or(0)
}

/// Of 120; what is there at all can be seen. Both of a minute may be 2 more, which the few pixels above them bear.
fn height(requests: u64, most: u64) -> u64 {
    match requests {
        0 => 0,
        _ => (requests * 116 / most.max(1)).max(2),
    }
}

fn clock(minute: Option<&Minute>) -> String {
    let second = minute.map_or(0, |minute| minute.number * 60);
    let at = Timestamp::from_second(second).unwrap_or_default();
    at.strftime("%H:%M").to_string()
}
