use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::routing::get;
use countersign_axum::{
    Anchors, Api, Audit, AuditEvent, Caller as Holder, Clock, Credential, Directory, Live,
    Permission, Psd2Check, Psd2Role, Server, Trust, TrustSnapshot,
};
use countersign_identity::{Certificate, NamePattern, NameRules, Psd2};
use countersign_pki::{Fixture, Outcome};
use countersign_tls::{RevocationList, SnapshotError};
use http::request::Parts;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::{Bench, Seen};

/// Presents each fixture to a server of ours that trusts what the fixture says.
pub(crate) async fn present(
    bench: &Bench,
    fixtures: &[&Fixture],
    clock: Arc<dyn Clock>,
) -> Result<Vec<Seen>> {
    let mut seen = Vec::new();
    for fixture in fixtures {
        let one = one(bench, fixture, Arc::clone(&clock));
        seen.push(one.await.context(fixture.name.clone())?);
        bench.progress.step();
    }
    Ok(seen)
}

async fn one(bench: &Bench, fixture: &Fixture, clock: Arc<dyn Clock>) -> Result<Seen> {
    let not_loaded = Seen {
        outcome: Outcome::NotLoaded,
        code: None,
    };
    let Ok(anchors) = Anchors::from_pem(fixture.anchors_pem.as_bytes()) else {
        return Ok(not_loaded);
    };
    let snapshot = match snapshot(bench, trust(fixture, anchors)?, clock.clone()) {
        Err(error) if is_about_anchors(&error) => return Ok(not_loaded),
        snapshot => snapshot?,
    };
    let mut service = Service::start(snapshot, fixture, clock).await?;
    let caller = Caller::new(bench, fixture.presented.as_ref())?;
    let outcome = caller
        .call(TcpStream::connect(service.address).await?)
        .await?;
    let event = service.events.recv().await.context("no audit event")?;
    service.stop.cancel();
    Ok(Seen {
        outcome,
        code: event.code.map(|code| code.to_string()),
    })
}

/// A service with one route, and who may call it.
struct Service {
    address: SocketAddr,
    events: UnboundedReceiver<AuditEvent>,
    stop: CancellationToken,
}

struct Write;

impl Permission for Write {
    const NAME: &'static str = "transactions:write";
}

impl Service {
    async fn start(
        snapshot: TrustSnapshot,
        fixture: &Fixture,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let live = Live::new(snapshot, Directory::from_toml(&policy(fixture))?, clock);

        let router = asking(Api::new(live.clone()), fixture)
            .guarded::<Write>("/", get(async || "ok"))
            .into_router();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sink, events) = unbounded_channel();
        let (audit, writer) = Audit::start(sink)?;
        // Events are waited for one by one: nothing is left to be written at the end.
        drop(writer);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(Server::new(live, audit).serve(listener, router, stopped));
        Ok(Self {
            address,
            events,
            stop,
        })
    }
}

/// Who states to be a payment service provider must be one; in the catalogue, one that initiates payments.
fn asking(api: Api, fixture: &Fixture) -> Api {
    if !states_psd2(fixture) {
        return api;
    }
    match fixture.known {
        None => api.check(Psd2Check::new(Psd2Role::PaymentInitiation)),
        Some(_) => api.check(|caller: &Holder, _: &Parts| {
            let stated = caller.certificate().map(Psd2::of_tls);
            Ok(stated.transpose().map(drop)?)
        }),
    }
}

fn states_psd2(fixture: &Fixture) -> bool {
    let presented = fixture.presented.as_ref();
    let chain = presented.map(|presented| presented.chain_pem.as_bytes());
    let leaf = chain.and_then(|chain| CertificateDer::from_pem_slice(chain).ok());
    let leaf = leaf.and_then(|leaf| Certificate::from_der(&leaf).ok());
    leaf.is_some_and(|leaf| leaf.qc_statements().is_some())
}

/// For which names the trust may vouch.
fn patterns(fixture: &Fixture) -> Result<Vec<NamePattern>> {
    let patterns: Vec<&str> = match &fixture.known {
        Some(known) => known.vouched.iter().map(String::as_str).collect(),
        None => NAMES.to_vec(),
    };
    let patterns = patterns.into_iter().map(|pattern| Ok(pattern.parse()?));
    patterns.collect()
}

/// Whom the server knows.
fn policy(fixture: &Fixture) -> String {
    match &fixture.known {
        // A JSON string is a TOML string too.
        Some(known) => format!(
            "version = 1\n[principals.caller]\npermissions = [\"{}\"]\n\
             identities = [{{ trust = \"catalogue\", name = {} }}]\n",
            Write::NAME,
            json!(known.caller)
        ),
        None => POLICY.to_owned(),
    }
}

fn trust(fixture: &Fixture, anchors: Anchors) -> Result<Trust> {
    let rules = NameRules::new(fixture.scheme.parse()?, patterns(fixture)?);
    let trust = Trust::new("catalogue".parse()?, anchors, rules);
    Ok(match &fixture.crl_pem {
        Some(lists) => trust.with_lists(RevocationList::from_pem(lists.as_bytes())?),
        None => trust,
    })
}

fn snapshot(bench: &Bench, trust: Trust, clock: Arc<dyn Clock>) -> Result<TrustSnapshot> {
    let (chain, key) = (bench.server.chain_pem(), bench.server.key_pem());
    let credential = Credential::from_pem(chain.as_bytes(), key.as_bytes())?;
    Ok(TrustSnapshot::new(credential, vec![trust], clock)?)
}

fn is_about_anchors(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref();
    matches!(error, Some(SnapshotError::NoAnchorLeft { .. }))
}

/// For which names the catalogue's trust may vouch.
const NAMES: &[&str] = &[
    "spiffe://catalogue.example/*",
    "dns:*.catalogue.example",
    "email:*@catalogue.example",
    "cn:catalogue-*",
];

const POLICY: &str = r#"
version = 1

[principals.billing]
permissions = ["transactions:write"]
identities = [
    { trust = "catalogue", name = "spiffe://catalogue.example/ns/payments/sa/billing" },
    { trust = "catalogue", name = "dns:billing.catalogue.example" },
    { trust = "catalogue", name = "email:billing@catalogue.example" },
    { trust = "catalogue", name = "cn:catalogue-billing" },
    { trust = "catalogue", name = "cn:catalogue-büro" },
]

[principals.reports]
permissions = ["transactions:read"]
identities = [{ trust = "catalogue", name = "spiffe://catalogue.example/reports" }]

[principals.former]
enabled = false
permissions = ["transactions:write"]
identities = [{ trust = "catalogue", name = "spiffe://catalogue.example/former" }]
"#;
