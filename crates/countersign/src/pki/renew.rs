use anyhow::Result;
use clap::Args;
use countersign_pki::{Renewal, Store};

use super::outcome;
use super::source::{Place, Source, failed, held};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::failure::Hint;
use crate::moment::Moment;
use crate::ui;

/// Make the certificate of an item anew, for the same key or for a new one.
///
/// Makes one certificate anew before its time. What an authority has signed is signed anew where it
/// has to be. Nothing else is touched. Prints the certificate files that were written.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct RenewArgs {
    /// The name of the item, or of a range.
    name: String,

    /// Make a new key. The old key and its certificate are moved to the folder `retired`.
    #[arg(long)]
    rotate_key: bool,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 2] = [
    ("For the key that is there", "countersign pki renew billing"),
    (
        "With a new key",
        "countersign pki renew billing --rotate-key",
    ),
];

/// `countersign pki renew`.
pub(super) fn run(args: RenewArgs) -> Result<Exit> {
    let store = held(Store::at(&args.place.dir))?;
    let source = Source::read(&store, args.place.file.as_deref())?;
    let renewal = match args.rotate_key {
        true => Renewal::RotateKey,
        false => Renewal::KeepKey,
    };
    let plan = args
        .moment
        .plan(source.draft.manifest())
        .only(&args.name)
        .and_then(|plan| plan.renewing(&args.name, renewal))
        .hint("name an item of the manifest")?;
    let store = store.made().map_err(failed)?;
    let report = outcome::apply(&store, &plan).map_err(failed)?;
    if args.json {
        ui::data(outcome::report_json(&store, &report));
    } else {
        for entry in report.changes() {
            ui::data(entry.path.display());
        }
    }
    outcome::tell(store.dir(), &report);
    Ok(Exit::Done)
}
