use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use countersign_axum::audit::{EventKind, Outcome};
use countersign_axum::{Audit, AuditEvent, Digests, Live, Reloaded, Reloader, SystemClock};
use countersign_client::{Client, ClientBuilder, Credential, HttpVersion, Kind, ServerTrust};
use countersign_pki::{Authority, Issued, RevocationReason};
use countersign_server::{Addresses, Config, ConfigFiles, ReferenceServer, api};
use countersign_tests::BILLING;
use countersign_tls::Alert;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"

[credential]
chain = "server.pem"
key = "server-key.pem"

[[trusts]]
name = "clients"
anchors = "root.pem"
scheme = "spiffe"
names = ["spiffe://world.example/*"]
crls = ["clients.crl"]
"#;

const POLICY: &str = r#"
version = 1

[principals.billing]
identities = [{ trust = "clients", name = "spiffe://world.example/billing" }]
"#;

/// A server whose files change.
struct Files {
    folder: TempDir,
    servers: Authority,
    old: Authority,
    new: Authority,
    live: Live,
    reloader: Reloader<ConfigFiles>,
    server: ReferenceServer,
    events: UnboundedReceiver<AuditEvent>,
}

impl Files {
    async fn serve() -> Self {
        let now = Timestamp::now();
        let authority = |name| Authority::root(name, now).unwrap();
        let (servers, old, new) = (authority("Servers"), authority("Old"), authority("New"));
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "server.toml", CONFIG);
        put(folder.path(), "policy.toml", POLICY);
        put(folder.path(), "root.pem", old.certificate_pem());
        put(folder.path(), "clients.crl", list(&old, &[]));
        present(folder.path(), &servers);
        let config = Config::from_file(folder.path().join("server.toml")).unwrap();
        let digests = Digests::of(config.files());
        let live = config.load(Arc::new(SystemClock)).unwrap();
        let files = ConfigFiles::new(config, api(live.clone()).table());
        let (sink, events) = unbounded_channel();
        let (audit, writer) = Audit::start(sink).unwrap();
        drop(writer);
        let server = ReferenceServer::start(Addresses::loopback(), live.clone(), audit.clone());
        Self {
            folder,
            servers,
            old,
            new,
            reloader: Reloader::new(files, digests, live.clone(), audit),
            live,
            server: server.await.unwrap(),
            events,
        }
    }

    /// Polls until the change is in force: the first poll only notices.
    async fn reload(&mut self) {
        assert!(self.reloader.poll().await.is_none());
        let reloaded = self.reloader.poll().await;
        assert!(matches!(reloaded, Some(Reloaded::Applied { .. })));
    }

    fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        put(self.folder.path(), name, text);
    }

    fn both(&self) -> String {
        self.old.certificate_pem() + &self.new.certificate_pem()
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/whoami", self.server.address().port())
    }

    fn client(&self, issued: Option<&Issued>) -> ClientBuilder {
        client(
            &self.servers.certificate_pem(),
            self.server.address(),
            issued,
        )
    }

    /// Without a certificate nobody comes in, whatever was reloaded.
    async fn demands_a_certificate(&self) {
        let stranger = self.client(None).build().await.unwrap();
        let refused = stranger.get(self.url()).send().await.unwrap_err();
        let Kind::Refused(refused) = refused.kind() else {
            panic!("{refused:?}");
        };
        assert_eq!(refused.alert, Some(Alert::CERTIFICATE_REQUIRED));
    }
}

fn client(servers: &str, address: SocketAddr, issued: Option<&Issued>) -> ClientBuilder {
    let builder = Client::builder()
        .trust(ServerTrust::pinned_ca_pem(servers.as_bytes()).unwrap())
        .resolve("localhost", address);
    match issued {
        Some(issued) => {
            let (chain, key) = (issued.chain_pem(), issued.key_pem());
            builder.credential(Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap())
        }
        None => builder,
    }
}

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let beside = folder.join("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join(name)).unwrap();
}

