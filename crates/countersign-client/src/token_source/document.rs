//! What does an authorization server answer?

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{AuthorizationServer, TokenFault};

/// A token, as it was granted.
pub(crate) struct Granted {
    pub(crate) text: String,
    /// In seconds; above 0.
    pub(crate) expires_in: i64,
}

/// RFC 6749, section 5.1. The type of a bound token is `Bearer` (RFC 8705, section 3).
pub(crate) fn read_token(json: &[u8]) -> Result<Granted, TokenFault> {
    let token: Token = serde_json::from_slice(json).map_err(|error| malformed("token", &error))?;
    if !token.token_type.eq_ignore_ascii_case("bearer") {
        let reason = format!("the token is of type `{}`", token.token_type.escape_debug());
        return Err(TokenFault::Malformed { reason });
    }
    let is_safe = |byte: u8| byte.is_ascii_graphic();
    match token.expires_in > 0 && token.access_token.bytes().all(is_safe) {
        true => Ok(Granted {
            text: token.access_token,
            expires_in: token.expires_in,
        }),
        false => Err(TokenFault::Malformed {
            reason: "the token has ended, or cannot be written in a header".to_owned(),
        }),
    }
}

/// RFC 6749, section 5.2.
pub(crate) fn read_error(json: &[u8]) -> Option<TokenFault> {
    let refusal: Refusal = serde_json::from_slice(json).ok()?;
    Some(TokenFault::Answered {
        error: refusal.error,
        description: refusal.error_description,
    })
}

/// RFC 8414, section 3.2, for the issuer that was asked for.
pub(crate) fn read_metadata(json: &[u8], wanted: &str) -> Result<AuthorizationServer, TokenFault> {
    let metadata: Metadata =
        serde_json::from_slice(json).map_err(|error| malformed("metadata", &error))?;
    if metadata.issuer != wanted {
        return Err(TokenFault::OtherIssuer {
            wanted: wanted.to_owned(),
            found: metadata.issuer,
        });
    }
    let texts = metadata.others.into_iter().filter_map(|(name, value)| {
        let Value::String(text) = value else {
            return None;
        };
        Some((name, text))
    });
    Ok(AuthorizationServer {
        issuer: metadata.issuer,
        endpoints: texts.collect(),
        aliases: metadata.mtls_endpoint_aliases,
    })
}

/// Never with the body: it may hold a token.
fn malformed(what: &str, error: &serde_json::Error) -> TokenFault {
    TokenFault::Malformed {
        reason: format!(
            "the {what} of the authorization server is malformed at line {}, column {}",
            error.line(),
            error.column()
        ),
    }
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
    token_type: String,
    expires_in: i64,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    #[serde(default)]
    mtls_endpoint_aliases: BTreeMap<String, String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}
