use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use countersign_axum::{Audit, Limits, Live, RouteTable, RouteTableError};
use countersign_oauth::TokenServer;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::listener::Listener;

/// The listeners of a server that runs.
///
/// Dropping it leaves them running until the runtime ends; [`stop`](Self::stop) ends them in order.
#[derive(Debug)]
pub struct Serving {
    api: Listener,
    admin: Listener,
    health: Option<Listener>,
    stopping: CancellationToken,
}

/// What is served at the address of the API.
pub(crate) struct Served {
    pub(crate) table: RouteTable,
    pub(crate) router: Router,
    /// Whose clients the operator's page tells of.
    pub(crate) tokens: Option<TokenServer>,
}

impl Serving {
    /// Binds every listener, then serves on them in the background: `served` where the API is.
    pub(crate) async fn start(
        addresses: Addresses,
        served: Served,
        limits: Limits,
        live: Live,
        audit: Audit,
    ) -> Result<Self, StartError> {
        let stopping = CancellationToken::new();
        let admin = Admin {
            live: live.clone(),
            metrics: audit.metrics().clone(),
            table: Arc::new(served.table),
            tokens: served.tokens,
            stopping: stopping.clone(),
        };
        let api = Listener::guarded(
            addresses.api,
            served.router,
            limits,
            live.clone(),
            audit.clone(),
        );
        let api = api.await;
        let api = api.map_err(StartError::at(addresses.api))?;
        let health = addresses.health.map(|address| {
            let listener = Listener::plain(address, admin.clone().health());
            listener.map_err(StartError::at(address))
        });
        let health = health.transpose()?;
        let address = addresses.admin;
        let admin = match address.ip().is_loopback() {
            true => Listener::plain(address, admin.open()),
            false => {
                let router = admin.guarded().into_router();
                Listener::guarded(address, router, Limits::default(), live, audit).await
            }
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

    /// Where the operator's page, `/healthz`, `/readyz`, `/metrics` and `/status` are served.
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
    /// A route cannot be served.
    #[error(transparent)]
    Routes(#[from] RouteTableError),
}

impl StartError {
    fn at(address: SocketAddr) -> impl Fn(io::Error) -> Self {
        move |source| Self::Bind { address, source }
    }
}
