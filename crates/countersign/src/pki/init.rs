use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use countersign_pki::{CI_MANIFEST, DEV_MANIFEST, Manifest, Name, Store};

use super::moment::Moment;
use super::outcome;
use super::source::{Source, failed};
use crate::cli::DEV_FOLDER;
use crate::failure::hinted;
use crate::ui;

/// Make a folder of certificates: CAs, a server certificate, client certificates.
///
/// Makes what the folder lacks: the manifest `pki.toml` first, then what it describes. A second run
/// changes nothing, except that what ends soon or has ended is renewed. Prints the certificate files.
///
/// Exit codes: 0 done, 1 failed, 2 not understood.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder; made where it is not there.
    #[arg(default_value = DEV_FOLDER)]
    dir: PathBuf,

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
    moment: Moment,

    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Preset {
    /// Lifetimes of a month and more.
    Dev,
    /// The same names, and lifetimes of hours and days.
    Ci,
}

impl Preset {
    fn text(self) -> &'static str {
        match self {
            Self::Dev => DEV_MANIFEST,
            Self::Ci => CI_MANIFEST,
        }
    }
}

/// `countersign pki init`.
pub(super) fn run(args: InitArgs) -> Result<()> {
    let store = Store::open(&args.dir).map_err(failed)?;
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
    outcome::tell(&args.dir, &report);
    ui::note("start the reference server and call it: countersign dev");
    Ok(())
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
