//! The main job: certificates, a server that demands them, clients that call it.

mod open_banking;
mod played;
mod probe;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use countersign_axum::{
    Anchors, Api, Credential, Directory, Live, SystemClock, Trust, TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme};
use countersign_pki::{Plan, Store};
use countersign_server::{Addresses, AuditTarget, ReferenceServer};
use jiff::Timestamp;

use crate::cli::{DEV_FOLDER, OUTPUT};
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::failure::hinted;
use crate::pki::Preset;
use crate::{pki, serve, stop, ui};

/// Make dev certificates, start the reference server, and call it as each dev client.
///
/// Prints a table of who called what, what came of it and why, then goes on serving and prints lines to paste. What has
/// expired among the certificates is renewed.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct DevArgs {
    /// The folder of the certificates; made where it is not there [default: .countersign, and for open banking
    /// .countersign/open-banking].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Which API is served, and who calls it.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,

    /// Where the API listens [default: 127.0.0.1:8443; with --once any free port].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Where the admin listener answers: health, metrics, what the operator reads [default: 127.0.0.1:8444; with --once
    /// any free port].
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,

    /// Exit after the calls.
    #[arg(long)]
    once: bool,

    /// Print one JSON document instead of the table.
    #[arg(long, requires = "once", help_heading = OUTPUT)]
    json: bool,
}

/// Who calls whom in `countersign dev`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Profile {
    /// Services call the reference API.
    #[default]
    Reference,
    /// Payment service providers call a bank, each by the roles in its certificate.
    OpenBanking,
}

const EXAMPLES: [Example; 3] = [
    ("See it work, and exit", "countersign dev --once"),
    (
        "Go on serving, for calls from another terminal",
        "countersign dev",
    ),
    (
        "A day of payment service providers at a bank",
        "countersign dev --profile open-banking --once",
    ),
];

const ENDINGS: [Ending; 2] = [
    (
        Exit::Done,
        "each call came out as expected, and it was asked to stop or to exit",
    ),
    (
        Exit::Failed,
        "a call came out otherwise, or the server did not start",
    ),
];

impl DevArgs {
    /// The folder of the certificates.
    fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| match self.profile {
            Profile::Reference => PathBuf::from(DEV_FOLDER),
            Profile::OpenBanking => PathBuf::from(DEV_FOLDER).join("open-banking"),
        })
    }
}

/// `countersign dev`.
pub(crate) async fn run(args: DevArgs) -> Result<Exit> {
    let store = certificates(&args)?;
    let log = store.dir().join("audit.jsonl");
    let (audit, writer) = serve::start_audit(&AuditTarget::File(log.clone()), false)?;
    let (live, api) = match args.profile {
        Profile::Reference => (live(&store)?, countersign_server::api as fn(Live) -> Api),
        Profile::OpenBanking => (open_banking::live(&store)?, countersign_server::bank as _),
    };
    let server = ReferenceServer::start_with(addresses(&args), api(live.clone()), live, audit)
        .await
        .map_err(serve::explain_start)?;
    let base = format!("https://localhost:{}", server.address().port());
    ui::note(format!("serving {base} (API, mutual TLS)"));
    ui::note(format!("serving {}/healthz (admin)", server.admin_url()));
    ui::note(format!("every decision is in {}\n", log.display()));

    let calls = match args.profile {
        Profile::Reference => probe::run(&store, &base, server.address()).await,
        Profile::OpenBanking => open_banking::run(&store, &base, server.address()).await,
    };
    let probed = calls.and_then(|calls| played::tell(&calls, args.json));
    if probed.is_ok() && !args.once {
        match args.profile {
            Profile::Reference => paste(&store, &base),
            Profile::OpenBanking => paste_bank(&store, &base),
        }
        stop::asked_to_stop()?.await?;
    }
    server.stop().await;
    writer.finish();
    probed.map(|()| Exit::Done)
}

