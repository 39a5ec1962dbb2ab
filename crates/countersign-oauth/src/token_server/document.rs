//! How do the answers of the endpoints stand in JSON?

use axum::response::IntoResponse;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use serde::Serialize;

use crate::AccessToken;

/// A body that nobody may keep.
pub(super) fn private(body: String) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
        (PRAGMA, "no-cache"),
    ];
    (headers, body)
}

/// A body that everybody may keep for a while.
pub(super) fn cached(media_type: &'static str, body: String) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, "public, max-age=60"),
    ];
    (headers, body)
}

/// RFC 6749, section 5.2.
pub(super) fn error(error: &str, error_description: &str) -> String {
    json(&ErrorDocument {
        error,
        error_description,
    })
}

/// RFC 6749, section 5.1.
pub(super) fn issued(text: &str, token: &AccessToken) -> String {
    let lasts = token.expires_at.as_second() - token.issued_at.as_second();
    json(&IssuedDocument {
        access_token: text,
        token_type: "Bearer",
        expires_in: lasts.max(1),
        scope: token.scope.to_string(),
    })
}

/// RFC 7662, section 2.2.
pub(super) fn introspected(token: Option<&AccessToken>) -> String {
    json(&IntrospectedDocument {
        active: token.is_some(),
        token: token.map(TokenDocument::of),
    })
}

/// RFC 8414, section 3.2.
pub(super) fn metadata(metadata: &Metadata<'_>) -> String {
    json(metadata)
}

fn json(document: &impl Serialize) -> String {
    // Strings and numbers: it cannot fail to encode.
    serde_json::to_string(document).unwrap_or_default()
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    error: &'a str,
    error_description: &'a str,
}

#[derive(Serialize)]
struct IssuedDocument<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    scope: String,
}

#[derive(Serialize)]
struct IntrospectedDocument<'a> {
    active: bool,
    #[serde(flatten)]
    token: Option<TokenDocument<'a>>,
}

#[derive(Serialize)]
struct TokenDocument<'a> {
    client_id: &'a str,
    token_type: &'static str,
    scope: String,
    iss: &'a str,
    sub: &'a str,
    aud: &'a [String],
    jti: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    cnf: Confirmation,
}

#[derive(Serialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
}

impl<'a> TokenDocument<'a> {
    fn of(token: &'a AccessToken) -> Self {
        Self {
            client_id: &token.client_id,
            token_type: "Bearer",
            scope: token.scope.to_string(),
            iss: &token.issuer,
            sub: &token.subject,
            aud: &token.audience,
            jti: token.id.as_str(),
            iat: token.issued_at.as_second(),
            nbf: token.not_before.unwrap_or(token.issued_at).as_second(),
            exp: token.expires_at.as_second(),
            cnf: Confirmation {
                thumbprint: token.binding.to_string(),
            },
        }
    }
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) issuer: &'a str,
    #[serde(flatten)]
    pub(super) endpoints: Aliases,
    pub(super) jwks_uri: String,
    pub(super) token_endpoint_auth_methods_supported: [&'static str; 2],
    pub(super) revocation_endpoint_auth_methods_supported: [&'static str; 2],
    pub(super) introspection_endpoint_auth_methods_supported: [&'static str; 2],
    pub(super) grant_types_supported: [&'static str; 1],
    pub(super) scopes_supported: Vec<&'a str>,
    pub(super) tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mtls_endpoint_aliases: Option<Aliases>,
}

#[derive(Serialize)]
pub(super) struct Aliases {
    pub(super) token_endpoint: String,
    pub(super) revocation_endpoint: String,
    pub(super) introspection_endpoint: String,
}
