use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_axum::{Live, NewState, RouteTable, Source, aside};
use countersign_oauth::TokenServer;
use countersign_tls::{Clock, Sessions};

use crate::{Config, ConfigError};

/// The files of a [`Config`], for a [`Reloader`](countersign_axum::Reloader): certificate, key, trusts, revocation lists, policy,
/// and the configuration itself.
///
/// Addresses and the place of the audit log wait for a restart.
///
/// ```no_run
/// # async fn run(audit: countersign_axum::Audit) -> Result<(), countersign_server::ConfigError> {
/// use std::sync::Arc;
/// use countersign_axum::{Digests, Reloader};
/// use countersign_server::{Config, ConfigFiles};
///
/// let config = Config::from_file("server.toml")?;
/// // Before the files are loaded: a change while they are is noticed later.
/// let digests = Digests::of(config.files());
/// let live = config.load(Arc::new(countersign_axum::SystemClock))?;
/// let files = ConfigFiles::new(config, countersign_server::api(live.clone()).table());
/// let at_once = Arc::new(tokio::sync::Notify::new());
/// tokio::spawn(Reloader::new(files, digests, live, audit).run(at_once));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ConfigFiles {
    /// By which the state in force was made.
    in_force: Config,
    /// By which the state was that was looked at last: whose files are polled.
    examined: Config,
    /// Which permissions are asked for.
    routes: RouteTable,
    tokens: Option<TokenServer>,
}

impl ConfigFiles {
    /// Those of `config`, which is in force, for a service with `routes`: what is odd about a policy is told by them.
    pub fn new(config: Config, routes: RouteTable) -> Self {
        Self {
            examined: config.clone(),
            in_force: config,
            routes,
            tokens: None,
        }
    }

    /// With an authorization server, whose keys, clients and scopes are part of the state.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Option<TokenServer>) -> Self {
        self.tokens = tokens;
        self
    }

    /// Tells what is odd about the state in force.
    fn warn(&self, live: &Live) {
        for warning in crate::warnings_of(live, &self.routes) {
            tracing::warn!("`{}`: {warning}", self.in_force.policy.display());
        }
        for warning in crate::gateway_warnings(live) {
            tracing::warn!("{warning}");
        }
    }
}

impl Source for ConfigFiles {
    type Error = ConfigError;

    fn files(&self) -> Vec<PathBuf> {
        self.examined.files().map(Path::to_owned).collect()
    }

    fn load(&mut self, sessions: Sessions, clock: Arc<dyn Clock>) -> Result<NewState, ConfigError> {
        // Where the new one cannot be read, the files of the old one are looked at.
        self.examined = self.in_force.clone();
        self.examined = Config::from_file(&self.in_force.file)?;
        let new = &self.examined;
        let (trust, directory) = new.load_parts(sessions, clock)?;
        let settings = new.load_oauth(&directory)?;
        let state = NewState::new(trust, directory).forwarding(new.load_forwarding()?);
        let waits = !new.listens_as(&self.in_force);
        self.in_force = new.clone();
        let files = self.clone();
        Ok(state.afterwards(move |live| {
            if let (Some(tokens), Some(settings)) = (&files.tokens, settings) {
                tokens.put(settings);
            }
            if waits {
                tracing::warn!("{WAITS}");
            }
            let live = live.clone();
            // Not waited for: nothing hangs on it.
            drop(aside(move || files.warn(&live)));
        }))
    }
}

const WAITS: &str = "`listen`, `admin`, `health`, `audit`, `audit_before_answer`, `open_banking`, `storage`, the gateway, what is fetched, or issuer, audience or `protects` of `[oauth]` has changed: that waits for a restart";
