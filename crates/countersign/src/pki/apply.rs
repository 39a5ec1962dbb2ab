use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use countersign_pki::{Plan, Store};

use super::moment::Moment;
use super::outcome;
use super::source::{Source, failed};
use crate::cli::DEV_FOLDER;
use crate::ui;

/// Make the folder what its manifest says: create, renew, reissue, and touch nothing else.
///
/// Creates what is missing; renews what has ended or soon will, for the key that is there; issues anew
/// what the manifest describes otherwise or what an authority has signed that was replaced; makes the
/// revocation lists anew that end soon or lack what was revoked. Nothing else is touched. Prints a line for each item that was changed: what was done, its name, and why.
///
/// Exit codes: 0 done, or nothing to do; 1 failed; 2 with --plan if something would be done, and as
/// everywhere if the command line was not understood.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// The folder; made where it is not there.
    #[arg(default_value = DEV_FOLDER)]
    dir: PathBuf,

    /// The manifest [default: pki.toml in the folder].
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,

    /// Only say what would be done; exit with 2 if there is something.
    #[arg(long)]
    plan: bool,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// `countersign pki apply`.
pub(super) fn run(args: ApplyArgs) -> Result<ExitCode> {
    let store = Store::at(&args.dir);
    let source = Source::read(&store, args.file.as_deref())?;
    let plan = args.moment.plan(source.draft.manifest());
    if args.plan {
        return compare(&store, &plan, args.json);
    }
    let store = Store::open(&args.dir).map_err(failed)?;
    let report = outcome::apply(&store, &plan).map_err(failed)?;
    if args.json {
        ui::data(outcome::report_json(&store, &report));
    } else {
        report.changes().for_each(ui::data);
        report.lists().iter().for_each(ui::data);
    }
    outcome::tell(&args.dir, &report);
    Ok(ExitCode::SUCCESS)
}

fn compare(store: &Store, plan: &Plan, json: bool) -> Result<ExitCode> {
    let changes = store.compare(plan).map_err(failed)?;
    if json {
        ui::data(outcome::changes_json(store, &changes));
    } else {
        changes.iter().for_each(ui::data);
        changes.lists().iter().for_each(ui::data);
    }
    let dir = store.dir().display();
    if changes.is_empty() {
        ui::note(format!("nothing to do in {dir}"));
        return Ok(ExitCode::SUCCESS);
    }
    let count = changes.iter().count() + changes.lists().len();
    ui::note(format!(
        "{count} certificates or lists in {dir} would change; nothing was written"
    ));
    Ok(ExitCode::from(2))
}
