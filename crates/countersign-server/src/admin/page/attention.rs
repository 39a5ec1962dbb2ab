//! What should an operator see to first?

use countersign_axum::audit::Outcome;
use countersign_axum::{Kept, Snapshot};
use jiff::Timestamp;
use maud::{Markup, html};

use super::callers::Caller;
use super::moment::relative;
use super::{SOON, days_until};

/// What has ended, what ends soon, what is odd about the trusts, a reload that was refused; each with where to read on.
pub(super) fn section(
    callers: &[Caller<'_>],
    reloads: &[Kept],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Markup {
    let mut all = Vec::from_iter(ours(snapshot, now));
    all.extend(theirs(callers, now));
    all.extend(anchors(snapshot, now));
    let warnings = snapshot.trust().warnings();
    all.extend(warnings.map(|warning| item(sentence(&warning.to_string()), "trusts", "Trusts")));
    all.extend(reloads.first().and_then(|kept| refused(kept, now)));
    html! {
        @if all.is_empty() { p.calm { "Nothing is to be looked at: nothing ends within " (SOON) " days, every list is as fresh as it should be." } }
        @else { section.warnings aria-labelledby="warnings" {
            h2 #warnings { "To be looked at" }
            ul { @for one in &all { li { (one) } } }
        } }
    }
}

fn item(what: Markup, id: &str, title: &str) -> Markup {
    html! { (what) " " a href={ "#" (id) } { (title) } }
}

/// What a log says in lower case, with names in backquotes.
fn sentence(text: &str) -> Markup {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let text: String = first.into_iter().chain(letters).collect();
    html! {
        @for (place, part) in text.split('`').enumerate() { @if place % 2 == 1 { b { (part) } } @else { (part) } }
        "."
    }
}

fn ours(snapshot: &Snapshot, now: Timestamp) -> Option<Markup> {
    let end = snapshot.trust().credential().certificate().not_after();
    let word = match days_until(end, now) {
        ..0 => "ended",
        0..SOON => "ends",
        _ => return None,
    };
    Some(
        html! { "Our own certificate " (word) " " (relative(end, now)) ". Renew it: who calls refuses it." },
    )
}

/// In one line who has ended, in another who will.
fn theirs(callers: &[Caller<'_>], now: Timestamp) -> Vec<Markup> {
    let ends = callers
        .iter()
        .map(|caller| (caller.principal.to_string(), caller.end()));
    lines("Callers", ends.collect(), now)
        .into_iter()
        .map(|line| item(line, "callers", "Callers"))
        .collect()
}

fn anchors(snapshot: &Snapshot, now: Timestamp) -> Vec<Markup> {
    let trusts = snapshot.trust().trusts().iter();
    let anchors = trusts.filter_map(|trust| trust.anchors());
    let anchors = anchors.flat_map(|anchors| anchors.certificates());
    let ends = anchors.map(|anchor| (anchor.subject().to_string(), anchor.not_after()));
    lines("Anchors", ends.collect(), now)
        .into_iter()
        .map(|line| item(line, "trusts", "Trusts"))
        .collect()
}

fn lines(whose: &str, ends: Vec<(String, Timestamp)>, now: Timestamp) -> Vec<Markup> {
    let (ended, more): (Vec<_>, Vec<_>) = ends
        .into_iter()
        .filter(|(_, end)| days_until(*end, now) < SOON)
        .partition(|(_, end)| days_until(*end, now) < 0);
    let heads = [
        format!("{whose} whose certificate has ended: "),
        format!("{whose} whose certificate ends within {SOON} days: "),
    ];
    let some = heads.into_iter().zip([ended, more]);
    some.filter(|(_, names)| !names.is_empty())
        .map(|(head, names)| html! { (head) (listed(&names)) "." })
        .collect()
}

/// The first few; how many besides.
fn listed(names: &[(String, Timestamp)]) -> Markup {
    let beside = names.len().saturating_sub(FEW);
    html! {
        @for (place, (name, _)) in names.iter().take(FEW).enumerate() { @if place > 0 { ", " } b { (name) } }
        @if beside > 0 { " and " (beside) " more" }
    }
}

fn refused(kept: &Kept, now: Timestamp) -> Option<Markup> {
    let event = &kept.event;
    (event.outcome != Outcome::Applied).then(|| {
        let what = html! { "The last reload, " (relative(event.time, now)) ", was refused; snapshot " (event.epoch) " stays in force." };
        item(what, "history", "History")
    })
}

const FEW: usize = 5;
