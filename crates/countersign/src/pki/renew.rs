use anyhow::Result;
use clap::Args;
use countersign_pki::{Renewal, Store};

use super::moment::Moment;
use super::outcome;
use super::source::{Place, Source, failed};
use crate::failure::Hint;
use crate::ui;

/// Make the certificate of an item anew, for the same key or for a new one.
///
/// Makes one certificate anew before its time. What an authority has signed is signed anew where it
/// has to be. Nothing else is touched. Prints the certificate files that were written.
///
/// Exit codes: 0 done, 1 failed, 2 not understood.
#[derive(Debug, Args)]
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
    #[arg(long)]
    json: bool,
}

/// `countersign pki renew`.
pub(super) fn run(args: RenewArgs) -> Result<()> {
    let store = Store::at(&args.place.dir);
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
    let store = Store::open(&args.place.dir).map_err(failed)?;
    let report = outcome::apply(&store, &plan).map_err(failed)?;
    if args.json {
        ui::data(outcome::report_json(&store, &report));
    } else {
        for entry in report.changes() {
            ui::data(entry.path.display());
        }
    }
    outcome::tell(store.dir(), &report);
    Ok(())
}
