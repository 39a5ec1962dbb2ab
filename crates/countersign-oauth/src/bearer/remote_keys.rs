use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_axum::Clock;
use countersign_client::{Client, Url, header};
use jiff::{SignedDuration, Timestamp};

use super::{LookingAgain, TokenKeys, Unavailable};
use crate::KeySet;
use crate::token::LONGEST_KEY_SET;

/// The keys of another authorization server, fetched from its `jwks_uri` (RFC 8414, section 2).
///
/// They are fetched with the first token, looked at again beside the requests once they are five minutes old, and
/// at once where a token names a key that is not among them, but no more often than every ten seconds. After an hour
/// without an answer they count no more, and no token is accepted until there is one.
pub struct RemoteKeys {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    url: Url,
    clock: Arc<dyn Clock>,
    fetched: Mutex<Fetched>,
    /// Held while somebody fetches: others wait for what comes of it.
    fetching: tokio::sync::Mutex<()>,
    refreshing: AtomicBool,
}

#[derive(Clone)]
struct Fetched {
    keys: Arc<KeySet>,
    /// When the keys were fetched; never, to begin with.
    at: Option<Timestamp>,
    /// When it was tried for the last time.
    tried: Option<Timestamp>,
}

impl RemoteKeys {
    /// The keys at `url`, which `client` trusts. Their age is told by `clock`.
    pub fn new(client: Client, url: Url, clock: Arc<dyn Clock>) -> Self {
        let fetched = Fetched {
            keys: Arc::default(),
            at: None,
            tried: None,
        };
        Self {
            shared: Arc::new(Shared {
                client,
                url,
                clock,
                fetched: Mutex::new(fetched),
                fetching: tokio::sync::Mutex::new(()),
                refreshing: AtomicBool::new(false),
            }),
        }
    }

    /// Fetches beside the requests, unless somebody does so already.
    fn refresh(&self) {
        if self.shared.refreshing.swap(true, Ordering::Relaxed) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            // What is wrong has been told, and the old keys stay.
            let _ = shared.fetch().await;
            shared.refreshing.store(false, Ordering::Relaxed);
        });
    }
}

impl TokenKeys for RemoteKeys {
    fn current(&self) -> Arc<KeySet> {
        let (now, fetched) = (self.shared.clock.now(), self.shared.fetched());
        match fetched.at.map(|at| now.duration_since(at)) {
            None => Arc::default(),
            Some(age) if age > STALE => Arc::default(),
            Some(age) => {
                if age > FRESH && fetched.may_try(now) {
                    self.refresh();
                }
                fetched.keys
            }
        }
    }

    fn look_again(&self) -> LookingAgain<'_> {
        Box::pin(self.shared.fetch())
    }
}

impl Shared {
    /// Fetches, unless that was tried just now.
    async fn fetch(&self) -> Result<Arc<KeySet>, Unavailable> {
        let _fetching = self.fetching.lock().await;
        let now = self.clock.now();
        if self.fetched().may_try(now) {
            self.lock().tried = Some(now);
            match self.download().await {
                Ok(keys) => self.lock().renew(keys, now),
                Err(reason) => tracing::warn!(url = %self.url, reason, "no keys were fetched"),
            }
        }
        let fetched = self.fetched();
        let old = |at: Timestamp| now.duration_since(at) > STALE;
        match fetched.at.is_none_or(old) {
            true => Err(Unavailable::new("the keys of the authorization server")),
            false => Ok(fetched.keys),
        }
    }

    async fn download(&self) -> Result<KeySet, String> {
        let request = self.client.get(self.url.clone()).timeout(PATIENCE);
        let request = request.header(header::ACCEPT, "application/jwk-set+json, application/json");
        let answer = request.send().await;
        let mut answer = answer.map_err(|error| error.to_string())?;
        let body = answer.body_within(LONGEST_KEY_SET).await;
        let body = body.ok_or("the body is too long, or does not arrive")?;
        KeySet::from_json(&body).map_err(|error| error.to_string())
    }

    fn fetched(&self) -> Fetched {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Fetched> {
        // Nothing in here can be left half-done by a panic.
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fetched {
    fn may_try(&self, now: Timestamp) -> bool {
        let tried = self.tried.map(|tried| now.duration_since(tried));
        tried.is_none_or(|ago| ago >= BETWEEN)
    }

    /// The same keys stay the same `Arc`: what was verified by them is not verified again.
    fn renew(&mut self, keys: KeySet, now: Timestamp) {
        self.at = Some(now);
        if *self.keys != keys {
            self.keys = Arc::new(keys);
        }
    }
}

const FRESH: SignedDuration = SignedDuration::from_mins(5);
const STALE: SignedDuration = SignedDuration::from_hours(1);
const BETWEEN: SignedDuration = SignedDuration::from_secs(10);
/// How long an authorization server may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteKeys({})", self.shared.url)
    }
}
