//! What does this file hold, and what is odd about it?

mod certificate;
mod item;
mod names;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use countersign_pki::Finding;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::item::Item;
use crate::cli::InspectArgs;
use crate::failure::Hint;
use crate::ui;

/// `countersign inspect`.
pub(crate) fn run(args: &InspectArgs) -> Result<ExitCode> {
    let now = args.clock.unwrap_or_else(Timestamp::now);
    match &args.file {
        Some(path) => file(path, now, args.json),
        None => names::run(&args.dn, args.json),
    }
}

fn file(path: &Path, now: Timestamp, as_json: bool) -> Result<ExitCode> {
    let bytes = fs::read(path)
        .with_context(|| format!("cannot read `{}`", path.display()))
        .hint("name a file with a certificate, a request, a revocation list or a key")?;
    let items = item::all(&bytes, now).with_context(|| format!("`{}`", path.display()))?;
    if items.is_empty() {
        return Err(anyhow!(
            "`{}` holds nothing that is known here",
            path.display()
        ))
        .hint("wanted certificates, requests, revocation lists or keys, as PEM or DER");
    }
    let findings = findings(&bytes, &items, now);
    if as_json {
        ui::data(document(&items, &findings));
        return Ok(ExitCode::SUCCESS);
    }
    for item in &items {
        ui::data(item.title());
        ui::columns(&item.lines());
    }
    for finding in &findings {
        ui::data(finding);
    }
    Ok(ExitCode::SUCCESS)
}

/// The rules are about certificates and keys.
fn findings(bytes: &[u8], items: &[Item], now: Timestamp) -> Vec<Finding> {
    if !items.iter().any(Item::is_linted) {
        return Vec::new();
    }
    Finding::in_file(bytes, None, now).unwrap_or_default()
}

fn document(items: &[Item], findings: &[Finding]) -> Value {
    let findings = findings.iter().map(|finding| {
        json!({
            "severity": finding.severity.to_string(),
            "item": finding.item,
            "code": finding.code,
            "message": finding.message,
        })
    });
    json!({
        "items": items.iter().map(Item::document).collect::<Value>(),
        "findings": findings.collect::<Value>(),
    })
}
