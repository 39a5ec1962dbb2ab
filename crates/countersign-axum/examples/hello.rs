//! A whole service: TLS with client certificates, one route, one permission, an audit log.
//!
//! Run with: `cargo run -p countersign-axum --example hello -- server.pem server-key.pem client-ca.pem policy.toml`
//! and call it with `curl --cacert server-ca.pem --cert billing.pem --key billing-key.pem https://localhost:8443/v1/hello`.

use std::error::Error;
use std::io;
use std::sync::Arc;

use axum::routing::get;
use countersign_axum::audit::JsonLines;
use countersign_axum::{
    Anchors, Api, Audit, Credential, Directory, Live, Permission, Require, Server, SystemClock,
    Trust, TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme};
use tokio::net::TcpListener;

/// In the policy: `permissions = ["hello:read"]`.
struct ReadHello;
impl Permission for ReadHello {
    const NAME: &'static str = "hello:read";
}

/// Whoever gets here holds the permission: there is no other way to a `Require`.
async fn hello(caller: Require<ReadHello>) -> String {
    format!("hello, {}\n", caller.principal().name())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [chain, key, ca, policy] = arguments.as_slice() else {
        return Err("usage: hello <server chain> <server key> <client CA> <policy>".into());
    };

    // Whom we trust, and for which names: the CA cannot vouch for anybody else's.
    let rules = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse()?]);
    let trust = Trust::new("clients".parse()?, Anchors::from_pem_file(ca)?, rules);
    let clock = Arc::new(SystemClock);
    let server = Credential::from_pem_files(chain, key)?;
    let trusts = TrustSnapshot::new(server, vec![trust], clock.clone())?;
    let directory = Directory::from_toml(&std::fs::read_to_string(policy)?)?;
    let live = Live::new(trusts, directory, clock);

    // Who may do what.
    let router = Api::new(live.clone())
        .guarded::<ReadHello>("/v1/hello", get(hello))
        .into_router();

    let (audit, writer) = Audit::start(JsonLines::new(io::stdout()))?;
    let listener = TcpListener::bind("127.0.0.1:8443").await?;
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    Server::new(live, audit).serve(listener, router, stop).await;
    writer.finish();
    Ok(())
}
