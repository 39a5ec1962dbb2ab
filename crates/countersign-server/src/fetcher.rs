//! Is there a newer revocation list where its issuer publishes it?

mod plain;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use countersign_axum::{Audit, Live};
use countersign_client::{BuildError, Client, ServerTrust};
use countersign_tls::{Clock, CrlError, Examination, LoadError, RevocationList, SnapshotError};
use jiff::Timestamp;
use thiserror::Error;
use tokio::time::{sleep, timeout};

use crate::config::{Config, ListSource, TrustConfig, Vouchers};

/// Fetches the revocation lists that a [`Config`] names by address, and keeps them in files.
///
/// A list is looked at before it is kept: it can be read, is not stale, is signed by whom it names, as far as that is
/// known, and is no older than the one that is there. So nobody on the way can do worse than keep a new list
/// from us, and `http` will do, as RFC 5280, section 8, says; a list that stays away gets stale and the trust's rule
/// for stale lists says what then. What is kept is a file like any other: the [`Reloader`](countersign_axum::Reloader) puts it in force.
#[derive(Debug)]
pub struct Fetcher {
    sources: Vec<Source>,
    clock: Arc<dyn Clock>,
    every: Duration,
}

#[derive(Debug)]
struct Source {
    trust: TrustConfig,
    from: ListSource,
    /// Over https; http is spoken without.
    client: Option<Client>,
    /// Whether the last attempt failed, which is told once.
    failed: bool,
}

