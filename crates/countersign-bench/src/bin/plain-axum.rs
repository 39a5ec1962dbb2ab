//! axum on tokio-rustls and hyper-util, with no-delay, and nothing else.

use anyhow::Result;
use axum::extract::Request;
use clap::Parser;
use countersign_bench::plain::{Arguments, config, router};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let acceptor = TlsAcceptor::from(config(&arguments)?);
    let (listener, router) = (TcpListener::bind(arguments.address).await?, router());
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let Ok(tls) = acceptor.accept(tcp).await else {
                return;
            };
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                router.clone().oneshot(request)
            });
            let builder = Builder::new(TokioExecutor::new());
            // How a client goes away is its own affair.
            let _ = builder.serve_connection(TokioIo::new(tls), service).await;
        });
    }
}
