//! How is it, in six numbers?

use countersign_axum::{Live, Metrics, Snapshot};
use jiff::Timestamp;
use maud::{Markup, Render, html};

use super::moment::distance;
use super::{SOON, days_until, ending};

pub(super) fn tiles(live: &Live, metrics: &Metrics, snapshot: &Snapshot, now: Timestamp) -> Markup {
    let minutes = metrics.minutes(now);
    let allowed: u64 = minutes.iter().map(|minute| minute.tally.allowed).sum();
    let denied: u64 = minutes.iter().map(|minute| minute.tally.denied).sum();
    let seen = live.seen();
    let connections: usize = seen.iter().map(|sighting| sighting.connections).sum();
    let (soon, own) = (
        ending(live, now),
        snapshot.trust().credential().certificate(),
    );
    let end = own.not_after();
    html! {
        dl.tiles {
            (tile("Allowed in the last hour", allowed, None))
            (tile("Denied in the last hour", denied, None))
            (tile("Callers seen", seen.len(), None))
            (tile("Their connections", connections, None))
            (tile("Certificates that end soon", soon, (soon > 0).then_some("look at Callers")))
            (tile("Our certificate ends", distance(end, now), (days_until(end, now) < SOON).then_some("renew it")))
        }
    }
}

/// A number; with `advice` it wants to be looked at.
fn tile(what: &str, value: impl Render, advice: Option<&str>) -> Markup {
    html! {
        div.tile .odd[advice.is_some()] {
            dt { (what) }
            dd { (value) @if let Some(advice) = advice { small { (advice) } } }
        }
    }
}
