//! How is it told what was done?

use std::path::Path;

use countersign_pki::{
    Action, Change, Changes, Entry, IssueError, ListEntry, Plan, Reason, Report, Store, StoreError,
};
use serde_json::{Value, json};

use crate::ui::{self, Progress};

/// Applies, and shows on a terminal how far it is if there is much to do.
pub(super) fn apply(store: &Store, plan: &Plan) -> Result<Report, StoreError> {
    let progress = Progress::new("certificates", plan.looked_after().count());
    store.apply_telling(plan, |_| progress.step())
}

/// Says what was made, what was there, and until when it lasts.
pub(crate) fn tell(dir: &Path, report: &Report) {
    let is_new = |entry: &&Entry| matches!(entry.action, Action::Created | Action::Completed);
    for entry in report.changes().filter(|entry| !is_new(entry)) {
        let (action, path) = (entry.action, entry.path.display());
        ui::note(format!("{action} {path}: {}", because(&entry.reasons)));
    }
    for list in report.lists() {
        let (action, path) = (list.action, list.path.display());
        ui::note(format!("{action} {path}: {}", because(&list.reasons)));
    }
    let dir = dir.display();
    let soonest = report.entries().iter().map(|entry| entry.not_after).min();
    let until = soonest.map(|at| format!("; the first certificate ends at {at}"));
    let until = until.unwrap_or_default();
    match report.changes().filter(is_new).count() {
        0 if report.changed() => ui::note(format!("nothing else changed in {dir}{until}")),
        0 => ui::note(format!("the PKI in {dir} is unchanged{until}")),
        1 => ui::note(format!("made 1 certificate with its key in {dir}{until}")),
        made => ui::note(format!(
            "made {made} certificates with their keys in {dir}{until}"
        )),
    }
    let warnings = report.warnings().iter().map(ToString::to_string);
    ui::warnings(&warnings.collect::<Vec<_>>());
}

/// A report as one JSON document.
pub(super) fn report_json(store: &Store, report: &Report) -> Value {
    let items = report.entries().iter().map(|entry| {
        json!({
            "name": entry.name,
            "action": entry.action.to_string(),
            "reasons": texts(&entry.reasons),
            "certificate": entry.path,
            "key": store.key_path(&entry.name),
            "not_after": entry.not_after.to_string(),
        })
    });
    let warnings = report.warnings().iter().map(ToString::to_string);
    json!({
        "dir": store.dir(),
        "changed": report.changed(),
        "items": items.collect::<Vec<_>>(),
        "lists": lists_json(report.lists()),
        "warnings": warnings.collect::<Vec<_>>(),
    })
}

/// What would be done as one JSON document.
pub(super) fn changes_json(
    store: &Store,
    plan: &Plan,
    changes: &Changes,
) -> Result<Value, IssueError> {
    let item = |change: &Change| {
        Ok(json!({
            "name": change.name,
            "action": change.action.to_string(),
            "reasons": texts(&change.reasons),
            "certificate": change.path,
            "key": store.key_path(&change.name),
            "plan": plan.line_of(&change.name)?.to_string(),
        }))
    };
    let items: Result<Vec<_>, IssueError> = changes.iter().map(item).collect();
    Ok(json!({
        "dir": store.dir(),
        "changed": !changes.is_empty(),
        "items": items?,
        "lists": lists_json(changes.lists()),
    }))
}

/// Revocation lists as JSON.
pub(super) fn lists_json(lists: &[ListEntry]) -> Value {
    let list = |list: &ListEntry| {
        json!({
            "issuer": list.issuer,
            "action": list.action.to_string(),
            "reasons": texts(&list.reasons),
            "path": list.path,
            "number": list.number,
            "next_update": list.next_update.to_string(),
        })
    };
    lists.iter().map(list).collect()
}

fn because(reasons: &[Reason]) -> String {
    texts(reasons).join("; ")
}

fn texts(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(Reason::to_string).collect()
}
