use std::io;
use std::net::SocketAddr;

use countersign_axum::{Audit, Live};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::app;
use crate::listener::Listener;

/// The reference server, running.
///
/// Dropping it leaves it running until the runtime ends; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct ReferenceServer {
    api: Listener,
    admin: Listener,
    health: Option<Listener>,
    stopping: CancellationToken,
}

/// Where to listen; port 0 lets the system choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Addresses {
    /// The API, behind mutual TLS.
    pub api: SocketAddr,
    /// The admin listener: in the clear on loopback, and elsewhere behind mutual TLS, for holders of
    /// [`ReadAdmin`](crate::ReadAdmin).
    pub admin: SocketAddr,
    /// `/healthz` and `/readyz` once more, in the clear on whatever address.
    pub health: Option<SocketAddr>,
}

impl ReferenceServer {
    /// Binds every listener, then serves on them in the background.
    ///
    /// # Errors
    ///
    /// An address is taken, or may not be bound.
    pub async fn start(addresses: Addresses, live: Live, audit: Audit) -> Result<Self, StartError> {
        let stopping = CancellationToken::new();
        let admin = Admin {
            live: live.clone(),
            metrics: audit.metrics().clone(),
            stopping: stopping.clone(),
        };
        let router = app::router(live.clone());
        let api = Listener::guarded(addresses.api, router, live.clone(), audit.clone()).await;
        let api = api.map_err(StartError::at(addresses.api))?;
        let health = addresses.health.map(|address| {
            let listener = Listener::plain(address, admin.clone().health());
            listener.map_err(StartError::at(address))
        });
        let health = health.transpose()?;
        let address = addresses.admin;
        let admin = match address.ip().is_loopback() {
            true => Listener::plain(address, admin.open()),
            false => Listener::guarded(address, admin.guarded().into_router(), live, audit).await,
        };
        Ok(Self {
            api,
            admin: admin.map_err(StartError::at(address))?,
            health,
            stopping,
        })
    }

    /// Where the API is served.
    pub fn address(&self) -> SocketAddr {
        self.api.address
    }

    /// Where `/healthz`, `/readyz`, `/metrics` and `/status` are served.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin.address
    }

    /// The same as an URL.
    pub fn admin_url(&self) -> String {
        let scheme = if self.admin.encrypted {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.admin.address)
    }

    /// Where `/healthz` and `/readyz` are served once more.
    pub fn health_address(&self) -> Option<SocketAddr> {
        self.health.as_ref().map(|health| health.address)
    }

    /// Accepts nothing more, lets the requests in flight finish within 10 s, and answers. Meanwhile
    /// `/readyz` answers 503.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.api.stop().await;
        for beside in self.health.into_iter().chain([self.admin]) {
            beside.stop().await;
        }
    }
}

impl Addresses {
    /// The API at `api`, the admin listener at `admin`.
    pub fn new(api: SocketAddr, admin: SocketAddr) -> Self {
        Self {
            api,
            admin,
            health: None,
        }
    }

    /// Both on 127.0.0.1, at ports that the system chooses.
    pub fn loopback() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::new(any, any)
    }

    /// `/healthz` and `/readyz` at `health`, too.
    #[must_use]
    pub fn with_health(self, health: SocketAddr) -> Self {
        Self {
            health: Some(health),
            ..self
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
