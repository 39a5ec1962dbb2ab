//! The main job: certificates, a server that demands them, clients that call it.

mod probe;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use countersign_axum::{Anchors, Credential, Directory, Live, SystemClock, Trust, TrustSnapshot};
use countersign_identity::{NameRules, Scheme};
use countersign_pki::Store;
use countersign_server::{Addresses, AuditTarget, ReferenceServer};
use jiff::Timestamp;

use crate::cli::DevArgs;
use crate::{pki, serve, stop, ui};

/// `countersign dev`.
pub(crate) async fn run(args: DevArgs) -> Result<()> {
    let (store, report) = pki::apply(&args.dir, Vec::new(), Timestamp::now())?;
    pki::tell(&args.dir, &report);
    pki::refuse_expired(&report)?;
    let log = store.dir().join("audit.jsonl");
    let (audit, writer) = serve::start_audit(&AuditTarget::File(log.clone()))?;
    let server = ReferenceServer::start(addresses(&args), live(&store)?, audit)
        .await
        .map_err(serve::explain_start)?;
    let base = format!("https://localhost:{}", server.address().port());
    ui::note(format!("serving {base} (API, mutual TLS)"));
    ui::note(format!(
        "serving http://{}/healthz (admin)",
        server.admin_address()
    ));
    ui::note(format!("every decision is in {}\n", log.display()));

    let probed = probe::run(&store, &base, server.address()).await;
    if probed.is_ok() && !args.once {
        paste(&store, &base);
        stop::asked_to_stop().await?;
    }
    server.stop().await;
    writer.finish();
    probed
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
    let clients = Trust::new(
        "clients".parse()?,
        Anchors::from_pem_file(store.certificate_path("root"))?,
        NameRules::new(
            Scheme::Spiffe,
            ["spiffe://dev.countersign.example/*".parse()?],
        ),
    );
    let clock = Arc::new(SystemClock);
    let trust = TrustSnapshot::new(credential, vec![clients], clock.clone())?;
    Ok(Live::new(trust, Directory::from_toml(DEV_POLICY)?, clock))
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

const DEV_POLICY: &str = include_str!("../../../fixtures/policy.toml");
