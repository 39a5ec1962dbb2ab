//! How is it, in six numbers?

use countersign_axum::{Minute, Sighting, Snapshot};
use countersign_identity::Certificate;
use jiff::Timestamp;
use maud::{Markup, Render, html};

use super::moment::distance;
use super::{SOON, days_until, total};

pub(super) fn tiles(
    minutes: &[Minute],
    seen: &[Sighting],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Markup {
    let (allowed, denied) = total(minutes);
    let connections: usize = seen.iter().map(|sighting| sighting.connections).sum();
    let ends_soon = |certificate: &Certificate| days_until(certificate.not_after(), now) < SOON;
    let soon = seen
        .iter()
        .filter(|sighting| ends_soon(&sighting.certificate));
    let soon = soon.count();
    let own = snapshot.trust().credential().certificate();
    html! {
        dl.tiles {
            (tile("Allowed in the last hour", allowed, None))
            (tile("Denied in the last hour", denied, None))
            (tile("Callers seen", seen.len(), None))
            (tile("Their connections", connections, None))
            (tile("Certificates that end soon", soon, (soon > 0).then_some(html! { a href="#callers" { "see who" } })))
            (tile("Our certificate ends", distance(own.not_after(), now), ends_soon(own).then_some(html! { "renew it" })))
        }
    }
}

/// A number; with `advice` it wants to be looked at.
fn tile(what: &str, value: impl Render, advice: Option<Markup>) -> Markup {
    html! {
        div.tile .odd[advice.is_some()] {
            dt { (what) }
            dd { (value) @if let Some(advice) = advice { small { (advice) } } }
        }
    }
}
