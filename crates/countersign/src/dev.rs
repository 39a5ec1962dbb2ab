//! The main job: certificates, a server that demands them, clients that call it.

mod open_banking;
mod probe;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use countersign_axum::{
    Anchors, Api, Credential, Directory, Live, SystemClock, Trust, TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme};
use countersign_pki::{Plan, Store};
use countersign_server::{Addresses, AuditTarget, ReferenceServer};
use jiff::Timestamp;

use crate::cli::{DevArgs, Profile};
use crate::failure::hinted;
use crate::pki::Preset;
use crate::{pki, serve, stop, ui};

/// `countersign dev`.
pub(crate) async fn run(args: DevArgs) -> Result<()> {
    let store = certificates(&args)?;
    let log = store.dir().join("audit.jsonl");
    let (audit, writer) = serve::start_audit(&AuditTarget::File(log.clone()))?;
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

    let probed = match args.profile {
        Profile::Reference => probe::run(&store, &base, server.address()).await,
        Profile::OpenBanking => open_banking::run(&store, &base, server.address()).await,
    };
    if probed.is_ok() && !args.once {
        match args.profile {
            Profile::Reference => paste(&store, &base),
            Profile::OpenBanking => paste_bank(&store, &base),
        }
        stop::asked_to_stop()?.await?;
    }
    server.stop().await;
    writer.finish();
    probed
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
