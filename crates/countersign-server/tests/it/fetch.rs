use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::routing::get;
use countersign_axum::{
    Anchors, Api, Audit, Credential, Directory, Live, Server, SystemClock, Trust, TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme};
use countersign_pki::{Authority, RevocationReason};
use countersign_server::{Config, ConfigError, Fetcher};
use countersign_tls::{ClientCertificate, ServerOptions, Sessions};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"

[fetch]
folder = "lists"

[credential]
chain = "server.pem"
key = "server-key.pem"

[[trusts]]
name = "clients"
anchors = "root.pem"
scheme = "spiffe"
names = ["spiffe://dev.example/*"]
"#;

/// Answers each request with what is set.
struct Publisher {
    port: u16,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Publisher {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer: Arc<Mutex<Vec<u8>>> = Arc::default();
        let published = Arc::clone(&answer);
        tokio::spawn(async move {
            loop {
                let (mut tcp, _) = listener.accept().await.unwrap();
                let mut asked = [0; 1024];
                let _ = tcp.read(&mut asked).await.unwrap();
                assert!(asked.starts_with(b"GET /clients.crl HTTP/1.1\r\n"));
                let answer = published.lock().unwrap().clone();
                // Whoever has read enough goes away.
                let _ = tcp.write_all(&answer).await;
            }
        });
        Self { port, answer }
    }

    fn publish(&self, status: &str, body: &[u8]) {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        *self.answer.lock().unwrap() = [head.as_bytes(), body].concat();
    }
}

