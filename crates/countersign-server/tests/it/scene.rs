//! A server that has been up for an hour: twelve callers, one whose certificate has ended meanwhile and one whose ends in two days,
//! a caller that has a second identity, a stale list, five different refusals, a reload and one that was refused.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use countersign_axum::audit::AuditWriter;
use countersign_axum::{
    Anchors, Audit, AuditEvent, Clock, Connection, Credential, Directory, Forwarding, Live, Trust,
    TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme};
use countersign_pki::{Authority, Issued};
use countersign_server::{Addresses, ReferenceServer};
use countersign_tls::{Revocation, RevocationList};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::ServiceExt;

/// Names, and in how many minutes their certificates end.
pub(crate) const CALLERS: [(&str, i64); 12] = [
    ("migration", -25),
    ("billing", 2 * DAY + 60),
    ("reports", 11 * DAY + 60),
    ("ledger", 19 * DAY + 60),
    ("payroll", 27 * DAY + 60),
    ("invoices", 34 * DAY + 60),
    ("treasury", 41 * DAY + 60),
    ("quarterly-audit-export-of-the-holding", 48 * DAY + 60),
    ("risk", 55 * DAY + 60),
    ("pricing", 62 * DAY + 60),
    ("settlement", 70 * DAY + 60),
    ("onboarding", 77 * DAY + 60),
];

/// The second identity of `reports`; it has asked once.
pub(crate) const STANDBY: (&str, i64) = ("reports-standby", 20 * DAY + 60);

/// Minutes.
const DAY: i64 = 24 * 60;

/// What they are refused for, in the order in which it happens.
pub(crate) const REFUSALS: [&str; 5] = [
    "certificate-expired",
    "certificate-untrusted",
    "principal-unknown",
    "revocation-unknown",
    "permission-missing",
];

/// What a stranger had written into a certificate.
pub(crate) const SUBJECT: &str = "<script>alert(1)</script>";

