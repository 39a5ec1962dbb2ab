use std::ops::Deref;

use countersign_axum::{Api, Audit, Limits, Live};

use crate::app;
use crate::serving::{Addresses, Serving, StartError};

/// The reference server, running.
///
/// Dropping it leaves it running until the runtime ends; [`stop`](Self::stop) ends it in order.
#[derive(Debug)]
pub struct ReferenceServer(Serving);

impl ReferenceServer {
    /// Binds every listener, then serves on them in the background.
    ///
    /// # Errors
    ///
    /// An address is taken, or may not be bound.
    pub async fn start(addresses: Addresses, live: Live, audit: Audit) -> Result<Self, StartError> {
        let api = app::api(live.clone());
        Self::start_with(addresses, api, live, audit).await
    }

    /// The same with another API, such as [`bank`](crate::bank()).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_with(
        addresses: Addresses,
        api: Api,
        live: Live,
        audit: Audit,
    ) -> Result<Self, StartError> {
        let routes = (api.table(), api.into_router());
        let serving = Serving::start(addresses, routes, Limits::default(), live, audit);
        serving.await.map(Self)
    }

    /// As [`Serving::stop`].
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

impl Deref for ReferenceServer {
    type Target = Serving;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<ReferenceServer> for Serving {
    fn from(server: ReferenceServer) -> Self {
        server.0
    }
}