/// Why a list is not kept.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No client can be made.
    #[error(transparent)]
    Client(#[from] BuildError),
    /// The anchors cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// It could not be had.
    #[error("cannot be fetched: {reason}")]
    Transport {
        /// Why not.
        reason: String,
    },
    /// It is larger than 64 MiB.
    #[error("is larger than {MOST} bytes")]
    TooLarge,
    /// It is no list, or none that we take.
    #[error("cannot be used: {0}")]
    List(#[from] CrlError),
    /// It is past its nextUpdate.
    #[error("is stale since {since}")]
    Stale {
        /// Its nextUpdate.
        since: Timestamp,
    },
    /// The one that is there is newer.
    #[error("is of {fetched}, and the one that is there of {kept}")]
    Older {
        /// thisUpdate of the list that was fetched.
        fetched: Timestamp,
        /// thisUpdate of the list that is there.
        kept: Timestamp,
    },
    /// Somebody else signed it in the name of the anchor.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// It cannot be kept.
    #[error("cannot be written to `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Fetcher {
    /// For the addresses in `config`; none where it has none.
    ///
    /// # Errors
    ///
    /// The anchors of the servers cannot be read.
    pub async fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Option<Self>, FetchError> {
        let mut sources = Vec::new();
        for trust in &config.trusts {
            for from in &trust.fetched {
                sources.push(Source {
                    client: client(config, trust, from, &clock).await?,
                    trust: trust.clone(),
                    from: from.clone(),
                    failed: false,
                });
            }
        }
        let every = config.fetch.every;
        Ok((!sources.is_empty()).then_some(Self {
            sources,
            clock,
            every,
        }))
    }

    /// Whether a list was never fetched: without it, nothing can be loaded.
    pub fn is_wanting(&self) -> bool {
        self.sources.iter().any(|source| !source.from.file.exists())
    }

    /// Fetches each list once, and answers those that could not be had, with the reason.
    pub async fn fetch(&mut self) -> Vec<(String, FetchError)> {
        let mut failed = Vec::new();
        let now = self.clock.now();
        for source in &mut self.sources {
            let fetched = source.fetch(now).await;
            let before = std::mem::replace(&mut source.failed, fetched.is_err());
            match fetched {
                Err(error) if !before => failed.push((source.from.url.clone(), error)),
                Err(_) | Ok(()) => {}
            }
        }
        failed
    }

    /// Fetches for ever, and tells `audit` of each address from which no list can be had any more.
    pub async fn run(mut self, live: Live, audit: Audit) {
        loop {
            for (url, error) in self.fetch().await {
                tracing::warn!("the revocation list at `{url}` {error}");
                let reason = format!("the revocation list at `{url}` {error}");
                live.refuse_reload(reason, vec![url], &audit).await;
            }
            let some_failed = self.sources.iter().any(|source| source.failed);
            let pause = if some_failed { RETRY } else { self.every };
            sleep(jittered(pause.min(self.every))).await;
        }
    }
}

impl Source {
    async fn fetch(&self, now: Timestamp) -> Result<(), FetchError> {
        let bytes = self.get().await?;
        let lists = RevocationList::from_bytes(bytes.clone())?;
        for list in &lists {
            fresh(list, now)?;
            self.no_older(list)?;
        }
        let trust = self.trust.load_with(lists)?;
        Examination::of(&[trust], &[] as &[Vec<u8>], now)?;
        self.keep(&bytes)
    }

    async fn get(&self) -> Result<Vec<u8>, FetchError> {
        let got = async {
            match &self.client {
                Some(client) => get(client, &self.from.url).await,
                None => plain::get(&self.from.url).await,
            }
        };
        let late = |_| FetchError::Transport {
            reason: format!("it took longer than {} s", LONGEST.as_secs()),
        };
        timeout(LONGEST, got).await.map_err(late)?
    }

    /// What somebody on the way kept may be good still, and yet know less.
    fn no_older(&self, list: &RevocationList) -> Result<(), FetchError> {
        let kept = RevocationList::from_file(&self.from.file).unwrap_or_default();
        let of_the_same = kept.iter().filter(|kept| kept.issuer() == list.issuer());
        let newest = of_the_same.map(RevocationList::this_update).max();
        match newest.filter(|newest| *newest > list.this_update()) {
            Some(kept) => Err(FetchError::Older {
                fetched: list.this_update(),
                kept,
            }),
            None => Ok(()),
        }
    }

    fn keep(&self, bytes: &[u8]) -> Result<(), FetchError> {
        let path = &self.from.file;
        let beside = path.with_extension("new");
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let kept = folder.and_then(|()| fs::write(&beside, bytes));
        kept.and_then(|()| fs::rename(&beside, path))
            .map_err(|source| FetchError::Write {
                path: path.clone(),
                source,
            })
    }
}

/// Presents no certificate; none where it is not asked for.
async fn client(
    config: &Config,
    trust: &TrustConfig,
    from: &ListSource,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Client>, FetchError> {
    let anchors = match (&config.fetch.anchors, &trust.vouchers) {
        _ if !from.url.starts_with("https:") => return Ok(None),
        (Some(path), _) | (None, Vouchers::Anchors { path, .. }) => path,
        // Self-signed certificates have no lists, and the configuration says so.
        (None, Vouchers::Pins { .. }) => return Ok(None),
    };
    let anchors = ServerTrust::pinned_ca_pem_file(anchors)?;
    let client = Client::builder().trust(anchors).clock(Arc::clone(clock));
    Ok(Some(client.without_polling().build().await?))
}

async fn get(client: &Client, url: &str) -> Result<Vec<u8>, FetchError> {
    let answer = client.to_reqwest().get(url).send().await;
    let answer = answer.and_then(|answer| answer.error_for_status());
    let mut answer = answer.map_err(transport)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(transport)? {
        if bytes.len() + chunk.len() > MOST {
            return Err(FetchError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn fresh(list: &RevocationList, now: Timestamp) -> Result<(), FetchError> {
    match list.next_update() {
        since if since < now => Err(FetchError::Stale { since }),
        _ => Ok(()),
    }
}

/// With all that is under it: reqwest itself says only that it could not send.
fn transport(error: impl std::error::Error) -> FetchError {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(under) = source {
        reason = format!("{reason}: {under}");
        source = under.source();
    }
    FetchError::Transport { reason }
}

/// Within a tenth, so that many servers do not come at one moment.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.9..1.1))
}

const MOST: usize = 64 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(60);
