//! Who was allowed something, on how many connections, and when do their certificates end?

use std::collections::BTreeMap;

use countersign_axum::{Sighting, Tally};
use countersign_policy::PrincipalName;
use jiff::Timestamp;
use maud::{Markup, html};

use super::moment::{day, relative};
use super::{SOON, days_until, heading, mark};

type Tallies = BTreeMap<Option<PrincipalName>, Tally>;

/// A principal, by each of the identities by which it called: whose certificate ends first stands first.
pub(super) struct Caller<'a> {
    pub(super) principal: &'a PrincipalName,
    pub(super) sightings: Vec<&'a Sighting>,
}

impl<'a> Caller<'a> {
    /// All of them, who ends first first.
    pub(super) fn all(seen: &'a [Sighting]) -> Vec<Self> {
        let mut callers = BTreeMap::<_, Vec<_>>::new();
        for sighting in seen {
            let caller = callers.entry(&sighting.principal).or_default();
            caller.push(sighting);
        }
        let callers = callers.into_iter();
        let mut callers: Vec<_> = callers.map(|(name, seen)| Self::of(name, seen)).collect();
        callers.sort_by_key(Self::end);
        callers
    }

    fn of(principal: &'a PrincipalName, mut sightings: Vec<&'a Sighting>) -> Self {
        sightings.sort_by_key(|sighting| sighting.certificate.not_after());
        Self {
            principal,
            sightings,
        }
    }

    /// When the first of its certificates ends.
    pub(super) fn end(&self) -> Timestamp {
        let first = self.sightings.first();
        first.map_or(Timestamp::MAX, |first| first.certificate.not_after())
    }
}

pub(super) fn section(callers: &[Caller<'_>], tallies: &Tallies, now: Timestamp) -> Markup {
    let about = "Principals that were allowed something since the start, each with its newest certificates; who ends first stands first.";
    html! {
        section aria-labelledby="callers" {
            (heading("callers", "Callers and their certificates", about))
            @if callers.is_empty() { p.none { "Nobody was allowed anything yet." } }
            @else { (table(callers.iter().take(MOST), tallies, now)) }
            @if callers.len() > MOST {
                p.quiet { "And " (callers.len() - MOST) " that end later: " a href="/status" { "status" } " has them all." }
            }
        }
    }
}

/// With roles of its own: on a phone it is laid out as cards, and stays a table for who has it read.
fn table<'a>(
    callers: impl Iterator<Item = &'a Caller<'a>>,
    tallies: &Tallies,
    now: Timestamp,
) -> Markup {
    html! { table.callers role="table" aria-labelledby="callers" {
        thead role="rowgroup" { tr role="row" {
            th scope="col" role="columnheader" { "Caller" }
            th scope="col" role="columnheader" { "Certificate ends" span.scale aria-hidden="true" { span { "now" } span { "30" } span { "60" } span { "90 days" } } }
            th.number scope="col" role="columnheader" { "Connections" }
            th.number scope="col" role="columnheader" { "Allowed" }
            th.number scope="col" role="columnheader" { "Denied" }
        } }
        tbody role="rowgroup" { @for caller in callers {
            (rows(caller, tallies.get(&Some(caller.principal.clone())).copied().unwrap_or_default(), now))
        } }
    } }
}

/// A row for each identity. What is counted is the principal's, and stands beside the first for all of them.
fn rows(caller: &Caller<'_>, tally: Tally, now: Timestamp) -> Markup {
    let many = caller.sightings.len();
    let span = (many > 1).then_some(many);
    html! { @for (place, sighting) in caller.sightings.iter().enumerate() {
        tr role="row" .more[place > 0] {
            th scope="row" role="rowheader" {
                @if place == 0 { b { (caller.principal) } } @else { span.quiet { (caller.principal) ", too" } }
                small { (sighting.identity.name()) " by " (sighting.identity.trust()) }
            }
            td.end role="cell" { (ends(sighting.certificate.not_after(), now)) }
            td.number role="cell" data-what="Connections" { (sighting.connections) }
            @if place == 0 {
                td.number role="cell" rowspan=[span] data-what="Allowed" { (tally.allowed) }
                td.number role="cell" rowspan=[span] data-what="Denied" { (tally.denied) }
            }
        }
    } }
}

/// In words, and as a bar of the next 90 days.
fn ends(end: Timestamp, now: Timestamp) -> Markup {
    let days = days_until(end, now);
    let left = days.clamp(0, SPAN);
    html! {
        span.ends { (relative(end, now)) (mark(end, now)) small { (day(end)) } }
        svg.line viewBox="0 0 90 4" preserveAspectRatio="none" aria-hidden="true" {
            rect.track width="90" height="4" {}
            rect.left .soon[days < SOON] width=(left.max(1)) height="4" {}
            @for month in [30, 60] { rect.month x=(month) width=".3" height="4" {} }
        }
    }
}

/// Days.
const SPAN: i64 = 90;
/// Rows for so many.
const MOST: usize = 200;
