use jiff::{SignedDuration, Timestamp};

use super::jwk::{Jwk, KeyError};
use super::{AccessToken, KeySet, TokenSigner};

/// The keys of an authorization server: one that signs, one that will, and those whose tokens are still about.
///
/// A key is published before it signs, and as long as a token of it may count: so whoever fetches the set now
/// and then refuses no token while keys change.
///
/// ```
/// use countersign_oauth::{SigningKeys, TokenSigner};
/// use countersign_pki::{Key, KeyKind};
/// use jiff::SignedDuration;
///
/// # fn key() -> Result<TokenSigner, Box<dyn std::error::Error>> {
/// #     Ok(TokenSigner::from_pkcs8(Key::generate(KeyKind::P256)?.pkcs8_der())?)
/// # }
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let mut keys = SigningKeys::new(key()?, SignedDuration::from_mins(5));
/// keys.announce(key()?);
/// assert_eq!(keys.public(now).keys().count(), 2);
/// assert!(keys.rotate(now));
/// assert_eq!(keys.public(now).keys().count(), 2);
/// assert_eq!(keys.public(now + SignedDuration::from_mins(6)).keys().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SigningKeys {
    current: TokenSigner,
    next: Option<TokenSigner>,
    retired: Vec<Retired>,
    longest: SignedDuration,
}

#[derive(Debug)]
struct Retired {
    key: Jwk,
    until: Timestamp,
}

impl SigningKeys {
    /// Signs with `current`; no token lasts for longer than `longest`.
    pub fn new(current: TokenSigner, longest: SignedDuration) -> Self {
        Self {
            current,
            next: None,
            retired: Vec::new(),
            longest,
        }
    }

    /// The key that signs.
    pub fn current(&self) -> &TokenSigner {
        &self.current
    }

    /// The key that will sign next, once it has been published long enough.
    pub fn next(&self) -> Option<&TokenSigner> {
        self.next.as_ref()
    }

    /// Publishes the key that will sign after the [rotation](Self::rotate). One that was announced before, and has
    /// never signed, is forgotten.
    pub fn announce(&mut self, next: TokenSigner) {
        self.next = Some(next);
    }

    /// Signs with the key that was announced from now on, and tells whether there was one.
    pub fn rotate(&mut self, now: Timestamp) -> bool {
        let Some(next) = self.next.take() else {
            return false;
        };
        let until = now.saturating_add(self.longest).unwrap_or(Timestamp::MAX);
        let before = std::mem::replace(&mut self.current, next);
        self.retired.retain(|retired| now < retired.until);
        self.retired.push(Retired {
            key: before.public().clone(),
            until,
        });
        true
    }

    /// Keeps publishing `key`, which signs no more, until its last token is over.
    pub fn retire(&mut self, key: Jwk, until: Timestamp) {
        self.retired.push(Retired { key, until });
    }

    /// `token`, signed by the current key. It must not last for longer than the longest.
    ///
    /// # Errors
    ///
    /// As [`TokenSigner::sign`].
    pub fn sign(&self, token: &AccessToken) -> Result<String, KeyError> {
        let lasts = token.expires_at.duration_since(token.issued_at);
        match lasts > self.longest {
            true => Err(KeyError::Signing),
            false => self.current.sign(token),
        }
    }

    /// The public keys that are published at `now`.
    pub fn public(&self, now: Timestamp) -> KeySet {
        let retired = self.retired.iter().filter(|retired| now < retired.until);
        let retired = retired.map(|retired| &retired.key);
        let signing = [Some(&self.current), self.next.as_ref()];
        let signing = signing.into_iter().flatten().map(TokenSigner::public);
        KeySet::new(retired.chain(signing).cloned())
    }
}
