use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::bundle::{Bundle, Remark};
use crate::failure::Hint;
use crate::ui;

/// Say what is wrong with the CA certificates of a trust, before a server is given them.
///
/// Looks at each certificate of a PEM bundle as a server does that is to trust it: whether it is a CA's and
/// may sign, expired or soon to be, weak, of an old version, twice there. Prints a line for each remark.
/// An error means that the certificate would be left out, or refused.
///
/// Exit codes: 0 no error, though there may be warnings; 1 an error, or a file that cannot be read; 2
/// the command line was not understood.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The CA certificates, as PEM.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,

    /// The moment to take for now, such as 2030-01-01T00:00:00Z.
    #[arg(long, value_name = "RFC3339")]
    clock: Option<Timestamp>,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// `countersign trust check`.
pub(super) fn run(args: CheckArgs) -> Result<ExitCode> {
    let now = args.clock.unwrap_or_else(Timestamp::now);
    let bytes = fs::read(&args.bundle)
        .with_context(|| format!("cannot read `{}`", args.bundle.display()))
        .hint("name a PEM file with the certificates of CAs")?;
    let bundle = Bundle::read(&String::from_utf8_lossy(&bytes));
    let remarks = bundle.remarks(now);
    if args.json {
        ui::data(document(&bundle, &remarks));
    } else {
        for remark in &remarks {
            ui::data(remark);
        }
    }
    let errors = remarks.iter().filter(|remark| remark.is_error()).count();
    let (certificates, warnings) = (bundle.len(), remarks.len() - errors);
    ui::note(format!(
        "{certificates} certificates, {errors} errors, {warnings} warnings"
    ));
    Ok(match errors {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn document(bundle: &Bundle, remarks: &[Remark]) -> serde_json::Value {
    let remarks = remarks.iter().map(|remark| {
        json!({
            "severity": remark.severity.to_string(),
            "certificate": remark.position,
            "subject": remark.subject,
            "code": remark.code,
            "message": remark.message,
        })
    });
    json!({
        "certificates": bundle.len(),
        "remarks": remarks.collect::<Vec<_>>(),
    })
}
