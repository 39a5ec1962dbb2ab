//! What does a token say, and does it still count?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use thiserror::Error;

use super::{Introspection, TokenKeys, Unavailable, Withdrawal};
use crate::{AccessToken, KeySet, TokenError, TokenVerifier};

pub(super) enum Reader {
    Signed(Box<Signed>),
    Introspected(Introspection),
}

/// Why a token is not read.
#[derive(Debug, Error)]
pub(super) enum Unread {
    #[error(transparent)]
    Refused(#[from] TokenError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Reader {
    pub(super) fn signed(
        verifier: TokenVerifier,
        keys: Box<dyn TokenKeys>,
        withdrawn: Withdrawal,
    ) -> Self {
        Self::Signed(Box::new(Signed {
            verifier,
            keys,
            withdrawn,
            verified: Mutex::default(),
        }))
    }

    pub(super) fn introspected(introspection: Introspection) -> Self {
        Self::Introspected(introspection)
    }

    pub(super) async fn read(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Arc<AccessToken>, Unread> {
        match self {
            Self::Signed(signed) => signed.read(text, now).await,
            Self::Introspected(introspection) => introspection.read(text, now).await,
        }
    }
}

pub(super) struct Signed {
    verifier: TokenVerifier,
    keys: Box<dyn TokenKeys>,
    withdrawn: Withdrawal,
    verified: Mutex<Verified>,
}

/// The tokens that were verified by one set of keys, by their text: what was found out about it once is so until
/// the keys change. Whether it has expired or was revoked is asked each time.
#[derive(Default)]
struct Verified {
    keys: Arc<KeySet>,
    tokens: HashMap<Box<str>, Arc<AccessToken>>,
}

impl Signed {
    async fn read(&self, text: &str, now: Timestamp) -> Result<Arc<AccessToken>, Unread> {
        let token = self.verified(text, now).await?;
        if let Withdrawal::Asked(revocations) = &self.withdrawn
            && revocations.is_revoked(&token).await?
        {
            return Err(TokenError::Inactive.into());
        }
        Ok(token)
    }

    async fn verified(&self, text: &str, now: Timestamp) -> Result<Arc<AccessToken>, Unread> {
        let mut keys = self.keys.current();
        if let Some(token) = self.lock().find(&keys, text) {
            token.counts_at(now)?;
            return Ok(token);
        }
        let mut read = self.verifier.verify(text, &keys, now);
        if matches!(read, Err(TokenError::UnknownKey { .. })) {
            keys = self.keys.look_again().await?;
            read = self.verifier.verify(text, &keys, now);
        }
        let token = Arc::new(read?);
        self.lock().keep(keys, text, &token, now);
        Ok(token)
    }

    fn lock(&self) -> MutexGuard<'_, Verified> {
        // Nothing in here can be left half-done by a panic.
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verified {
    fn find(&self, keys: &Arc<KeySet>, text: &str) -> Option<Arc<AccessToken>> {
        let same = Arc::ptr_eq(&self.keys, keys);
        same.then(|| self.tokens.get(text).cloned()).flatten()
    }

    /// Only what was verified is kept, so no stranger can fill it.
    fn keep(&mut self, keys: Arc<KeySet>, text: &str, token: &Arc<AccessToken>, now: Timestamp) {
        if !Arc::ptr_eq(&self.keys, &keys) {
            self.tokens.clear();
            self.keys = keys;
        }
        if self.tokens.len() >= MOST {
            self.tokens.retain(|_, token| token.counts_at(now).is_ok());
        }
        if self.tokens.len() >= MOST {
            self.tokens.clear();
        }
        self.tokens.insert(text.into(), Arc::clone(token));
    }
}

/// Of about one KiB each.
const MOST: usize = 4096;
