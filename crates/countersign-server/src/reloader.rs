//! Do the files say something new, and can it be put in force?

mod digests;
pub use digests::Digests;

use std::sync::Arc;
use std::time::Duration;

use countersign_axum::{Audit, Epoch, Forwarding, Live, Reload, RouteTable, aside};
use countersign_oauth::{Settings, TokenServer};
use countersign_policy::Directory;
use countersign_tls::{Clock, Sessions, TrustSnapshot};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use crate::{Config, ConfigError};

/// Puts in force what the files of a [`Config`] say, each time that they say something new: certificate, key,
/// trusts, revocation lists and policy together, as one snapshot.
///
/// Validate, then swap, then say so: a state that is wrong is refused as a whole, with its reason in the
/// audit log, and the old one stays in force. Addresses and what is said of the audit log wait for a restart.
///
/// ```no_run
/// # async fn run(audit: countersign_axum::Audit) -> Result<(), countersign_server::ConfigError> {
/// use std::sync::Arc;
/// use countersign_server::{Config, Digests, Reloader};
///
/// let config = Config::from_file("server.toml")?;
/// // Before the files are loaded: a change while they are is noticed later.
/// let digests = Digests::of(&config);
/// let live = config.load(Arc::new(countersign_axum::SystemClock))?;
/// let at_once = Arc::new(tokio::sync::Notify::new());
/// tokio::spawn(Reloader::new(config, digests, live, audit).run(at_once));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reloader {
    /// By which the state in force was made.
    config: Config,
    /// By which the state was that was looked at last: whose files are polled.
    watched: Config,
    live: Live,
    audit: Audit,
    /// Which permissions are asked for.
    routes: RouteTable,
    tokens: Option<TokenServer>,
    /// What the state in force was made of.
    in_force: Digests,
    /// What was looked at last, in force or refused.
    examined: Digests,
    /// What the last poll found, if it was new.
    unsettled: Option<Digests>,
    looks: u32,
}

/// What became of a new state.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reloaded {
    /// It is in force.
    Applied {
        /// Its number.
        epoch: Epoch,
        /// What changed, and who is refused from now on.
        reload: Reload,
    },
    /// It is not: the old state is.
    Refused(ConfigError),
}

impl Reloader {
    /// For `live`, which was loaded from `config` when its files had these digests.
    pub fn new(config: Config, digests: Digests, live: Live, audit: Audit) -> Self {
        Self {
            watched: config.clone(),
            config,
            routes: crate::api(live.clone()).table(),
            tokens: None,
            live,
            audit,
            in_force: digests.clone(),
            examined: digests,
            unsettled: None,
            looks: 0,
        }
    }

    /// With an authorization server, whose keys, clients and scopes are part of the state.
    #[must_use]
    pub fn with_tokens(mut self, tokens: Option<TokenServer>) -> Self {
        self.tokens = tokens;
        self
    }

    /// For a service with other routes than the reference server: what is odd about a policy is told by them.
    #[must_use]
    pub fn with_routes(mut self, routes: RouteTable) -> Self {
        self.routes = routes;
        self
    }

