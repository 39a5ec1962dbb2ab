//! A PKI, a clock that is set by hand, a service, and its audit events.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use countersign_axum::audit::{EventKind, Outcome};
use countersign_axum::{
    Anchors, Api, Audit, AuditEvent, Caller, Clock, Code, Connection, CorrelationId, Credential,
    Directory, Fault, Json, Limits, Live, Metrics, Path, Permission, Query, Require, Server, Trust,
    TrustSnapshot, routing,
};
use countersign_identity::{NameRules, Scheme};
use countersign_pki::{Authority, Issued, Request};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The moment at which all of these tests begin.
pub(crate) fn now() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

#[derive(Debug)]
pub(crate) struct Hands(Mutex<Timestamp>);

impl Hands {
    pub(crate) fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct ReadTransactions;
impl Permission for ReadTransactions {
    const NAME: &'static str = "transactions:read";
}

pub(crate) struct WriteTransactions;
impl Permission for WriteTransactions {
    const NAME: &'static str = "transactions:write";
}

pub(crate) const POLICY: &str = r#"
    version = 1

    [principals.billing]
    permissions = ["transactions:read", "transactions:write"]
    identities = [{ trust = "clients", name = "spiffe://dev.example/billing" }]

    [principals.reports]
    permissions = ["transactions:read"]
    identities = [
        { trust = "clients", name = "spiffe://dev.example/reports" },
        { trust = "partners", name = "spiffe://dev.example/reports" },
    ]

    [principals.edge]
    permissions = ["identity:forward"]
    identities = [{ trust = "partners", name = "spiffe://dev.example/edge" }]

    [principals.former]
    enabled = false
    permissions = ["transactions:read"]
    identities = [{ trust = "clients", name = "spiffe://dev.example/former" }]
"#;

pub(crate) fn directory() -> Directory {
    Directory::from_toml(POLICY).unwrap()
}

/// The service, as somebody would write it.
pub(crate) fn router(live: Live) -> Router {
    Api::new(live)
        .public("/healthz", get(|| async { "ok" }))
        .open("/whoami", routing::get(whoami))
        .guarded::<ReadTransactions>("/v1/transactions", routing::get(list))
        .guarded::<WriteTransactions>("/v1/transactions", routing::post(create))
        .guarded::<ReadTransactions>("/v1/transactions/{id}", get(one))
        .guarded::<ReadTransactions>("/v1/reports", get(|_: Both| async { "both" }))
        .guarded::<WriteTransactions>("/v1/any", any(|| async { "any" }))
        .guarded::<WriteTransactions>("/v1/rest", get(|| async { "get" }).fallback(rest))
        .open("/v1/page", routing::get(page))
        .open("/v1/end", get(end))
        .with_state(App { name: "app" })
        .into_router()
}

#[derive(Clone)]
pub(crate) struct App {
    name: &'static str,
}

type Both = Require<WriteTransactions>;

async fn whoami(caller: Caller, id: CorrelationId) -> String {
    let (principal, identity) = (caller.principal().name(), caller.identity());
    format!("{principal} is {identity} ({id})")
}

async fn list(caller: Require<ReadTransactions>) -> String {
    format!("list for {}", caller.principal().name())
}

#[derive(Deserialize, serde::Serialize)]
struct Amount {
    amount: u32,
}

async fn create(caller: Require<WriteTransactions>, amount: Json<Amount>) -> Json<Amount> {
    let _ = caller;
    Json(Amount {
        amount: amount.0.amount + 1,
    })
}

async fn one(Path(id): Path<u32>) -> Result<String, Fault> {
    match id {
        7 => Ok("seven".to_owned()),
        _ => Err(Fault::new(Code::NotFound, format!("no transaction `{id}`"))),
    }
}

#[derive(Deserialize)]
struct Page {
    limit: u8,
}

async fn page(
    axum::extract::State(app): axum::extract::State<App>,
    Query(page): Query<Page>,
) -> String {
    format!("{} {}", app.name, page.limit)
}

async fn rest() -> &'static str {
    "rest"
}

/// A service may end a connection itself.
async fn end(connection: Connection) -> &'static str {
    connection.end();
    "ended"
}

pub(crate) struct World {
    pub(crate) clients: Authority,
    pub(crate) partners: Authority,
    pub(crate) servers: Authority,
    pub(crate) clock: Arc<Hands>,
    pub(crate) live: Live,
    pub(crate) server: Credential,
}

impl World {
    pub(crate) fn new() -> Self {
        let authority = |name| Authority::root(name, now()).unwrap();
        let (clients, partners) = (authority("Clients"), authority("Partners"));
        let servers = authority("Servers");
        let clock = Arc::new(Hands(Mutex::new(now())));
        let issued = servers.server(now()).dns("api.dev.example").issue();
        let server = credential(&issued.unwrap());
        let trusts = vec![trust("clients", &clients), trust("partners", &partners)];
        let trust = TrustSnapshot::new(server.clone(), trusts, clock.clone()).unwrap();
        Self {
            live: Live::new(trust, directory(), clock.clone()),
            clients,
            partners,
            servers,
            clock,
            server,
        }
    }

