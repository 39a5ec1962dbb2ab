use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use countersign_axum::{Anchors, Api, Audit, AuditEvent, Directory, Live, Trust, TrustSnapshot};
use countersign_client::{Client, ClientBuilder, Credential, ServerTrust};
use countersign_identity::{NamePattern, NameRules};
use countersign_pki::{Authority, Issued};
use countersign_server::{Addresses, ReferenceServer};
use countersign_tls::{ClientCertificate, ServerOptions};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::StandingClock;

/// The name of a caller that may read and write transactions.
pub const BILLING: &str = "spiffe://world.example/billing";
/// The name of a caller that may read transactions.
pub const REPORTS: &str = "spiffe://world.example/reports";
/// The name of nobody.
pub const NEWCOMER: &str = "spiffe://world.example/newcomer";

/// The reference server, its PKI and its audit log.
#[derive(Debug)]
pub struct World {
    /// The CA that server and clients trust.
    pub root: Authority,
    /// The CA below it, which issues every certificate.
    pub issuing: Authority,
    /// The time on both ends.
    pub clock: Arc<StandingClock>,
    live: Live,
    server: ReferenceServer,
    events: UnboundedReceiver<AuditEvent>,
}

impl World {
    /// Everything as it should be.
    ///
    /// # Errors
    ///
    /// No certificate can be made, or no port be bound.
    pub async fn start() -> Result<Self> {
        Self::with_server_certificate(localhost).await
    }

