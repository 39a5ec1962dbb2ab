//! Whom do we believe, and are their lists fresh?

use countersign_axum::{Snapshot, Trust};
use countersign_identity::Certificate;
use countersign_tls::RevocationList;
use jiff::Timestamp;
use maud::{Markup, html};

use super::moment::{day, relative};
use super::{heading, mark};
use crate::admin::document::word;

pub(super) fn section(snapshot: &Snapshot, now: Timestamp) -> Markup {
    let about = "Who may vouch for callers, and the revocation lists by which they take that back.";
    html! {
        section aria-labelledby="trusts" {
            (heading("trusts", "Trusts", about))
            div.cards { @for trust in snapshot.trust().trusts() { (card(trust, now)) } }
        }
    }
}

fn card(trust: &Trust, now: Timestamp) -> Markup {
    let anchors = trust.anchors().into_iter();
    let anchors = anchors.flat_map(|anchors| anchors.certificates());
    html! {
        article.card {
            h3 { (trust.name()) }
            p.quiet {
                "revocation " code { (word(trust.revocation())) }
                @if !trust.block_list().is_empty() { ", " (trust.block_list().len()) " blocked" }
            }
            ul {
                @for anchor in anchors { li { (certificate(anchor, now)) } }
                @if let Some(pins) = trust.pins() { li { (pins.len()) " keys that are pinned" } }
                @for list in trust.revocation_lists() { li { (revocation(list, now)) } }
            }
        }
    }
}

fn certificate(anchor: &Certificate, now: Timestamp) -> Markup {
    let end = anchor.not_after();
    html! {
        span.kind { "Anchor" }
        b { (anchor.subject()) }
        small { "ends " (day(end)) ", " (relative(end, now)) }
        (mark(end, now))
    }
}

fn revocation(list: &RevocationList, now: Timestamp) -> Markup {
    let stale = now.as_second() > list.next_update().as_second();
    html! {
        span.kind { "List" }
        b { (list.issuer()) }
        @if stale {
            strong.mark { "stale" }
            small { "since " (day(list.next_update())) ", " (relative(list.next_update(), now)) }
        } @else {
            span.fine { "fresh" }
            small { "the next is due " (relative(list.next_update(), now)) }
        }
        small { (list.len()) " revoked, issued " (relative(list.this_update(), now)) }
    }
}
