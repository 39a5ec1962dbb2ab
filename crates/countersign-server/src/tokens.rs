//! Which routes ask for a token of this server's own, and where do tokens come from?

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use countersign_axum::{Api, Live};
use countersign_oauth::{
    BearerCheck, Scope, Settings, Store, StoreError, TokenServer, TokenVerifier, Withdrawal,
};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{OAuthConfig, Protects};

/// The authorization server beside the API, and which routes of the API ask for its tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tokens {
    server: TokenServer,
    bearer: BearerCheck,
    protects: Protects,
}

impl Tokens {
    /// Opens the storage of `config`.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub async fn open(
        config: &OAuthConfig,
        live: Live,
        settings: Settings,
    ) -> Result<Self, StoreError> {
        let store = Store::open(&config.storage).await?;
        let server = TokenServer::new(live.clone(), store.clone(), settings);
        let verifier = TokenVerifier::new(config.issuer.as_str(), &config.audience);
        let withdrawn = Withdrawal::Asked(Arc::new(store));
        Ok(Self {
            bearer: BearerCheck::signed(verifier, server.keys(), withdrawn, live.clock()),
            server,
            protects: config.protects,
        })
    }

    /// The authorization server.
    pub fn server(&self) -> &TokenServer {
        &self.server
    }

    /// Tidies now and then, for ever.
    pub async fn run(tokens: Option<Self>) {
        let Some(tokens) = tokens else {
            return pending().await;
        };
        let mut ticks = interval(BETWEEN);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match tokens.server.tidy().await {
                Ok(forgotten) => {
                    tracing::debug!(forgotten, "tokens that are long over are forgotten")
                }
                Err(error) => {
                    tracing::warn!(%error, "tokens that are long over cannot be forgotten")
                }
            }
        }
    }

    pub(crate) fn of_transactions(&self) -> Option<&BearerCheck> {
        self.protects.transactions.then_some(&self.bearer)
    }

    pub(crate) fn of_open_banking(&self) -> Option<&BearerCheck> {
        self.protects.open_banking.then_some(&self.bearer)
    }
}

/// `api`, which asks for a token with the scope `word`, where there is a check.
pub(crate) fn asking<S>(api: Api<S>, bearer: Option<&BearerCheck>, word: &str) -> Api<S>
where
    S: Clone + Send + Sync + 'static,
{
    let Some(bearer) = bearer else { return api };
    // A constant, or the name of a permission, which is a word of a scope.
    let scope: Scope = word.parse().unwrap_or_default();
    api.check(bearer.clone().scope(scope))
}

const BETWEEN: Duration = Duration::from_secs(600);
