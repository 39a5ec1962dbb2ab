//! Who was allowed something lately, by the audit log, and would a new policy refuse him?

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use countersign_axum::Live;
use countersign_identity::{Identity, TrustName};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Lines for each caller that was allowed something within a day before now, and that `live` does not know any
/// more. The log has no certificates in full, so it tells of trusts and policy, and not of revocation.
pub(super) fn refused(log: &Path, live: &Live) -> Result<Vec<String>> {
    let file = File::open(log).with_context(|| format!("cannot read `{}`", log.display()))?;
    let since = live.now().saturating_sub(SignedDuration::from_hours(24))?;
    let mut seen = BTreeMap::new();
    for line in BufReader::new(file).lines() {
        // A line that is no event is somebody else's.
        let event = serde_json::from_str::<Value>(&line?).ok();
        if let Some((identity, principal)) = event.and_then(|event| allowed(&event, since)) {
            seen.insert(identity, principal);
        }
    }
    let lines = seen.into_iter();
    Ok(lines
        .filter_map(|(identity, principal)| {
            let why = why(&identity, live)?;
            Some(format!(
                "`{principal}`, seen within a day, would be refused: {why}"
            ))
        })
        .collect())
}

fn allowed(event: &Value, since: Timestamp) -> Option<(Identity, String)> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let time: Timestamp = text("time")?.parse().ok()?;
    let allowed = text("event")? == "request" && text("outcome")? == "allowed" && time >= since;
    let trust: TrustName = text("trust")?.parse().ok()?;
    let identity = Identity::new(trust, text("identity")?.parse().ok()?);
    let principal = text("principal")?.to_owned();
    allowed.then_some((identity, principal))
}

fn why(identity: &Identity, live: &Live) -> Option<String> {
    let snapshot = live.load();
    let trusts = snapshot.trust().trusts();
    if !trusts.iter().any(|trust| trust.name() == identity.trust()) {
        return Some(format!("there is no trust `{}`", identity.trust()));
    }
    let denial = snapshot.directory().lookup(identity, live.now()).err()?;
    Some(denial.to_string())
}