    /// Everything as it should be at `now`: where others have a clock of their own.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn at(now: Timestamp) -> Result<Self> {
        let trusts = |root: &Authority| Ok(vec![trust("clients", root, SPIFFE)?]);
        let parts = Parts::new(now, localhost, trusts, ServerOptions::default())?;
        parts.serve(POLICY, Addresses::loopback()).await
    }

    /// A server that presents what `issue` makes.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn with_server_certificate(
        issue: impl FnOnce(&Authority, Timestamp) -> Result<Issued>,
    ) -> Result<Self> {
        Self::with(
            issue,
            |root| Ok(vec![trust("clients", root, SPIFFE)?]),
            POLICY,
            ServerOptions::default(),
        )
        .await
    }

    /// A server with the trusts that `trusts` makes of this world's CA, and with `policy`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or the trusts or the policy are refused.
    pub async fn with_trusts(
        trusts: impl FnOnce(&Authority) -> Result<Vec<Trust>>,
        policy: &str,
    ) -> Result<Self> {
        Self::with(localhost, trusts, policy, ServerOptions::default()).await
    }

    /// A server that asks for certificates in the way of `mode`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn with_mode(mode: ClientCertificate) -> Result<Self> {
        let options = ServerOptions::default().client_certificate(mode);
        let trusts = |root: &Authority| Ok(vec![trust("clients", root, SPIFFE)?]);
        Self::with(localhost, trusts, POLICY, options).await
    }

    /// A server that listens at `addresses`, with `policy`. Clients come to the loopback address.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or the policy is refused.
    pub async fn with_addresses(addresses: Addresses, policy: &str) -> Result<Self> {
        let trusts = |root: &Authority| Ok(vec![trust("clients", root, SPIFFE)?]);
        let options = ServerOptions::default();
        Parts::new(Timestamp::from_second(NOW)?, localhost, trusts, options)?
            .serve(policy, addresses)
            .await
    }

    /// A bank: the open banking API beside the other, for TPPs of a qualified trust.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn bank() -> Result<Self> {
        let trusts = |root: &Authority| Ok(vec![trust("qualified", root, "org:PSDGB-FCA-*")?]);
        Self::bank_with(trusts, BANK_POLICY).await
    }

    /// The same with other trusts and another policy.
    ///
    /// # Errors
    ///
    /// As [`with_trusts`](Self::with_trusts).
    pub async fn bank_with(
        trusts: impl FnOnce(&Authority) -> Result<Vec<Trust>>,
        policy: &str,
    ) -> Result<Self> {
        Self::bank_of(trusts, policy, countersign_server::bank).await
    }

    /// The same with another API, such as one that asks for access tokens.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn bank_with_api(api: impl FnOnce(Live) -> Api) -> Result<Self> {
        let trusts = |root: &Authority| Ok(vec![trust("qualified", root, "org:PSDGB-FCA-*")?]);
        Self::bank_of(trusts, BANK_POLICY, api).await
    }

    async fn bank_of(
        trusts: impl FnOnce(&Authority) -> Result<Vec<Trust>>,
        policy: &str,
        api: impl FnOnce(Live) -> Api,
    ) -> Result<Self> {
        let options = ServerOptions::default();
        let parts = Parts::new(Timestamp::from_second(NOW)?, localhost, trusts, options)?;
        parts.serve_with(policy, Addresses::loopback(), api).await
    }

    async fn with(
        issue: impl FnOnce(&Authority, Timestamp) -> Result<Issued>,
        trusts: impl FnOnce(&Authority) -> Result<Vec<Trust>>,
        policy: &str,
        options: ServerOptions,
    ) -> Result<Self> {
        Parts::new(Timestamp::from_second(NOW)?, issue, trusts, options)?
            .serve(policy, Addresses::loopback())
            .await
    }

    /// What the server decides by.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// The port of the API, on the loopback address.
    pub fn port(&self) -> u16 {
        self.server.address().port()
    }

    /// Where `path` is served.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.server.address().port())
    }

    /// Where the admin listener answers `path`.
    pub fn admin_url(&self, path: &str) -> String {
        format!("{}{path}", self.server.admin_url())
    }

    /// A client that presents a certificate of this world's CA with the SPIFFE ID `name`.
    ///
    /// # Errors
    ///
    /// The certificate cannot be made.
    pub fn client_as(&self, name: &str) -> Result<ClientBuilder> {
        self.client(Some(
            &self.issuing.client(self.clock.now()).uri(name).issue()?,
        ))
    }

    /// A client that trusts this world's CA, lives in its time, and presents `issued`.
    ///
    /// # Errors
    ///
    /// `issued` is no credential.
    pub fn client(&self, issued: Option<&Issued>) -> Result<ClientBuilder> {
        self.client_of(issued.map(credential).transpose()?, &self.root)
    }

    /// A client that trusts `servers` instead, and presents `credential`.
    ///
    /// # Errors
    ///
    /// `servers` cannot be trusted.
    pub fn client_of(
        &self,
        credential: Option<Credential>,
        servers: &Authority,
    ) -> Result<ClientBuilder> {
        let trust = ServerTrust::pinned_ca_pem(servers.certificate_pem().as_bytes())?;
        let builder = Client::builder()
            .trust(trust)
            .clock(self.clock.clone())
            .resolve("localhost", self.server.address());
        Ok(match credential {
            Some(credential) => builder.credential(credential),
            None => builder,
        })
    }

    /// What the admin listener answers in the clear: status and body. Our client refuses to speak plain
    /// HTTP, so this one speaks it by hand.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub async fn ask_admin(&self, path: &str) -> Result<(u16, String)> {
        ask(self.server.admin_address(), path).await
    }

    /// The same of the listener for health alone.
    ///
    /// # Errors
    ///
    /// There is none, or it does not answer.
    pub async fn ask_health(&self, path: &str) -> Result<(u16, String)> {
        let address = self.server.health_address();
        ask(address.context("no listener for health")?, path).await
    }

    /// The trusts of this world once more, for another snapshot, each as `change` leaves it.
    ///
    /// # Errors
    ///
    /// They are no trusts any more.
    pub fn changed(&self, change: impl FnOnce(Trust) -> Trust) -> Result<TrustSnapshot> {
        let trusts = vec![change(trust("clients", &self.root, SPIFFE)?)];
        self.snapshot(trusts)
    }

    /// A snapshot of `trusts`, with the credential of the server and its sessions.
    ///
    /// # Errors
    ///
    /// They are no trusts.
    pub fn snapshot(&self, trusts: Vec<Trust>) -> Result<TrustSnapshot> {
        let now = self.live.load();
        let (credential, options) = (now.trust().credential(), now.trust().options());
        let (credential, options) = (credential.clone(), options.clone());
        let clock = self.clock.clone();
        Ok(TrustSnapshot::with_options(
            credential, trusts, options, clock,
        )?)
    }

    /// The next audit event.
    ///
    /// # Errors
    ///
    /// None came within 10 s.
    pub async fn event(&mut self) -> Result<AuditEvent> {
        let event = timeout(Duration::from_secs(10), self.events.recv()).await;
        event
            .context("no audit event")?
            .context("the audit log has ended")
    }

    /// The audit events that nobody asked for yet.
    pub fn further_events(&mut self) -> Vec<AuditEvent> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

