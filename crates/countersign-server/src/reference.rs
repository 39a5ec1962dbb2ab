use std::ops::Deref;

use countersign_axum::{Api, Audit, Limits, Live};

use crate::serving::{Addresses, Served, Serving, StartError};
use crate::{State, app};

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
        let nothing = State::default();
        Self::start_over(addresses, api, &nothing, live, audit).await
    }

    /// The same with an API that stands on `state`, such as [`Config::api`](crate::Config::api): the operator's page tells of
    /// its OAuth clients, too.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_over(
        addresses: Addresses,
        api: Api,
        state: &State,
        live: Live,
        audit: Audit,
    ) -> Result<Self, StartError> {
        let served = Served {
            table: api.table(),
            router: api.into_router(),
            tokens: state.tokens().cloned(),
        };
        let serving = Serving::start(addresses, served, Limits::default(), live, audit);
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
