//! Who is calling a service that cannot do TLS itself, and may they?

mod connector;

mod naming;
pub use naming::Naming;

mod failure;

mod forwarder;

mod head;

mod paced;

mod place;
pub use place::{NoUpstream, UpstreamPlace};

mod target;

mod upstream;
pub use upstream::UpstreamError;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use countersign_axum::{Api, Audit, Limits, Live, RouteTableError};
use countersign_tls::Clock;

use self::forwarder::Forwarder;
use self::upstream::Upstream;
use crate::serving::{Addresses, Serving, StartError};
use crate::{FrontConfig, UpstreamConfig};

/// A gateway, running: TLS, callers and permissions before a service that knows none of them.
///
/// Each request is decided as in any other [`Api`]; what is refused never reaches the service. What is allowed is passed on with
/// the caller's certificate in headers, and without any such header that came with it.
///
/// Dropping it leaves it running until the runtime ends; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct Gateway(Serving);

/// A gateway that does not listen yet: its routes, and the way to the service.
#[derive(Debug)]
pub struct GatewayParts {
    config: FrontConfig,
    upstream: Upstream,
}

impl GatewayParts {
    /// Reads what is presented to the service, and whom it is trusted by. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The way to the service is none that may be gone, or a file is missing or wrong.
    pub async fn new(
        config: FrontConfig,
        place: UpstreamPlace,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, UpstreamError> {
        let upstream = Upstream::new(&config.upstream, place, clock).await?;
        Ok(Self { config, upstream })
    }

    /// The routes, each under its rule.
    fn router(self, live: Live) -> Result<Router, RouteTableError> {
        let table = self.config.routes;
        let forwarder = Arc::new(Forwarder::new(live.clone(), &table, self.upstream)?);
        let handler = move |request: Request| {
            let forwarder = Arc::clone(&forwarder);
            async move { forwarder.forward(request).await }
        };
        Ok(Api::new(live).tabled(&table, handler)?.into_router())
    }

    fn limits(&self) -> Limits {
        let UpstreamConfig { body, .. } = self.config.upstream;
        let mut limits = Limits::default();
        limits.body = body.unwrap_or(limits.body);
        limits
    }
}

impl Gateway {
    /// Binds every listener, then serves on them in the background.
    ///
    /// # Errors
    ///
    /// An address is taken, or may not be bound; or a route cannot be served.
    pub async fn start(
        addresses: Addresses,
        parts: GatewayParts,
        live: Live,
        audit: Audit,
    ) -> Result<Self, StartError> {
        let limits = parts.limits();
        let router = parts.router(live.clone())?;
        let serving = Serving::start(addresses, router, limits, live, audit);
        serving.await.map(Self)
    }

    /// As [`Serving::stop`].
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

impl Deref for Gateway {
    type Target = Serving;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Gateway> for Serving {
    fn from(gateway: Gateway) -> Self {
        gateway.0
    }
}
