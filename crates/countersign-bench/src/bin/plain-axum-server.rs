//! axum on axum-server, with no-delay, and nothing else.

use anyhow::Result;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use clap::Parser;
use countersign_bench::plain::{Arguments, config, router};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let config = RustlsConfig::from_config(config(&arguments)?);
    let acceptor = RustlsAcceptor::new(config).acceptor(NoDelayAcceptor::new());
    let server = axum_server::bind(arguments.address).acceptor(acceptor);
    server.serve(router().into_make_service()).await?;
    Ok(())
}
