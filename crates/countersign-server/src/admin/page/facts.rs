//! How is it, in six numbers?

use countersign_axum::{Minute, Snapshot};
use jiff::Timestamp;
use maud::{Markup, Render, html};

use super::callers::Caller;
use super::moment::distance;
use super::{SOON, days_until, total};

pub(super) fn tiles(
    minutes: &[Minute],
    callers: &[Caller<'_>],
    snapshot: &Snapshot,
    now: Timestamp,
) -> Markup {
    let (allowed, denied) = total(minutes);
    let seen: Vec<_> = callers
        .iter()
        .flat_map(|caller| &caller.sightings)
        .collect();
    let connections: usize = seen.iter().map(|sighting| sighting.connections).sum();
    let ends_soon = |end: Timestamp| days_until(end, now) < SOON;
    let soon = seen.iter().map(|sighting| sighting.certificate.not_after());
    let soon = soon.filter(|end| ends_soon(*end)).count();
    let own = snapshot.trust().credential().certificate().not_after();
    html! {
        dl.tiles {
            (tile("Allowed in the last hour", allowed, false))
            (tile("Denied in the last hour", denied, false))
            (tile("Callers seen", callers.len(), false))
            (tile("Their connections", connections, false))
            (tile("Certificates near or past their end", soon, soon > 0))
            (tile("Our certificate ends", distance(own, now), ends_soon(own)))
        }
    }
}

/// A number, and whether it wants to be looked at.
fn tile(what: &str, value: impl Render, odd: bool) -> Markup {
    html! { div.tile .odd[odd] { dt { (what) } dd { (value) } } }
}
