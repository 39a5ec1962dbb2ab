//! What outlives a request: tokens, consents, payments; and which routes ask for tokens?

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use countersign_axum::{Api, Live};
use countersign_oauth::{
    BearerCheck, Scope, Settings, Store, StoreError, TokenServer, TokenVerifier, Withdrawal,
};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{OAuthConfig, Protects};
use crate::{BankBooks, Config};

/// What the server keeps, in the database that its configuration names or in memory, and what stands on that. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct State {
    books: Option<BankBooks>,
    tokens: Option<Tokens>,
}

/// The authorization server beside the API, and which routes of the API ask for its tokens.
#[derive(Clone, Debug)]
struct Tokens {
    server: TokenServer,
    bearer: BearerCheck,
    protects: Protects,
}

impl State {
    /// Opens the storage of `config`, where it names one; `settings` are those that [`Config::load_oauth`] has loaded.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub async fn open(
        config: &Config,
        live: Live,
        settings: Option<Settings>,
    ) -> Result<Self, StoreError> {
        let store = match &config.storage {
            Some(url) => Some(Store::open(url).await?),
            None => None,
        };
        let books = match (config.open_banking, &store) {
            (false, _) => None,
            (true, None) => Some(BankBooks::in_memory()),
            (true, Some(store)) => Some(BankBooks::open(store.clone()).await?),
        };
        let oauth = config.oauth.as_ref().zip(settings).zip(store);
        let tokens =
            oauth.map(|((oauth, settings), store)| Tokens::new(oauth, live, store, settings));
        Ok(Self { books, tokens })
    }

    /// The authorization server, where there is one.
    pub fn tokens(&self) -> Option<&TokenServer> {
        self.tokens.as_ref().map(|tokens| &tokens.server)
    }

    /// Tidies now and then, for ever.
    pub async fn run(self) {
        let Some(tokens) = self.tokens else {
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

    pub(crate) fn books(&self) -> Option<&BankBooks> {
        self.books.as_ref()
    }

    pub(crate) fn of_transactions(&self) -> Option<&BearerCheck> {
        let tokens = self.tokens.as_ref();
        let asking = tokens.filter(|tokens| tokens.protects.transactions);
        asking.map(|tokens| &tokens.bearer)
    }

    pub(crate) fn of_open_banking(&self) -> Option<&BearerCheck> {
        let tokens = self.tokens.as_ref();
        let asking = tokens.filter(|tokens| tokens.protects.open_banking);
        asking.map(|tokens| &tokens.bearer)
    }
}

impl Tokens {
    fn new(oauth: &OAuthConfig, live: Live, store: Store, settings: Settings) -> Self {
        let clock = live.clock();
        let server = TokenServer::new(live, store.clone(), settings);
        let verifier = TokenVerifier::new(oauth.issuer.as_str(), &oauth.audience);
        let withdrawn = Withdrawal::Asked(Arc::new(store));
        Self {
            bearer: BearerCheck::signed(verifier, server.keys(), withdrawn, clock),
            server,
            protects: oauth.protects,
        }
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
