//! A whole service: TLS with client certificates, one route, one permission, an audit log, and a reload of all its files.
//!
//! Run with: `cargo run -p countersign-axum --example hello -- server.pem server-key.pem client-ca.pem client-ca.crl policy.toml`
//! and call it with `curl --cacert server-ca.pem --cert billing.pem --key billing-key.pem https://localhost:8443/v1/hello`.
//! What changes in the files is in force within two seconds, or at once at SIGHUP.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fs, io};

use countersign_axum::audit::JsonLines;
use countersign_axum::routing::get;
use countersign_axum::{
    Anchors, Api, Audit, Clock, Credential, Directory, NewState, Permission, Reloader, Require,
    RevocationList, Server, ServerOptions, Sessions, Source, SystemClock, Trust, TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// In the policy: `permissions = ["hello:read"]`.
struct ReadHello;
impl Permission for ReadHello {
    const NAME: &'static str = "hello:read";
}

/// Whoever gets here holds the permission: there is no other way to a `Require`.
async fn hello(caller: Require<ReadHello>) -> String {
    format!("hello, {}\n", caller.principal().name())
}

/// What decides who may come in: read at the start, and whenever it changes.
#[derive(Clone)]
struct Files {
    chain: PathBuf,
    key: PathBuf,
    ca: PathBuf,
    crl: PathBuf,
    policy: PathBuf,
}

impl Source for Files {
    type Error = Box<dyn Error + Send + Sync>;

    fn files(&self) -> Vec<PathBuf> {
        let files = [&self.chain, &self.key, &self.ca, &self.crl, &self.policy];
        files.into_iter().cloned().collect()
    }

    fn load(&mut self, sessions: Sessions, clock: Arc<dyn Clock>) -> Result<NewState, Self::Error> {
        // Whom we trust, and for which names: the CA cannot vouch for anybody else's.
        let rules = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse()?]);
        let trust = Trust::new("clients".parse()?, Anchors::from_pem_file(&self.ca)?, rules)
            .with_lists(RevocationList::from_file(&self.crl)?);
        let server = Credential::from_pem_files(&self.chain, &self.key)?;
        let options = ServerOptions::default().sessions(sessions);
        let trusts = TrustSnapshot::with_options(server, vec![trust], options, clock)?;
        let directory = Directory::from_toml(&fs::read_to_string(&self.policy)?)?;
        Ok(NewState::new(trusts, directory))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    let Ok([chain, key, ca, crl, policy]) = <[PathBuf; 5]>::try_from(arguments) else {
        return Err(
            "usage: hello <server chain> <server key> <client CA> <its CRL> <policy>".into(),
        );
    };
    let files = Files {
        chain,
        key,
        ca,
        crl,
        policy,
    };

    let (audit, writer) = Audit::start(JsonLines::new(io::stdout()))?;
    let reloader = Reloader::load(files, audit.clone(), Arc::new(SystemClock))?;
    let live = reloader.live();

    // Who may do what.
    let router = Api::new(live.clone())
        .guarded::<ReadHello>("/v1/hello", get(hello))
        .into_router();

    let listener = TcpListener::bind("127.0.0.1:8443").await?;
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    tokio::select! {
        () = Server::new(live, audit).serve(listener, router, stop) => {}
        // It ends by a panic alone, and that ends the service: without it nobody is revoked any more.
        () = reloader.run(hangups()?) => {}
    }
    writer.finish();
    Ok(())
}

/// Notified at each SIGHUP.
fn hangups() -> io::Result<Arc<Notify>> {
    let hangups = Arc::new(Notify::new());
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let (mut hangup, notified) = (signal(SignalKind::hangup())?, Arc::clone(&hangups));
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                notified.notify_one();
            }
        });
    }
    Ok(hangups)
}
