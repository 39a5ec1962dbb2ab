//! What did each reload change?

use countersign_axum::audit::Outcome;
use countersign_axum::{AuditEvent, Kept, Snapshot};
use jiff::Timestamp;
use maud::{Markup, html};

use super::heading;
use super::moment::relative;

pub(super) fn section(reloads: &[Kept], snapshot: &Snapshot, now: Timestamp) -> Markup {
    let about = "The last 20 reloads, those that were refused too; the newest first.";
    html! {
        section aria-labelledby="history" {
            (heading("history", "History of snapshots", about))
            @if reloads.is_empty() {
                p.none { "No reload since the start: snapshot " (snapshot.epoch()) " is in force since " (relative(snapshot.since(), now)) "." }
            } @else { ol.history { @for kept in reloads { li { (reload(&kept.event, now)) } } } }
        }
    }
}

fn reload(event: &AuditEvent, now: Timestamp) -> Markup {
    let reload = event.reload();
    let changed = reload
        .map(|reload| reload.changed.as_slice())
        .unwrap_or_default();
    let refused = reload
        .map(|reload| reload.refused.as_slice())
        .unwrap_or_default();
    html! {
        p {
            @if event.outcome == Outcome::Applied { b { "Snapshot " (event.epoch) } }
            @else { strong.mark { "refused" } " snapshot " (event.epoch) " stayed" }
            " " span.when { (relative(event.time, now)) }
        }
        p.quiet {
            @if changed.is_empty() { "No file differs." }
            @else { "Changed: " (changed.join(", ")) }
        }
        @if let Some(detail) = event.detail() { p { (detail) } }
        @for shut in refused {
            p { "Since then " b { (shut.principal) } " is refused: " (shut.fault.detail()) }
        }
    }
}
