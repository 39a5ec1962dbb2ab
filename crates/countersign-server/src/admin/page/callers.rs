//! Who was allowed something, on how many connections, and when do their certificates end?

use std::collections::BTreeMap;

use countersign_axum::{Sighting, Tally};
use countersign_policy::PrincipalName;
use jiff::Timestamp;
use maud::{Markup, html};

use super::moment::{day, relative};
use super::{SOON, days_until, heading};

type Tallies = BTreeMap<Option<PrincipalName>, Tally>;

/// Of those who were `seen`, in the order in which their certificates end.
pub(super) fn section(seen: &[Sighting], tallies: &Tallies, now: Timestamp) -> Markup {
    let about = "Principals that were allowed something since the start, each with its newest certificate; who ends first stands first.";
    html! {
        section aria-labelledby="callers" {
            (heading("callers", "Callers and their certificates", about))
            @if seen.is_empty() { p { "Nobody was allowed anything yet." } }
            @else { table.callers {
                caption { "Callers, their certificates, connections held, requests since the start" }
                thead { tr {
                    th scope="col" { "Caller" }
                    th scope="col" { "Certificate ends" }
                    th.number scope="col" { "Held" }
                    th.number scope="col" { "Allowed" }
                    th.number scope="col" { "Denied" }
                } }
                tbody { @for sighting in seen {
                    (row(sighting, tallies.get(&Some(sighting.principal.clone())).copied().unwrap_or_default(), now))
                } }
            } }
        }
    }
}

fn row(sighting: &Sighting, tally: Tally, now: Timestamp) -> Markup {
    html! { tr {
        th scope="row" {
            b { (sighting.principal) }
            small { (sighting.identity.name()) " by " (sighting.identity.trust()) }
        }
        td { (ends(sighting.certificate.not_after(), now)) }
        td.number { (sighting.connections) }
        td.number { (tally.allowed) }
        td.number { (tally.denied) }
    } }
}

/// In words, and as a bar of the next 90 days.
fn ends(end: Timestamp, now: Timestamp) -> Markup {
    let days = days_until(end, now);
    let left = days.clamp(0, SPAN);
    html! {
        span.ends {
            (relative(end, now))
            @if days < 0 { strong.mark { "ended" } } @else if days < SOON { strong.mark { "soon" } }
            small { (day(end)) }
        }
        svg.line viewBox="0 0 90 4" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="90" height="4" {}
            rect.left .soon[days < SOON] width=(left.max(1)) height="4" {}
        }
    }
}

/// Days.
const SPAN: i64 = 90;