/// The folder, with certificates that are good: what has ended or soon will is renewed.
fn certificates(args: &DevArgs) -> Result<Store> {
    let dir = args.dir();
    let store = Store::open(&dir).map_err(pki::failed)?;
    let (preset, needed) = match args.profile {
        Profile::Reference => (None, &NEEDED[..]),
        Profile::OpenBanking => (Some(Preset::Psd2), &open_banking::NEEDED[..]),
    };
    let plan = Plan::new(&pki::prepare(&store, preset, Vec::new())?, Timestamp::now());
    let missing: Vec<_> = needed
        .iter()
        .copied()
        .filter(|name| plan.called(name).is_err())
        .collect();
    if !missing.is_empty() {
        let path = store.manifest_path();
        return Err(hinted(
            anyhow!("`{}` lacks `{}`", path.display(), missing.join("`, `")),
            "choose another folder with --dir, or add what is missing",
        ));
    }
    let report = store.apply(&plan).map_err(pki::failed)?;
    pki::tell(&dir, &report);
    Ok(store)
}

fn addresses(args: &DevArgs) -> Addresses {
    let local = |port| SocketAddr::from(([127, 0, 0, 1], if args.once { 0 } else { port }));
    Addresses::new(
        args.listen.unwrap_or_else(|| local(8443)),
        args.admin.unwrap_or_else(|| local(8444)),
    )
}

/// The dev certificates and the dev policy, in force.
fn live(store: &Store) -> Result<Live> {
    let credential =
        Credential::from_pem_files(store.certificate_path("server"), store.key_path("server"))?;
    let clients = trust(&store.certificate_path("root"))?;
    let clock = Arc::new(SystemClock);
    let trust = TrustSnapshot::new(credential, vec![clients], clock.clone())?;
    Ok(Live::new(trust, Directory::from_toml(DEV_POLICY)?, clock))
}

/// The one trust of the dev server.
pub(crate) fn trust(root: &Path) -> Result<Trust> {
    Ok(Trust::new(
        "clients".parse()?,
        Anchors::from_pem_file(root)?,
        NameRules::new(
            Scheme::Spiffe,
            ["spiffe://dev.countersign.example/*".parse()?],
        ),
    ))
}

/// Lines that work as pasted, in the folder in which `dev` was started.
fn paste(store: &Store, base: &str) {
    let cert = store.certificate_path("billing").display().to_string();
    let key = store.key_path("billing").display().to_string();
    let root = store.certificate_path("root").display().to_string();
    let url = format!("{base}/v1/transactions");
    ui::note("\ncall it from another terminal:\n");
    ui::data(format!(
        "curl --cert {cert} --key {key} --cacert {root} {url}"
    ));
    ui::data(format!(
        "python3 -c \"import requests; print(requests.get('{url}', cert=('{cert}', '{key}'), verify='{root}').text)\""
    ));
    let countersign = std::env::args().next();
    let countersign = countersign.as_deref().unwrap_or("countersign");
    ui::data(format!(
        "{countersign} call --cert {cert} --key {key} --cacert {root} {url}"
    ));
    ui::note("\nserving until Ctrl-C");
}

/// The same for the bank.
fn paste_bank(store: &Store, base: &str) {
    let cert = store.certificate_path("tpp").display().to_string();
    let key = store.key_path("tpp").display().to_string();
    let root = store.certificate_path("root").display().to_string();
    ui::note("\ncall it from another terminal:\n");
    ui::data(format!(
        "curl --cert {cert} --key {key} --cacert {root} {base}/openapi.json"
    ));
    ui::note("\nserving until Ctrl-C");
}

pub(crate) const DEV_POLICY: &str = include_str!("../../../fixtures/policy.toml");

/// What the server presents and trusts, and whom `probe` calls as.
const NEEDED: [&str; 6] = [
    "root", "server", "billing", "reports", "newcomer", "mallory",
];