/// A clock that is set by hand.
#[derive(Debug)]
pub(crate) struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct Scene {
    pub(crate) server: ReferenceServer,
    pub(crate) now: Timestamp,
    clock: Arc<Hands>,
    live: Live,
    audit: Audit,
    router: Router,
    events: UnboundedReceiver<AuditEvent>,
    clients: Authority,
    partners: Authority,
    /// Whose connections are held.
    held: Vec<(&'static str, Connection)>,
    _writer: AuditWriter,
}

impl Scene {
    /// All of it, with the admin listener at `addresses`.
    pub(crate) async fn start(now: Timestamp, addresses: Addresses) -> Self {
        let mut scene = Self::quiet(now, addresses).await;
        scene.call_for_an_hour().await;
        scene.refuse_five().await;
        scene.reload().await;
        scene
    }

    /// The same before anything has happened.
    pub(crate) async fn quiet(now: Timestamp, addresses: Addresses) -> Self {
        let long_ago = now - SignedDuration::from_hours(24 * 200);
        let authority = |name| Authority::root(name, long_ago).unwrap();
        let (clients, partners) = (authority("Acme Clients"), authority("Partners"));
        let clock = Arc::new(Hands(Mutex::new(now - SignedDuration::from_hours(1))));
        let live = Live::new(
            trusts(&clients, &partners, now, &clock),
            policy(),
            clock.clone(),
        );
        let (sink, events) = unbounded_channel();
        let (audit, writer) = Audit::start(sink).unwrap();
        let server = ReferenceServer::start(addresses, live.clone(), audit.clone()).await;
        Self {
            server: server.unwrap(),
            router: countersign_server::router(live.clone()),
            held: Vec::new(),
            now,
            clock,
            live,
            audit,
            events,
            clients,
            partners,
            _writer: writer,
        }
    }

    /// Asks for `path` in the name of `caller`, on its connection.
    pub(crate) async fn ask(&mut self, caller: &str, method: &str, path: &str) {
        let connection = self.held.iter().find(|(name, _)| *name == caller);
        let connection = connection.unwrap().1.clone();
        self.send(connection, method, path).await;
    }

    async fn call_for_an_hour(&mut self) {
        for (name, minutes) in CALLERS.into_iter().chain([STANDBY]) {
            let until = self.now + SignedDuration::from_mins(minutes);
            let from = self.now - SignedDuration::from_hours(24 * 3);
            let client = self.clients.client(from).validity(from, until);
            let client = client.uri(format!("spiffe://acme.example/{name}")).issue();
            let connection = self.connect(&client.unwrap());
            self.held.push((name, connection));
        }
        self.ask(STANDBY.0, "GET", "/whoami").await;
        for minute in 0..60_u32 {
            self.set(self.now - SignedDuration::from_mins(i64::from(60 - minute)));
            let callers = match minute {
                5 => 12,
                _ => 3 + (minute * 7 + minute * minute / 3) % 10,
            };
            let callers = CALLERS.iter().take(usize::try_from(callers).unwrap());
            for (name, _) in callers.filter(|(_, end)| *end > i64::from(minute) - 60) {
                self.ask(name, "GET", "/whoami").await;
            }
        }
        self.set(self.now);
    }

    async fn refuse_five(&mut self) {
        let recent = self.now - SignedDuration::from_hours(1);
        let old = self.now - SignedDuration::from_hours(24 * 100);
        let ended = self.now - SignedDuration::from_hours(24 * 9);
        let strangers = Authority::root("Strangers", old).unwrap();
        let name = |name: &str| format!("spiffe://acme.example/{name}");
        let refused = [
            (
                self.clients
                    .client(old)
                    .validity(old, ended)
                    .uri(name("archive")),
                "GET",
            ),
            (strangers.client(recent).common_name(SUBJECT), "GET"),
            (self.clients.client(recent).uri(name("newcomer")), "GET"),
            (
                self.partners
                    .client(recent)
                    .uri("spiffe://partner.example/orders"),
                "GET",
            ),
            (self.clients.client(recent).uri(name("reports")), "POST"),
        ];
        let refused = refused.map(|(request, method)| (request.issue().unwrap(), method));
        for (minutes, (client, method)) in [41, 26, 14, 6, 1].into_iter().zip(refused) {
            self.set(self.now - SignedDuration::from_mins(minutes));
            let connection = self.connect(&client);
            self.send(connection, method, "/v1/transactions").await;
        }
        self.set(self.now);
    }

    async fn reload(&mut self) {
        self.set(self.now - SignedDuration::from_mins(18));
        let trust = trusts(&self.clients, &self.partners, self.now, &self.clock);
        let changed = vec!["policy.toml".to_owned()];
        let forwarding = Forwarding::default();
        let live = self.live.clone();
        let applied = live.reload(trust, policy(), forwarding, changed, &self.audit);
        applied.await;
        self.set(self.now - SignedDuration::from_mins(3));
        let reason = "`policy.toml`: line 6, column 1: unknown field `permisions`";
        let changed = vec!["policy.toml".to_owned()];
        live.refuse_reload(reason.to_owned(), changed, &self.audit)
            .await;
        self.set(self.now);
        for _ in 0..2 {
            self.events.recv().await.unwrap();
        }
    }

    /// What the writer has passed on it has counted, too.
    pub(crate) async fn send(&mut self, connection: Connection, method: &str, path: &str) {
        let request = http::Request::builder().method(method).uri(path);
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(connection);
        self.router.clone().oneshot(request).await.unwrap();
        self.events.recv().await.unwrap();
    }

    fn connect(&self, client: &Issued) -> Connection {
        self.present(client.chain_der())
    }

    /// The connection of somebody who presents `chain`.
    pub(crate) fn present(&self, chain: Vec<Vec<u8>>) -> Connection {
        Connection::without_handshake(chain, &self.live, self.audit.clone())
    }

    /// Sets the clock.
    pub(crate) fn set(&self, time: Timestamp) {
        *self.clock.0.lock().unwrap() = time;
    }
}

fn trusts(
    clients: &Authority,
    partners: &Authority,
    now: Timestamp,
    clock: &Arc<Hands>,
) -> TrustSnapshot {
    let trust = |name: &str, root: &Authority, names: &str, due: i64| {
        let anchors = Anchors::from_pem(root.certificate_pem().as_bytes()).unwrap();
        let rules = NameRules::new(Scheme::Spiffe, [names.parse().unwrap()]);
        let list = root.crl(now - SignedDuration::from_hours(24 * 9));
        let list = list.next_update(now + SignedDuration::from_hours(due));
        let list = RevocationList::from_der(list.issue().unwrap().der()).unwrap();
        Trust::new(name.parse().unwrap(), anchors, rules)
            .with_lists([list])
            .with_revocation(Revocation::RequireFresh)
    };
    let trusts = vec![
        trust("clients", clients, "spiffe://acme.example/*", 24 * 6),
        trust("partners", partners, "spiffe://partner.example/*", -24 * 2),
    ];
    let server = clients.server(now - SignedDuration::from_hours(24));
    let server = server.dns("localhost").issue().unwrap();
    let pem = (server.chain_pem(), server.key_pem());
    let server = Credential::from_pem(pem.0.as_bytes(), pem.1.as_bytes()).unwrap();
    TrustSnapshot::new(server, trusts, clock.clone()).unwrap()
}

fn policy() -> Directory {
    let identity =
        |name| format!("{{ trust = \"clients\", name = \"spiffe://acme.example/{name}\" }}");
    let principals = CALLERS.map(|(name, _)| {
        let mut identities = identity(name);
        if name == "reports" {
            identities = format!("{identities}, {}", identity(STANDBY.0));
        }
        format!(
            "[principals.{name}]\npermissions = [\"transactions:read\"]\nidentities = [{identities}]\n"
        )
    });
    let orders = "[roles.clerk]\npermissions = [\"transactions:write\"]\n[principals.orders]\nroles = [\"clerk\"]\n\
                  identities = [{ trust = \"partners\", name = \"spiffe://partner.example/orders\" }]\n";
    Directory::from_toml(&format!("version = 1\n{}{orders}", principals.concat())).unwrap()
}
