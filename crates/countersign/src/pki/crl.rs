use anyhow::Result;
use clap::Args;
use countersign_pki::{Lifetime, Store};

use super::outcome;
use super::source::{Place, Source, failed, held};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::moment::Moment;
use crate::ui;

/// Make the revocation lists anew.
///
/// Makes the revocation lists NAME.crl.pem, empty ones too; `apply` keeps fresh whatever list there is.
/// Prints their files.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct CrlArgs {
    /// Only the list of this authority.
    #[arg(long, value_name = "NAME")]
    issuer: Option<String>,

    /// How long a list counts, such as 12h or 7d [default: as long as the one in place, or 7d].
    #[arg(long, value_name = "LIFETIME", value_parser = Lifetime::parse)]
    next_update: Option<Lifetime>,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 2] = [
    (
        "All of them, for another seven days",
        "countersign pki crl --next-update 7d",
    ),
    ("One", "countersign pki crl --issuer issuing"),
];

/// `countersign pki crl`.
pub(super) fn run(args: CrlArgs) -> Result<Exit> {
    let store = held(Store::at(&args.place.dir))?;
    let source = Source::read(&store, args.place.file.as_deref())?;
    let plan = args.moment.plan(source.draft.manifest());
    let issuer = args.issuer.as_deref();
    let report = store.publish(&plan, issuer, args.next_update);
    let report = report.map_err(failed)?;
    if args.json {
        ui::data(outcome::lists_json(report.lists()));
    } else {
        for list in report.lists() {
            ui::data(list.path.display());
        }
    }
    for list in report.lists() {
        let (issuer, until) = (&list.issuer, list.next_update);
        ui::note(format!(
            "the list of `{issuer}`, number {}, counts until {until}",
            list.number
        ));
    }
    Ok(Exit::Done)
}
