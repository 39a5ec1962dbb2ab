//! A listener beside that of the API: in the clear, or behind mutual TLS.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use countersign_axum::{Audit, Limits, Live, Server};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A listener that serves in the background until it is stopped.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) encrypted: bool,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Listener {
    /// In the clear, on axum-server.
    pub(crate) fn plain(address: SocketAddr, router: Router) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let handle = axum_server::Handle::new();
        let server = axum_server::from_tcp(listener)?
            .acceptor(axum_server::accept::NoDelayAcceptor::new())
            .handle(handle.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            stopped.await;
            handle.graceful_shutdown(Some(GRACE));
        });
        let serving = tokio::spawn(async move {
            if let Err(error) = server.serve(router.into_make_service()).await {
                tracing::error!(%error, "the listener at {address} has failed");
            }
        });
        Ok(Self {
            address,
            encrypted: false,
            stop,
            serving,
        })
    }

    /// Behind mutual TLS, judged by `live`.
    pub(crate) async fn guarded(
        address: SocketAddr,
        router: Router,
        limits: Limits,
        live: Live,
        audit: Audit,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let server = Server::new(live, audit).limits(limits);
        let serving = tokio::spawn(server.serve(listener, router, stopped));
        Ok(Self {
            address,
            encrypted: true,
            stop,
            serving,
        })
    }

    /// Accepts nothing more, lets the requests in flight finish, and answers.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let address = self.address;
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the listener at {address} did not end in order");
        }
    }
}

const GRACE: Duration = Duration::from_secs(1);