/// A world of which nothing is served yet.
struct Parts {
    root: Authority,
    issuing: Authority,
    clock: Arc<StandingClock>,
    trust: TrustSnapshot,
}

impl Parts {
    fn new(
        now: Timestamp,
        issue: impl FnOnce(&Authority, Timestamp) -> Result<Issued>,
        trusts: impl FnOnce(&Authority) -> Result<Vec<Trust>>,
        options: ServerOptions,
    ) -> Result<Self> {
        let root = Authority::root("World Root", now)?;
        let issuing = root.intermediate("World Issuing CA", now)?;
        let clock = Arc::new(StandingClock::at(now));
        let credential = credential(&issue(&issuing, now)?)?;
        let trusts = trusts(&root)?;
        let trust = TrustSnapshot::with_options(credential, trusts, options, clock.clone())?;
        Ok(Self {
            root,
            issuing,
            clock,
            trust,
        })
    }

    async fn serve(self, policy: &str, addresses: Addresses) -> Result<World> {
        self.serve_with(policy, addresses, countersign_server::api)
            .await
    }

    async fn serve_with(
        self,
        policy: &str,
        addresses: Addresses,
        api: impl FnOnce(Live) -> Api,
    ) -> Result<World> {
        let directory = Directory::from_toml(policy)?;
        let live = Live::new(self.trust, directory, self.clock.clone());
        let (sink, events) = unbounded_channel();
        let (audit, writer) = Audit::start(sink)?;
        // The world ends with the test: nobody waits for the writer.
        drop(writer);
        let api = api(live.clone());
        let server = ReferenceServer::start_with(addresses, api, live.clone(), audit).await?;
        Ok(World {
            root: self.root,
            issuing: self.issuing,
            clock: self.clock,
            live,
            server,
            events,
        })
    }
}

async fn ask(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut tcp = TcpStream::connect(address).await?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    tcp.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    let status = head.split_ascii_whitespace().nth(1).context("no status")?;
    Ok((status.parse()?, body.to_owned()))
}

fn credential(issued: &Issued) -> Result<Credential> {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    Ok(Credential::from_pem(chain.as_bytes(), key.as_bytes())?)
}

fn localhost(issuing: &Authority, now: Timestamp) -> Result<Issued> {
    Ok(issuing.server(now).dns("localhost").issue()?)
}

/// The trust `name`, for which `root` vouches, for the names of `pattern`.
///
/// # Errors
///
/// One of the three is none.
pub fn trust(name: &str, root: &Authority, pattern: &str) -> Result<Trust> {
    let anchors = Anchors::from_pem(root.certificate_pem().as_bytes())?;
    let pattern: NamePattern = pattern.parse()?;
    let rules = NameRules::new(pattern.scheme(), [pattern]);
    Ok(Trust::new(name.parse()?, anchors, rules))
}

const SPIFFE: &str = "spiffe://world.example/*";

/// 2026-09-21T14:13:20Z, and for ever: no certificate here grows old.
const NOW: i64 = 1_790_000_000;

/// The policy of this world.
pub const POLICY: &str = r#"
version = 1

[principals.billing]
permissions = ["transactions:read", "transactions:write"]
identities = [{ trust = "clients", name = "spiffe://world.example/billing" }]

[principals.reports]
permissions = ["transactions:read"]
identities = [{ trust = "clients", name = "spiffe://world.example/reports" }]
"#;

/// The policy of the bank of [`World::bank`]: `tpp` may do all that TPPs may, `other` as well, and `reader` may see accounts.
pub const BANK_POLICY: &str = r#"
version = 1

[principals.tpp]
permissions = ["accounts:read", "payments:initiate", "funds:confirm"]
identities = [{ trust = "qualified", name = "org:PSDGB-FCA-123456" }]

[principals.other]
permissions = ["accounts:read", "payments:initiate", "funds:confirm"]
identities = [{ trust = "qualified", name = "org:PSDGB-FCA-200000" }]

[principals.reader]
permissions = ["accounts:read"]
identities = [{ trust = "qualified", name = "org:PSDGB-FCA-300000" }]

[principals.blocked]
enabled = false
permissions = ["accounts:read"]
identities = [{ trust = "qualified", name = "org:PSDGB-FCA-400000" }]
"#;