    pub(crate) fn live(&self) -> Live {
        self.live.clone()
    }

    pub(crate) fn snapshot(&self, trusts: Vec<Trust>) -> TrustSnapshot {
        TrustSnapshot::new(self.server.clone(), trusts, self.clock.clone()).unwrap()
    }

    pub(crate) fn both(&self) -> TrustSnapshot {
        self.snapshot(vec![
            trust("clients", &self.clients),
            trust("partners", &self.partners),
        ])
    }

    /// A client of the CA `clients`.
    pub(crate) fn client(&self, name: &str) -> Credential {
        self.ask(|client| client.uri(format!("spiffe://dev.example/{name}")))
    }

    pub(crate) fn ask(&self, ask: impl FnOnce(Request<'_>) -> Request<'_>) -> Credential {
        credential(&ask(self.clients.client(now())).issue().unwrap())
    }

    /// Serves the router on a port of its own.
    pub(crate) async fn serve(&self) -> Service {
        self.serve_with(router(self.live.clone()), Limits::default())
            .await
    }

    pub(crate) async fn serve_with(&self, router: Router, limits: Limits) -> Service {
        self.serve_by(router, |server| server.limits(limits)).await
    }

    pub(crate) async fn serve_by(
        &self,
        router: Router,
        set: impl FnOnce(Server) -> Server,
    ) -> Service {
        let (sink, events) = unbounded_channel();
        // The writer ends by itself, once the server is gone.
        let (audit, _writer) = Audit::start(sink).unwrap();
        self.start(router, audit, events, set).await
    }

    /// With an audit log of the test's own.
    pub(crate) async fn serve_telling(
        &self,
        router: Router,
        limits: Limits,
        audit: Audit,
        events: UnboundedReceiver<AuditEvent>,
    ) -> Service {
        self.start(router, audit, events, |server| server.limits(limits))
            .await
    }

    async fn start(
        &self,
        router: Router,
        audit: Audit,
        events: UnboundedReceiver<AuditEvent>,
        set: impl FnOnce(Server) -> Server,
    ) -> Service {
        let metrics = audit.metrics().clone();
        let server = set(Server::new(self.live.clone(), audit));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        Service {
            address,
            events,
            metrics,
            stop,
            done: tokio::spawn(server.serve(listener, router, stopped)),
        }
    }
}

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) events: UnboundedReceiver<AuditEvent>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: CancellationToken,
    pub(crate) done: JoinHandle<()>,
}

impl Service {
    /// That its metrics have this line.
    pub(crate) fn counts(&self, world: &World, line: &str) {
        let text = self.metrics.text(&world.live);
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }

    /// The next audit event; not those of connections that ended while nothing was asked, which come
    /// beside those of requests in no order.
    pub(crate) async fn event(&mut self) -> AuditEvent {
        loop {
            let event = soon(self.events.recv()).await.unwrap();
            if event.kind != EventKind::Connection {
                return event;
            }
        }
    }

    /// The next audit event of a connection that ended while nothing was asked.
    pub(crate) async fn ended(&mut self) -> AuditEvent {
        loop {
            let event = soon(self.events.recv()).await.unwrap();
            if event.kind == EventKind::Connection {
                return event;
            }
        }
    }

    /// The next audit event, in short: kind, outcome, code, principal, method and route.
    pub(crate) async fn told(&mut self) -> String {
        brief(&self.event().await)
    }

    /// Stops, and answers every event that has not been taken.
    pub(crate) async fn rest(mut self) -> Vec<String> {
        self.stop.cancel();
        soon(self.done).await.unwrap();
        let mut rest = Vec::new();
        while let Some(event) = soon(self.events.recv()).await {
            rest.push(brief(&event));
        }
        rest
    }
}

pub(crate) fn brief(event: &AuditEvent) -> String {
    let mut words = vec![
        event.kind.as_str().to_owned(),
        event.outcome.as_str().to_owned(),
    ];
    words.extend(event.code.map(|code| code.to_string()));
    words.extend(event.principal().map(ToString::to_string));
    words.extend(event.method.as_ref().map(ToString::to_string));
    words.extend(event.route.as_deref().map(str::to_owned));
    assert_eq!(
        matches!(event.outcome, Outcome::Allowed | Outcome::Applied),
        event.code.is_none() && event.outcome != Outcome::Failed
    );
    words.join(" ")
}

pub(crate) fn trust(name: &str, authority: &Authority) -> Trust {
    let anchors = Anchors::from_pem(authority.certificate_pem().as_bytes()).unwrap();
    let rules = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse().unwrap()]);
    Trust::new(name.parse().unwrap(), anchors, rules)
}

pub(crate) fn credential(issued: &Issued) -> Credential {
    Credential::from_pem(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap()
}

/// What happens soon or never: a test that would hang fails instead. It proves nothing else.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap()
}
