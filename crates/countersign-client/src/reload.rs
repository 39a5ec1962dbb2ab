//! Is there a newer credential or trust, and can it be used?

use std::path::PathBuf;
use std::sync::Weak;
use std::time::Duration;

use countersign_identity::Thumbprint;
use countersign_tls::{Credential, LoadError};
use thiserror::Error;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep};

use crate::retry::shortened;
use crate::shared::{BETWEEN_REFUSALS, Shared};
use crate::source::SourceError;
use crate::trust::contents;
use crate::{BuildError, CredentialSource, Event, ServerTrust};

/// Where credential and trust come from, and what is in use of it.
pub(crate) struct Reloader {
    source: Option<CredentialSource>,
    files: Vec<PathBuf>,
    standing: Mutex<Standing>,
}

/// What is in use.
pub(crate) struct Standing {
    pub(crate) credential: Option<Credential>,
    pub(crate) trust: ServerTrust,
    pub(crate) digests: Digests,
    /// What was found last and could not be used: it is told once, and not at every look.
    refused: Option<String>,
    looked: Option<Instant>,
}

/// Over what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) credential: Option<Thumbprint>,
    pub(crate) trust: Thumbprint,
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reload {
    /// There is nothing new.
    Unchanged,
    /// A new credential or a new trust is in use.
    Rotated {
        /// How many times the client has begun anew, the first included.
        generation: u64,
    },
}

/// Why what was found is not used. What was there stays in use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// There is no credential that can be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is no trust that can be used.
    #[error(transparent)]
    Trust(#[from] LoadError),
    /// Both are good, and no client can be made of them.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl Reloader {
    pub(crate) fn new(source: Option<CredentialSource>, standing: Standing) -> Self {
        Self {
            source,
            files: standing.trust.files().map(Into::into).collect(),
            standing: Mutex::new(standing),
        }
    }

    pub(crate) fn may_change(&self) -> bool {
        let source = self.source.as_ref();
        source.is_some_and(CredentialSource::may_change) || !self.files.is_empty()
    }
}

impl Standing {
    /// Reads everything for the first time.
    pub(crate) async fn first(
        source: Option<&CredentialSource>,
        trust: ServerTrust,
    ) -> Result<Self, SourceError> {
        let files = trust.files().map(Into::into).collect();
        let trust_digest = digest_of(files).await?;
        let loaded = match source {
            Some(source) => Some(source.load(None).await?),
            None => None,
        };
        Ok(Self {
            digests: Digests {
                credential: loaded.as_ref().map(|loaded| loaded.digest),
                trust: trust_digest,
            },
            credential: loaded.and_then(|loaded| loaded.credential),
            trust,
            refused: None,
            looked: None,
        })
    }
}

impl Shared {
    /// What is in use now.
    pub(crate) async fn in_use(&self) -> (Option<Credential>, ServerTrust) {
        let standing = self.reloader.standing.lock().await;
        (standing.credential.clone(), standing.trust.clone())
    }

    /// Looks for something new, and uses it if it can be used.
    pub(crate) async fn reload(&self) -> Result<Reload, ReloadError> {
        let mut standing = self.reloader.standing.lock().await;
        let done = self.look(&mut standing).await;
        if let Err(error) = &done {
            self.refuse(&mut standing, error.to_string());
        }
        done
    }

    /// Likewise, but what is bad is told only if it is not what was bad before.
    pub(crate) async fn reload_quietly(&self) {
        let mut standing = self.reloader.standing.lock().await;
        if let Err(error) = self.look(&mut standing).await {
            let reason = error.to_string();
            if standing.refused.as_ref() != Some(&reason) {
                self.refuse(&mut standing, reason);
            }
        }
        drop(standing);
        self.tell_of_the_end(&self.current());
    }

    /// Likewise, for one of many requests that are refused at once.
    pub(crate) async fn reload_after_a_refusal(&self) {
        let mut standing = self.reloader.standing.lock().await;
        let now = Instant::now();
        let recent = standing
            .looked
            .is_some_and(|last| now - last < BETWEEN_REFUSALS);
        if recent {
            return;
        }
        standing.looked = Some(now);
        drop(standing);
        self.reload_quietly().await;
    }

    fn refuse(&self, standing: &mut MutexGuard<'_, Standing>, reason: String) {
        standing.refused = Some(reason.clone());
        self.settings.metrics.reload_refused();
        self.tell(Event::ReloadRefused { reason });
    }

    async fn look(&self, standing: &mut MutexGuard<'_, Standing>) -> Result<Reload, ReloadError> {
        let before = standing.digests;
        let trust_digest = digest_of(self.reloader.files.clone()).await?;
        let loaded = match &self.reloader.source {
            Some(source) => Some(source.load(before.credential).await?),
            None => None,
        };
        let digests = Digests {
            credential: loaded.as_ref().map(|loaded| loaded.digest),
            trust: trust_digest,
        };
        if digests == before {
            standing.refused = None;
            return Ok(Reload::Unchanged);
        }
        let credential = match loaded.and_then(|loaded| loaded.credential) {
            Some(credential) => Some(self.fit(credential)?),
            None => standing.credential.clone(),
        };
        let trust = match digests.trust == before.trust {
            true => standing.trust.clone(),
            false => standing.trust.read_again()?,
        };
        let number = self.current().number + 1;
        let next = self
            .settings
            .generation(number, credential.clone(), &trust)?;
        self.replace(next);
        standing.credential = credential;
        standing.trust = trust;
        standing.digests = digests;
        standing.refused = None;
        Ok(Reload::Rotated { generation: number })
    }

    /// A new credential must be better than none.
    fn fit(&self, credential: Credential) -> Result<Credential, SourceError> {
        match &self.reloader.source {
            Some(source) => checked(credential, source, self.settings.clock.now()),
            None => Ok(credential),
        }
    }
}

/// The credential, unless every server would refuse it.
pub(crate) fn checked(
    credential: Credential,
    source: &CredentialSource,
    now: jiff::Timestamp,
) -> Result<Credential, SourceError> {
    let (fatal, others): (Vec<_>, Vec<_>) = credential
        .check(now)
        .into_iter()
        .partition(countersign_tls::Finding::is_fatal);
    for finding in others {
        tracing::warn!("{source}: {finding}");
    }
    if fatal.is_empty() {
        return Ok(credential);
    }
    Err(SourceError::Unfit {
        place: source.to_string(),
        findings: fatal,
    })
}

/// Looks again and again, until the client is gone.
pub(crate) async fn poll(shared: Weak<Shared>, every: Duration) {
    loop {
        // Spread, so that a fleet does not begin anew in one moment.
        sleep(shortened(every, 5)).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        shared.reload_quietly().await;
    }
}

async fn digest_of(files: Vec<PathBuf>) -> Result<Thumbprint, SourceError> {
    let read = spawn_blocking(move || contents(files.iter().map(PathBuf::as_path)));
    let read = read.await.map_err(|error| SourceError::Call {
        source: error.into(),
    })?;
    Ok(Thumbprint::of(&read?))
}
