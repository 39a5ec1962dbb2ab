use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use countersign_pki::{Plan, Store};

use super::outcome;
use super::source::{FOLDER, Folder, Source, failed, held};
use crate::cli::OUTPUT;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::moment::Moment;
use crate::ui;

/// Make the folder what its manifest says: create, renew, reissue, and touch nothing else.
///
/// Creates what is missing; renews what has ended or soon will, for the key that is there; issues anew
/// what the manifest describes otherwise or what an authority has signed that was replaced; makes the
/// revocation lists anew that end soon or lack what was revoked. Nothing else is touched. Prints a line for each item that was changed: what was done, its name, and why;
/// with --plan, below it, what the item will be, with every default.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct ApplyArgs {
    /// The manifest [default: pki.toml in the folder].
    #[arg(short, long, value_name = "FILE", help_heading = FOLDER)]
    file: Option<PathBuf>,

    /// Only say what would be done, with every default; exit with 2 if there is something.
    #[arg(long)]
    plan: bool,

    #[command(flatten)]
    folder: Folder,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 3] = [
    (
        "As often as you like: from cron, in CI",
        "countersign pki apply --dir certs",
    ),
    (
        "Would anything change",
        "countersign pki apply --dir certs --plan",
    ),
    (
        "A folder from a manifest that is kept with the sources",
        "countersign pki apply --dir certs -f fixtures/pki.toml",
    ),
];

const ENDINGS: [Ending; 3] = [
    (Exit::Done, "done, or nothing to do"),
    (Exit::Failed, "failed"),
    (
        Exit::ToDo,
        "with --plan if something would be done; or the command line was not understood",
    ),
];

/// `countersign pki apply`.
pub(super) fn run(args: ApplyArgs) -> Result<Exit> {
    let store = match args.plan {
        true => Store::at(args.folder.path()),
        false => held(Store::at(args.folder.path()))?,
    };
    let source = Source::read(&store, args.file.as_deref())?;
    let plan = args.moment.plan(source.draft.manifest());
    if args.plan {
        return compare(&store, &plan, args.json);
    }
    let store = store.made().map_err(failed)?;
    let report = outcome::apply(&store, &plan).map_err(failed)?;
    if args.json {
        ui::data(outcome::report_json(&store, &report));
    } else {
        report.changes().for_each(ui::data);
        report.lists().iter().for_each(ui::data);
    }
    outcome::tell(args.folder.path(), &report);
    Ok(Exit::Done)
}

fn compare(store: &Store, plan: &Plan, json: bool) -> Result<Exit> {
    let changes = store.compare(plan).map_err(failed)?;
    if json {
        ui::data(outcome::changes_json(store, plan, &changes)?);
    } else {
        for change in changes.iter() {
            ui::data(format!("{change}\n    {}", plan.line_of(&change.name)?));
        }
        changes.lists().iter().for_each(ui::data);
    }
    let dir = store.dir().display();
    if changes.is_empty() {
        ui::note(format!("nothing to do in {dir}"));
        return Ok(Exit::Done);
    }
    let count = changes.iter().count() + changes.lists().len();
    ui::note(format!(
        "{count} certificates or lists in {dir} would change; nothing was written"
    ));
    Ok(Exit::ToDo)
}
