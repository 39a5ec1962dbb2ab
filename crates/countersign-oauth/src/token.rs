//! What does an access token say, and who has signed it?

mod document;
pub(crate) use document::read_introspected;

mod error;
pub use error::TokenError;

mod jwk;
pub use jwk::{Algorithm, Jwk, KeyError, KeyId};

mod key_set;
pub(crate) use key_set::LONGEST as LONGEST_KEY_SET;
pub use key_set::{KeySet, KeySetError};

mod scope;
pub use scope::{Scope, ScopeError};

mod signer;
pub use signer::TokenSigner;

mod signing_keys;
pub use signing_keys::SigningKeys;

mod verifier;
pub use verifier::TokenVerifier;

use std::fmt;

use countersign_identity::Thumbprint;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;

/// What an access token says (RFC 9068, section 2.2): bound to one certificate, always.
///
/// Times are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessToken {
    /// `iss`: the authorization server.
    pub issuer: String,
    /// `sub`: whom it is about. The client, where it asked for itself.
    pub subject: String,
    /// `aud`: the APIs that it is for; at least one.
    pub audience: Vec<String>,
    /// `client_id`: who may present it.
    pub client_id: String,
    /// `jti`: by which it is revoked.
    pub id: TokenId,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `nbf`: before that it does not count.
    pub not_before: Option<Timestamp>,
    /// `exp`: from then on it does not count.
    pub expires_at: Timestamp,
    /// `scope`: what it is good for.
    pub scope: Scope,
    /// `cnf.x5t#S256`: the certificate of its holder (RFC 8705, section 3.1).
    pub binding: Thumbprint,
}

impl AccessToken {
    /// A token of `issuer` for `client` itself, which is its subject, to be used at `audience`.
    ///
    /// ```
    /// use countersign_identity::Thumbprint;
    /// use countersign_oauth::{AccessToken, TokenId};
    ///
    /// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
    /// let mut token = AccessToken::new(
    ///     "https://as.example",
    ///     "billing",
    ///     "https://api.example",
    ///     TokenId::from_bytes([7; 16]),
    ///     Thumbprint::of(b"the certificate in DER"),
    ///     now..now + jiff::SignedDuration::from_mins(5),
    /// );
    /// token.scope = "accounts payments".parse()?;
    /// assert_eq!(token.subject, "billing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        issuer: impl Into<String>,
        client: impl Into<String>,
        audience: impl Into<String>,
        id: TokenId,
        binding: Thumbprint,
        lasting: std::ops::Range<Timestamp>,
    ) -> Self {
        let client_id = client.into();
        Self {
            issuer: issuer.into(),
            subject: client_id.clone(),
            audience: vec![audience.into()],
            client_id,
            id,
            issued_at: lasting.start,
            not_before: None,
            expires_at: lasting.end,
            scope: Scope::default(),
            binding,
        }
    }

    /// Whether whoever proved to hold `presented` may use it (RFC 8705, section 3).
    ///
    /// # Errors
    ///
    /// [`TokenError::NotBound`]: it is bound to another certificate.
    pub fn bound_to(&self, presented: &Thumbprint) -> Result<(), TokenError> {
        match self.binding == *presented {
            true => Ok(()),
            false => Err(TokenError::NotBound {
                bound_to: self.binding,
                presented: *presented,
            }),
        }
    }

    /// Whether it counts at `now`.
    ///
    /// # Errors
    ///
    /// It has expired, does not count yet, or says that it was issued in the future: up to ten seconds of that
    /// are taken for a clock that goes ahead (FAPI 2.0, section 5.3.2.1).
    pub fn counts_at(&self, now: Timestamp) -> Result<(), TokenError> {
        let ahead = now.as_second().saturating_add(AHEAD);
        let at = self.expires_at;
        if now.as_second() >= at.as_second() {
            return Err(TokenError::Expired { at });
        }
        let begins = self.not_before.into_iter().chain([self.issued_at]);
        match begins.max().filter(|begin| begin.as_second() > ahead) {
            Some(from) => Err(TokenError::NotYetValid { from }),
            None => Ok(()),
        }
    }
}

/// How far another clock may go ahead, in seconds: FAPI 2.0 wants at least 10 and at most 60.
const AHEAD: i64 = 10;

/// The `jti` of a token: no two have the same.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(String);

impl TokenId {
    /// An id of 128 random bits.
    ///
    /// ```
    /// use countersign_oauth::TokenId;
    ///
    /// assert_eq!(TokenId::from_bytes([0; 16]).as_str(), "AAAAAAAAAAAAAAAAAAAAAA");
    /// ```
    pub fn from_bytes(random: [u8; 16]) -> Self {
        Self(BASE64URL_NOPAD.encode(&random))
    }

    /// The id, as it stands in the token.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Of another authorization server, in whatever form.
impl From<String> for TokenId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({:?})", self.0)
    }
}
