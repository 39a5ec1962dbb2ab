//! The service of `hello.rs` for those who stay with axum-server: the same router, our acceptor.
//!
//! Run with: `cargo run -p countersign-axum --features axum-server --example axum_server -- server.pem server-key.pem client-ca.pem policy.toml`
//!
//! `CountersignAcceptor` says what it cannot do.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum_server::Handle;
use countersign_axum::audit::JsonLines;
use countersign_axum::routing::get;
use countersign_axum::{
    Anchors, Api, Audit, CountersignAcceptor, Credential, Directory, Live, Permission, Require,
    SystemClock, Trust, TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme};

struct ReadHello;
impl Permission for ReadHello {
    const NAME: &'static str = "hello:read";
}

async fn hello(caller: Require<ReadHello>) -> String {
    format!("hello, {}\n", caller.principal().name())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [chain, key, ca, policy] = arguments.as_slice() else {
        return Err("usage: axum_server <server chain> <server key> <client CA> <policy>".into());
    };

    let rules = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse()?]);
    let trust = Trust::new("clients".parse()?, Anchors::from_pem_file(ca)?, rules);
    let clock = Arc::new(SystemClock);
    let server = Credential::from_pem_files(chain, key)?;
    let trusts = TrustSnapshot::new(server, vec![trust], clock.clone())?;
    let directory = Directory::from_toml(&std::fs::read_to_string(policy)?)?;
    let live = Live::new(trusts, directory, clock);

    let router = Api::new(live.clone())
        .guarded::<ReadHello>("/v1/hello", get(hello))
        .into_router();

    let (audit, writer) = Audit::start(JsonLines::new(io::stdout()))?;
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
        stopping.graceful_shutdown(None);
    });
    axum_server::bind(SocketAddr::from(([127, 0, 0, 1], 8443)))
        .acceptor(CountersignAcceptor::new(live, audit))
        .handle(handle)
        .serve(router.into_make_service())
        .await?;
    writer.finish();
    Ok(())
}
