//! What does this file hold, and what is odd about it?

mod certificate;
mod item;
mod names;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use countersign_pki::Finding;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::item::Item;
use crate::cli::OUTPUT;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::failure::Hint;
use crate::moment::Now;
use crate::{input, ui};

/// Show what certificates, requests, revocation lists and keys hold, and what is odd about them.
///
/// Reads PEM or DER. Of a key it shows the kind and the pin, never the bytes. What is odd is told at the end, as
/// `pki lint` tells it.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct InspectArgs {
    /// The file.
    #[arg(required_unless_present = "dn", conflicts_with = "dn")]
    file: Option<PathBuf>,

    /// A distinguished name as RFC 4514 writes it, instead of a file; of two, say whether they match, and what
    /// differs.
    #[arg(long, value_name = "NAME", num_args = 1)]
    dn: Vec<String>,

    #[command(flatten)]
    now: Now,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 3] = [
    (
        "A certificate and what was sent with it",
        "countersign inspect .countersign/billing.pem",
    ),
    (
        "When it ends, for a script",
        "countersign inspect --json .countersign/billing.pem | jq -r '.items[0].not_after'",
    ),
    (
        "Whether two names are the same, however they are written",
        "countersign inspect --dn 'CN=Billing,O=ACME' --dn 'cn=billing,o=acme'",
    ),
];

const ENDINGS: [Ending; 2] = [
    (Exit::Done, "shown; and of two names that they match"),
    (
        Exit::Failed,
        "something cannot be read, or two names differ",
    ),
];

/// `countersign inspect`.
pub(crate) fn run(args: &InspectArgs) -> Result<Exit> {
    let now = args.now.get();
    match &args.file {
        Some(path) => file(path, now, args.json),
        None => names::run(&args.dn, args.json),
    }
}

fn file(path: &Path, now: Timestamp, as_json: bool) -> Result<Exit> {
    let wanted = "name a file with a certificate, a request, a revocation list or a key";
    let bytes = input::bytes(path, wanted)?;
    let items = item::all(&bytes, now)
        .with_context(|| format!("`{}`", path.display()))
        .hint(wanted)?;
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
        return Ok(Exit::Done);
    }
    for item in &items {
        ui::data(item.title());
        ui::columns(&item.lines());
    }
    for finding in &findings {
        ui::data(ui::labelled(finding));
    }
    Ok(Exit::Done)
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
