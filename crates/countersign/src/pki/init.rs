use std::net::IpAddr;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use countersign_pki::{CI_MANIFEST, DEV_MANIFEST, Manifest, Name, PSD2_MANIFEST, Store};

use super::outcome;
use super::source::{Folder, Source, failed, held};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::failure::hinted;
use crate::moment::Moment;
use crate::ui;

/// Make a folder of certificates: CAs, a server certificate, client certificates.
///
/// Makes what the folder lacks: the manifest `pki.toml` first, then what it describes. A second run
/// changes nothing, except that what ends soon or has ended is renewed. Prints the certificate files.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct InitArgs {
    /// What to start from [default: dev, where the folder has no manifest yet].
    #[arg(long, value_enum)]
    preset: Option<Preset>,

    /// A further host name for the server certificate; may be repeated.
    #[arg(long, value_name = "NAME")]
    dns: Vec<String>,

    /// A further address for the server certificate; may be repeated.
    #[arg(long, value_name = "ADDRESS")]
    ip: Vec<IpAddr>,

    #[command(flatten)]
    folder: Folder,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 4] = [
    (
        "What `countersign dev` and the reference server take, in .countersign",
        "countersign pki init",
    ),
    (
        "Elsewhere, with another name for the server",
        "countersign pki init --dir certs --dns api.test.example",
    ),
    (
        "For CI: lifetimes of hours and days",
        "countersign pki init --preset ci",
    ),
    (
        "Payment service providers, good and bad",
        "countersign pki init --dir psd2 --preset psd2",
    ),
];

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Preset {
    /// Lifetimes of a month and more.
    Dev,
    /// The same names, and lifetimes of hours and days.
    Ci,
    /// A server, and payment service providers: certificates shaped like QWACs and QSealCs, a revoked one,
    /// and bad ones as fixtures.
    Psd2,
}

impl Preset {
    fn text(self) -> &'static str {
        match self {
            Self::Dev => DEV_MANIFEST,
            Self::Ci => CI_MANIFEST,
            Self::Psd2 => PSD2_MANIFEST,
        }
    }
}

/// `countersign pki init`.
pub(super) fn run(args: InitArgs) -> Result<Exit> {
    let store = held(Store::open(args.folder.path()).map_err(failed)?)?;
    let dns = args.dns.into_iter().map(Name::Dns);
    let names = dns.chain(args.ip.into_iter().map(Name::Ip)).collect();
    let manifest = prepare(&store, args.preset, names)?;
    let report = outcome::apply(&store, &args.moment.plan(&manifest)).map_err(failed)?;
    if args.json {
        ui::data(outcome::report_json(&store, &report));
    } else {
        for entry in report.entries() {
            ui::data(entry.path.display());
        }
    }
    outcome::tell(args.folder.path(), &report);
    ui::note(next(&store, args.preset));
    Ok(Exit::Done)
}

fn next(store: &Store, preset: Option<Preset>) -> String {
    match preset {
        Some(Preset::Psd2) => {
            let path = store.manifest_path();
            let path = path.display();
            format!("present the bad ones: countersign pki verify -f {path}")
        }
        _ => "start the reference server and call it: countersign dev".to_owned(),
    }
}

/// The manifest of the folder, with further names for its servers; one is put there if it has none.
pub(crate) fn prepare(store: &Store, preset: Option<Preset>, names: Vec<Name>) -> Result<Manifest> {
    let found = store.manifest().map_err(failed)?;
    let is_new = found.is_none();
    let text = found.unwrap_or_else(|| preset.unwrap_or(Preset::Dev).text().to_owned());
    let mut source = Source::parse(store.manifest_path(), &text)?;
    if let Some(preset) = preset
        && !source
            .draft
            .manifest()
            .holds(&Manifest::parse(preset.text())?)
    {
        return Err(hinted(
            anyhow!("`{}` is not that preset", store.manifest_path().display()),
            "choose another folder, or leave --preset out to keep what is there",
        ));
    }
    let added = source
        .draft
        .add_server_names(names)
        .map_err(|error| source.refused(error, "see countersign pki init --help"))?;
    if added || is_new {
        source.write(store)?;
    }
    Ok(source.draft.manifest().clone())
}
