use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::bundle::{Bundle, Remark};
use crate::cli::OUTPUT;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::moment::Now;
use crate::{input, ui};

/// Say what is wrong with the CA certificates of a trust, before a server is given them.
///
/// Looks at each certificate of a PEM bundle as a server does that is to trust it: whether it is a CA's and
/// may sign, expired or soon to be, weak, of an old version, twice there. Prints a line for each remark.
/// An error means that the certificate would be left out, or refused.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct CheckArgs {
    /// The CA certificates, as PEM.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,

    #[command(flatten)]
    now: Now,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 2] = [
    (
        "Before a server is given them",
        "countersign trust check partner-cas.pem",
    ),
    (
        "Will any of them have ended by 2030",
        "countersign trust check --clock 2030-01-01T00:00:00Z partner-cas.pem",
    ),
];

const ENDINGS: [Ending; 2] = [
    (Exit::Done, "no error, though there may be warnings"),
    (Exit::Failed, "an error, or a file that cannot be read"),
];

/// `countersign trust check`.
pub(super) fn run(args: CheckArgs) -> Result<Exit> {
    let now = args.now.get();
    let bytes = input::bytes(&args.bundle, "name a PEM file with the certificates of CAs")?;
    let bundle = Bundle::read(&String::from_utf8_lossy(&bytes));
    let remarks = bundle.remarks(now);
    if args.json {
        ui::data(document(&bundle, &remarks));
    } else {
        for remark in &remarks {
            ui::data(ui::labelled(remark));
        }
    }
    let errors = remarks.iter().filter(|remark| remark.is_error()).count();
    let told = [
        ui::count(bundle.len(), "certificate"),
        ui::count(errors, "error"),
        ui::count(remarks.len() - errors, "warning"),
    ];
    ui::note(told.join(", "));
    Ok(Exit::of(errors == 0))
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