    /// Polls each second, and reloads whenever `at_once` is notified; for ever.
    pub async fn run(mut self, at_once: Arc<Notify>) {
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => drop(self.poll().await),
                () = at_once.notified() => drop(self.reload().await),
            }
        }
    }

    /// Looks at the files, and reloads once they hold something new and have held it since the poll before: a
    /// certificate and its key are two files, and cannot change at one moment.
    pub async fn poll(&mut self) -> Option<Reloaded> {
        let found = self.look().await?;
        if found == self.examined {
            self.examined = found;
            self.unsettled = None;
            return None;
        }
        if self.unsettled.as_ref() != Some(&found) {
            self.unsettled = Some(found);
            return None;
        }
        self.reload().await
    }

    /// Reads what looks other than before, and once in a while all: a list may have many megabytes.
    async fn look(&mut self) -> Option<Digests> {
        let (config, before) = (self.watched.clone(), self.examined.clone());
        self.looks = self.looks.wrapping_add(1);
        let all = self.looks.is_multiple_of(LOOKS);
        blocking(move || match all {
            true => Digests::of(&config),
            false => Digests::again(&config, &before),
        })
        .await
    }

    /// Reloads at once, whether the files hold something new or not; none where the program is ending.
    pub async fn reload(&mut self) -> Option<Reloaded> {
        self.unsettled = None;
        let read = self.read().await?;
        let changed = self.in_force.differing(&read.digests);
        (self.examined, self.watched) = (read.digests, read.config);
        Some(match read.parts {
            Ok(parts) => {
                self.in_force = self.examined.clone();
                self.apply(parts, changed).await
            }
            Err(error) => {
                tracing::warn!("reload refused, the old state stays in force: {error}");
                let reason = error.to_string();
                self.live.refuse_reload(reason, changed, &self.audit).await;
                Reloaded::Refused(error)
            }
        })
    }

    async fn apply(&mut self, parts: Parts, changed: Vec<String>) -> Reloaded {
        let (trust, directory, forwarding, settings) = parts;
        if !self.watched.listens_as(&self.config) {
            tracing::warn!(
                "`listen`, `admin`, `health`, `audit`, `audit_before_answer`, `open_banking`, `storage`, the gateway, what is fetched, or issuer, audience or `protects` of `[oauth]` has changed: that waits for a restart"
            );
        }
        self.config = self.watched.clone();
        let live = &self.live;
        let applied = live.reload(trust, directory, forwarding, changed, &self.audit);
        let (epoch, reload) = applied.await;
        if let (Some(tokens), Some(settings)) = (&self.tokens, settings) {
            tokens.put(settings);
        }
        tracing::info!(%epoch, changed = ?reload.changed, "reloaded");
        for refused in &reload.refused {
            let (principal, why) = (&refused.principal, refused.fault.detail());
            tracing::warn!("reloaded: `{principal}`, seen lately, is refused from now on: {why}");
        }
        for warning in self.warnings().await {
            tracing::warn!("`{}`: {warning}", self.config.policy.display());
        }
        for warning in crate::gateway_warnings(&self.live) {
            tracing::warn!("{warning}");
        }
        Reloaded::Applied { epoch, reload }
    }

    /// What is odd about the policy in force.
    async fn warnings(&self) -> Vec<countersign_policy::PolicyWarning> {
        let (live, routes) = (self.live.clone(), self.routes.clone());
        let warnings = blocking(move || crate::warnings_of(&live, &routes)).await;
        warnings.unwrap_or_default()
    }

    /// Reads files until they do not change while they are read, or do so again and again.
    async fn read(&self) -> Option<Read> {
        let sessions = self.live.load().trust().options().sessions.clone();
        let (config, clock) = (self.config.clone(), self.live.clock());
        blocking(move || {
            let mut read = Read::now(&config, sessions.clone(), Arc::clone(&clock));
            for _ in 0..TRIES {
                if Digests::of(&read.config) == read.digests {
                    break;
                }
                read = Read::now(&config, sessions.clone(), Arc::clone(&clock));
            }
            read
        })
        .await
    }
}

/// What the files say.
struct Read {
    /// The old one, where the new one cannot be read.
    config: Config,
    digests: Digests,
    parts: Result<Parts, ConfigError>,
}

/// What is put in force together.
type Parts = (TrustSnapshot, Directory, Forwarding, Option<Settings>);

impl Read {
    fn now(old: &Config, sessions: Sessions, clock: Arc<dyn Clock>) -> Self {
        let new = Config::from_file(&old.file);
        let digests = Digests::of(new.as_ref().unwrap_or(old));
        let (config, parts) = match new {
            Ok(config) => {
                let parts = config.load_parts(sessions, clock);
                let parts = parts.and_then(|(trust, directory)| {
                    let settings = config.load_oauth(&directory)?;
                    Ok((trust, directory, config.load_forwarding()?, settings))
                });
                (config, parts)
            }
            Err(error) => (old.clone(), Err(error)),
        };
        Self {
            config,
            digests,
            parts,
        }
    }
}

/// None where it panicked: that is told, and the next poll looks again. A list may have a million entries: that is not for a thread that answers
/// requests.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let done = aside(work).await;
    done.inspect_err(|error| tracing::error!(%error, "the files cannot be looked at"))
        .ok()
}

const POLL: Duration = Duration::from_secs(1);
/// Where a file system does not tell of a change, it is seen within a minute.
const LOOKS: u32 = 60;
const TRIES: usize = 3;
