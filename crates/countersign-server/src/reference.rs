use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use countersign_axum::{Audit, Live, Server};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{admin, app};

/// The reference server, running.
///
/// Dropping it leaves it running until the runtime ends; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct ReferenceServer {
    address: SocketAddr,
    admin: Admin,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// Where to listen; port 0 lets the system choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// The API, behind mutual TLS.
    pub api: SocketAddr,
    /// The admin listener, in the clear.
    pub admin: SocketAddr,
}

#[derive(Debug)]
struct Admin {
    address: SocketAddr,
    handle: axum_server::Handle<SocketAddr>,
    serving: JoinHandle<io::Result<()>>,
}

impl ReferenceServer {
    /// Binds both listeners, then serves on them in the background.
    ///
    /// # Errors
    ///
    /// An address is taken, or may not be bound.
    pub async fn start(addresses: Addresses, live: Live, audit: Audit) -> Result<Self, StartError> {
        let listener = TcpListener::bind(addresses.api)
            .await
            .map_err(StartError::at(addresses.api))?;
        let address = listener
            .local_addr()
            .map_err(StartError::at(addresses.api))?;
        let admin = Admin::start(addresses.admin).map_err(StartError::at(addresses.admin))?;
        let stop = CancellationToken::new();
        let router = app::router(live.clone());
        let stopped = stop.clone().cancelled_owned();
        let serving = tokio::spawn(Server::new(live, audit).serve(listener, router, stopped));
        Ok(Self {
            address,
            admin,
            stop,
            serving,
        })
    }

    /// Where the API is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where `/healthz` is served.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.address
    }

    /// Accepts nothing more, lets the requests in flight finish within 10 s, and answers.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the API listener did not end in order");
        }
        self.admin.stop().await;
    }
}

impl Addresses {
    /// The API at `api`, the admin listener at `admin`.
    pub fn new(api: SocketAddr, admin: SocketAddr) -> Self {
        Self { api, admin }
    }

    /// Both on 127.0.0.1, at ports that the system chooses.
    pub fn loopback() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::new(any, any)
    }
}

impl Admin {
    fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let handle = axum_server::Handle::new();
        let server = axum_server::from_tcp(listener)?
            .acceptor(axum_server::accept::NoDelayAcceptor::new())
            .handle(handle.clone());
        let serving = tokio::spawn(server.serve(admin::router().into_make_service()));
        Ok(Self {
            address,
            handle,
            serving,
        })
    }

    async fn stop(self) {
        self.handle.graceful_shutdown(Some(GRACE));
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the admin listener did not end in order");
        }
    }
}

/// Why the server does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

impl StartError {
    fn at(address: SocketAddr) -> impl Fn(io::Error) -> Self {
        move |source| Self::Bind { address, source }
    }
}

const GRACE: Duration = Duration::from_secs(1);
