use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;

use super::{AccessToken, KeySet, TokenError, document};

/// Reads signed tokens of one authorization server, for one API (RFC 9068, section 4).
///
/// Whose certificate the token is bound to is asked of the token, by [`AccessToken::bound_to`]; whether it was
/// revoked, of the authorization server.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    issuer: String,
    audience: String,
}

impl TokenVerifier {
    /// Reads tokens of `issuer` for `audience`.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
        }
    }

    /// The authorization server.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The API.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// What `token` says, if one of `keys` has signed it and it counts at `now`.
    ///
    /// # Errors
    ///
    /// It is malformed, has a header that is not accepted, is of another type, issuer or audience, is not bound to a
    /// certificate, does not count at `now`, or its signature does not verify.
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        now: Timestamp,
    ) -> Result<AccessToken, TokenError> {
        let parts = Parts::of(token)?;
        let header = document::read_header(&decoded("header", parts.header)?)?;
        let key = keys.key(&header.key);
        let key = key.ok_or(TokenError::UnknownKey { key: header.key })?;
        let signature = decoded("signature", parts.signature)?;
        // An algorithm belongs to a key: what the header says is compared, and never obeyed.
        if header.algorithm != key.algorithm()
            || !key.has_signed(parts.signed.as_bytes(), &signature)
        {
            return Err(TokenError::Signature);
        }
        let token = document::read_claims(&decoded("body", parts.body)?)?;
        self.judge(&token, now)?;
        Ok(token)
    }

    /// Whether `token`, whose signature was verified, is for us and counts at `now`.
    pub(crate) fn judge(&self, token: &AccessToken, now: Timestamp) -> Result<(), TokenError> {
        if token.issuer != self.issuer {
            let found = token.issuer.clone();
            return Err(TokenError::Issuer { found });
        }
        if !token.audience.contains(&self.audience) {
            let found = token.audience.clone();
            return Err(TokenError::Audience { found });
        }
        token.counts_at(now)
    }
}

/// The three parts of a token (RFC 7515, section 7.1).
struct Parts<'a> {
    header: &'a str,
    body: &'a str,
    signature: &'a str,
    /// Header, dot and body.
    signed: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Result<Self, TokenError> {
        let split = token.rsplit_once('.').and_then(|(signed, signature)| {
            let (header, body) = signed.split_once('.')?;
            let parts = Self {
                header,
                body,
                signature,
                signed,
            };
            (!body.contains('.')).then_some(parts)
        });
        let reason = match split {
            _ if token.len() > LONGEST => "it is longer than 16 KiB",
            Some(parts) => return Ok(parts),
            None => "it has not three parts",
        };
        Err(malformed("form", reason))
    }
}

/// In bytes.
const LONGEST: usize = 16 * 1024;

fn decoded(part: &'static str, text: &str) -> Result<Vec<u8>, TokenError> {
    let octets = BASE64URL_NOPAD.decode(text.as_bytes());
    octets.map_err(|error| malformed(part, &error.to_string()))
}

fn malformed(part: &'static str, reason: &str) -> TokenError {
    TokenError::Malformed {
        part,
        reason: reason.to_owned(),
    }
}