fn folder(root: &Authority, port: u16) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let server = root.server(Timestamp::now()).dns("localhost");
    let server = server.issue().unwrap();
    let urls = format!("crl_urls = [\"http://127.0.0.1:{port}/clients.crl\"]");
    for (name, text) in [
        ("server.toml", format!("{CONFIG}{urls}")),
        ("policy.toml", "version = 1\n".to_owned()),
        ("root.pem", root.certificate_pem()),
        ("server.pem", server.chain_pem()),
        ("server-key.pem", server.key_pem()),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn read(folder: &Path) -> Config {
    Config::from_file(folder.join("server.toml")).unwrap()
}

/// What a fetch says.
async fn fetched(fetcher: &mut Fetcher) -> String {
    let failed = fetcher.fetch().await;
    let reasons: Vec<_> = failed.iter().map(|(_, error)| error.to_string()).collect();
    reasons.join(", ")
}

fn list(by: &Authority, at: Timestamp, serials: &[u8]) -> Vec<u8> {
    let list = serials.iter().fold(by.crl(at), |list, serial| {
        list.revoke(&[*serial], RevocationReason::KeyCompromise, at)
    });
    list.issue().unwrap().der().to_vec()
}

#[tokio::test]
async fn a_list_is_fetched_and_kept_only_if_it_is_good() {
    let now = Timestamp::now();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let root = Authority::root("Clients", ago(100 * 24)).unwrap();
    let impostor = Authority::root("Clients", ago(1)).unwrap();
    let publisher = Publisher::start().await;
    let folder = folder(&root, publisher.port);
    let config = read(folder.path());
    let clock = Arc::new(SystemClock);
    let fetcher = Fetcher::new(&config, clock.clone()).await.unwrap();
    let mut fetcher = fetcher.unwrap();

    assert!(fetcher.is_wanting());
    let load = || config.load_parts(Sessions::default(), clock.clone());
    assert!(matches!(load(), Err(ConfigError::Load(_))), "fail closed");
    publisher.publish("200 OK", &list(&root, ago(2), &[7]));
    assert_eq!(fetched(&mut fetcher).await, "");
    assert!(!fetcher.is_wanting());
    let entries = || {
        let (trust, _) = load().unwrap();
        let lists = trust.trusts().first().unwrap().revocation_lists().to_vec();
        lists.iter().map(|list| list.len()).collect::<Vec<_>>()
    };
    assert_eq!(entries(), [1]);

    for (what, status, body, reason) in [
        ("nothing there", "404 Not Found", vec![], "404"),
        ("moved", "302 Found", vec![], "302"),
        ("garbage", "200 OK", b"<html>".to_vec(), "cannot be used"),
        (
            "older",
            "200 OK",
            list(&root, ago(3), &[]),
            "the one that is there",
        ),
        (
            "stale",
            "200 OK",
            list(&root, ago(90 * 24), &[]),
            "is stale since",
        ),
        (
            "another signer",
            "200 OK",
            list(&impostor, now, &[]),
            "CN=Clients",
        ),
    ] {
        publisher.publish(status, &body);
        let said = fetched(&mut fetcher).await;
        assert!(said.contains(reason), "{what}: {said}");
        assert_eq!(fetched(&mut fetcher).await, "", "{what}: it has been said");
        assert_eq!(entries(), [1], "{what}");
        publisher.publish("200 OK", &list(&root, ago(2), &[7]));
        assert_eq!(fetched(&mut fetcher).await, "", "{what}");
    }
    publisher.publish("200 OK", &list(&root, ago(1), &[7, 8]));
    assert_eq!(fetched(&mut fetcher).await, "");
    assert_eq!(entries(), [2]);
}

#[tokio::test]
async fn what_is_too_large_is_not_read_to_its_end() {
    let root = Authority::root("Clients", Timestamp::now()).unwrap();
    let publisher = Publisher::start().await;
    let folder = folder(&root, publisher.port);
    let config = read(folder.path());
    let fetcher = Fetcher::new(&config, Arc::new(SystemClock)).await.unwrap();
    publisher.publish("200 OK", &vec![0; 64 * 1024 * 1024 + 1]);
    let said = fetched(&mut fetcher.unwrap()).await;
    assert_eq!(said, "is larger than 67108864 bytes");
}

/// A server of lists over TLS, whose CA is the one that is named, or is not.
#[tokio::test]
async fn over_https_the_server_must_be_one_that_we_trust() {
    let now = Timestamp::now();
    let root = Authority::root("Clients", now).unwrap();
    let web = Authority::root("Web", now).unwrap();
    let bytes = list(&root, now, &[7]);
    let port = publish_over_tls(&web, bytes.clone()).await;
    for (anchors, expected) in [("web.pem", ""), ("root.pem", "UnknownIssuer")] {
        let folder = folder(&root, 1);
        let url = format!("https://localhost:{port}/clients.crl");
        let fetch = format!("[fetch]\nanchors = \"{anchors}\"");
        let text = fs::read_to_string(folder.path().join("server.toml")).unwrap();
        let text = text
            .replace("http://127.0.0.1:1/clients.crl", &url)
            .replace("[fetch]", &fetch);
        fs::write(folder.path().join("server.toml"), text).unwrap();
        fs::write(folder.path().join("web.pem"), web.certificate_pem()).unwrap();
        let config = read(folder.path());
        let fetcher = Fetcher::new(&config, Arc::new(SystemClock)).await.unwrap();
        let said = fetched(&mut fetcher.unwrap()).await;
        assert_eq!(said.is_empty(), expected.is_empty(), "{said}");
        assert!(said.contains(expected), "{said}");
        let kept = &config.trusts.first().unwrap().fetched.first().unwrap().file;
        let kept = fs::read(kept).unwrap_or_default();
        assert_eq!(kept == bytes, expected.is_empty());
    }
}

/// Serves `list` to whoever comes, with a certificate of `web`.
async fn publish_over_tls(web: &Authority, list: Vec<u8>) -> u16 {
    let server = web.server(Timestamp::now()).dns("localhost").issue();
    let server = server.unwrap();
    let (chain, key) = (server.chain_pem(), server.key_pem());
    let credential = Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let anchors = Anchors::from_pem(web.certificate_pem().as_bytes()).unwrap();
    let names = NameRules::new(Scheme::Dns, ["dns:nobody.example".parse().unwrap()]);
    let trust = Trust::new("nobody".parse().unwrap(), anchors, names);
    let options = ServerOptions::default().client_certificate(ClientCertificate::Requested);
    let clock = Arc::new(SystemClock);
    let trust = TrustSnapshot::with_options(credential, vec![trust], options, clock.clone());
    let directory = Directory::from_toml("version = 1").unwrap();
    let live = Live::new(trust.unwrap(), directory, clock);
    let router = Api::new(live.clone())
        .public("/clients.crl", get(async move || list.clone()))
        .into_router();
    let (sink, _) = tokio::sync::mpsc::unbounded_channel();
    let (audit, _writer) = Audit::start(sink).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(Server::new(live, audit).serve(listener, router, std::future::pending()));
    port
}