fn present(folder: &Path, servers: &Authority) {
    let server = servers.server(Timestamp::now()).dns("localhost");
    let server = server.issue().unwrap();
    put(folder, "server.pem", server.chain_pem());
    put(folder, "server-key.pem", server.key_pem());
}

fn list(by: &Authority, serials: &[u8]) -> String {
    let now = Timestamp::now();
    let list = serials.iter().fold(by.crl(now), |list, serial| {
        list.revoke(&[*serial], RevocationReason::KeyCompromise, now)
    });
    list.issue().unwrap().pem()
}

/// Calls until `stop` says so; some clients call on a new connection besides, each time.
fn call(
    files: &Files,
    place: usize,
    stop: watch::Receiver<()>,
) -> impl Future<Output = usize> + use<> {
    let issued = files.old.client(Timestamp::now()).uri(BILLING);
    let issued = issued.issue().unwrap();
    let http = match place % 2 {
        0 => HttpVersion::Http1,
        _ => HttpVersion::Http2,
    };
    let (servers, address) = (files.servers.certificate_pem(), files.server.address());
    let url = files.url();
    let build = move || {
        client(&servers, address, Some(&issued))
            .http_version(http)
            .build()
    };
    async move {
        let held = build().await.unwrap();
        let mut calls = 0;
        while !stop.has_changed().unwrap() {
            let answer = held.get(url.as_str()).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            if place < 4 {
                let fresh = build().await.unwrap();
                assert_eq!(fresh.get(url.as_str()).send().await.unwrap().status(), 200);
            }
            calls += 1;
        }
        calls
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_under_load_costs_no_request_and_keeps_client_authentication() {
    let mut files = Files::serve().await;
    let (stop, stopped) = watch::channel(());
    let mut callers = JoinSet::new();
    for place in 0..20 {
        callers.spawn(call(&files, place, stopped.clone()));
    }
    files.demands_a_certificate().await;
    for reload in 1..=5 {
        match reload {
            1 => present(files.folder.path(), &files.servers),
            2 => files.put("root.pem", files.both()),
            3 => files.put(
                "clients.crl",
                list(&files.old, &[7]) + &list(&files.new, &[]),
            ),
            4 => files.put("policy.toml", format!("{POLICY}permissions = [\"a:b\"]\n")),
            _ => {
                present(files.folder.path(), &files.servers);
                files.put("root.pem", files.both() + "\n");
                files.put(
                    "clients.crl",
                    list(&files.old, &[7, 8]) + &list(&files.new, &[]),
                );
            }
        }
        files.reload().await;
        files.demands_a_certificate().await;
    }
    // Of the new CA there is a list now, too.
    let issued = files.new.client(Timestamp::now()).uri(BILLING);
    let newer = files.client(Some(&issued.issue().unwrap())).build().await;
    let answer = newer.unwrap().get(files.url()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    stop.send(()).unwrap();
    let calls: Vec<usize> = callers.join_all().await;
    assert!(calls.iter().all(|calls| *calls > 0), "{calls:?}");
    assert_eq!(files.live.load().epoch().number(), 6);
    told(&mut files, calls.len());
}

/// Each connection saw the epochs in their order, and so did the audit log.
fn told(files: &mut Files, callers: usize) {
    let mut last: HashMap<SocketAddr, u64> = HashMap::new();
    let mut applied = Vec::new();
    while let Ok(event) = files.events.try_recv() {
        let epoch = event.epoch.number();
        match (event.kind, event.outcome) {
            (EventKind::Reload, Outcome::Applied) => applied.push(epoch),
            (EventKind::Request, Outcome::Allowed) => {
                let before = last.insert(event.address().unwrap(), epoch);
                assert!(before.is_none_or(|before| before <= epoch));
            }
            (EventKind::CertificateRenewed, _) => {}
            (EventKind::Handshake, Outcome::Refused) => {
                assert_eq!(event.code.unwrap().as_str(), "certificate-required");
            }
            other => panic!("{other:?}: {event:?}"),
        }
    }
    assert_eq!(applied, [2, 3, 4, 5, 6]);
    assert!(last.len() >= callers);
}
