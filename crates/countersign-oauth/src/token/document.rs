//! How do tokens and keys stand in JSON?

use countersign_identity::Thumbprint;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::jwk::{Jwk, Members};
use super::{AccessToken, Algorithm, KeyId, KeySetError, TokenError, TokenId};

/// What a header of a token says that is of use, once nothing in it is refused.
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: KeyId,
}

/// Reads the header of a token, with what must not be there (RFC 7515, section 4.1; RFC 9068, section 4).
pub(crate) fn read_header(json: &[u8]) -> Result<Header, TokenError> {
    let header: HeaderDocument = read("header", json)?;
    if let Some(member) = header.refused() {
        return Err(TokenError::Header { member });
    }
    let kind = header.typ.unwrap_or_default();
    if !is_access_token(&kind) {
        return Err(TokenError::Type { found: kind });
    }
    let algorithm = Algorithm::named(&header.alg);
    let algorithm = algorithm.ok_or(TokenError::Algorithm { found: header.alg })?;
    let key = header.kid.ok_or_else(|| TokenError::Malformed {
        part: "header",
        reason: "there is no `kid`".to_owned(),
    })?;
    Ok(Header {
        algorithm,
        key: KeyId(key),
    })
}

/// The header of a token that is signed by `key`.
pub(crate) fn write_header(key: &Jwk) -> String {
    let (algorithm, id) = (key.algorithm().as_str(), key.id().as_str());
    // Both are base64url or a constant: nothing in them is to be escaped.
    format!(r#"{{"alg":"{algorithm}","typ":"at+jwt","kid":"{id}"}}"#)
}

/// Reads the claims of a token, with what they must have (RFC 9068, section 2.2).
pub(crate) fn read_claims(json: &[u8]) -> Result<AccessToken, TokenError> {
    let claims: Claims = read("body", json)?;
    claims.try_into()
}

/// Reads what an authorization server says of a token (RFC 7662, section 2.2): of one that is active, the same claims.
pub(crate) fn read_introspected(json: &[u8]) -> Result<AccessToken, TokenError> {
    let answer: Introspected = read("introspection", json)?;
    match answer.active {
        true => read_claims(json),
        false => Err(TokenError::Inactive),
    }
}

/// The claims of `token`.
pub(crate) fn write_claims(token: &AccessToken) -> String {
    // Strings and numbers: it cannot fail to encode.
    serde_json::to_string(&Claims::from(token)).unwrap_or_default()
}

/// Reads a JWK set (RFC 7517, section 5).
pub(crate) fn read_key_set(json: &[u8]) -> Result<Vec<Jwk>, KeySetError> {
    let set: KeySetDocument = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    let keys = set.keys.into_iter().map(KeyDocument::read);
    keys.filter_map(Result::transpose).collect()
}

/// Writes a JWK set.
pub(crate) fn write_key_set<'a>(keys: impl Iterator<Item = &'a Jwk>) -> String {
    let keys = keys.map(KeyDocument::of).collect();
    serde_json::to_string(&KeySetDocument { keys }).unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(part: &'static str, json: &'a [u8]) -> Result<T, TokenError> {
    serde_json::from_slice(json).map_err(|error| TokenError::Malformed {
        part,
        reason: error.to_string(),
    })
}

fn malformed(error: &serde_json::Error) -> KeySetError {
    KeySetError::Malformed {
        reason: error.to_string(),
    }
}

/// The media type, whose prefix may be left out, in whatever case (RFC 7515, section 4.1.9).
fn is_access_token(kind: &str) -> bool {
    let accepted = ["at+jwt", "application/at+jwt"];
    accepted
        .iter()
        .any(|wanted| kind.eq_ignore_ascii_case(wanted))
}

#[derive(Deserialize)]
struct HeaderDocument {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
    x5c: Option<IgnoredAny>,
}

impl HeaderDocument {
    fn refused(&self) -> Option<&'static str> {
        let members = [
            ("crit", &self.crit),
            ("b64", &self.b64),
            ("zip", &self.zip),
            ("jwk", &self.jwk),
            ("jku", &self.jku),
            ("x5u", &self.x5u),
            ("x5c", &self.x5c),
        ];
        let found = members.into_iter().find(|(_, member)| member.is_some());
        found.map(|(name, _)| name)
    }
}

#[derive(Deserialize)]
struct Introspected {
    active: bool,
}

/// Typed, so that a claim that stands there twice or is of another type is refused.
#[derive(Deserialize, Serialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    client_id: String,
    jti: String,
    iat: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default)]
    cnf: Option<Confirmation>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A confirmation that we do not know would have to be confirmed, too (RFC 7800, section 3.1): it is refused.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
}

impl TryFrom<Claims> for AccessToken {
    type Error = TokenError;

    fn try_from(claims: Claims) -> Result<Self, TokenError> {
        let scope = claims.scope.unwrap_or_default();
        let scope = scope.parse().map_err(|error| claim("scope", &error))?;
        let bound = claims.cnf.ok_or(TokenError::Unbound)?.thumbprint;
        let binding: Thumbprint = bound.parse().map_err(|error| claim("cnf", &error))?;
        Ok(Self {
            issuer: claims.iss,
            subject: claims.sub,
            audience: claims.aud.into(),
            client_id: claims.client_id,
            id: TokenId::from(claims.jti),
            issued_at: time("iat", claims.iat)?,
            not_before: claims.nbf.map(|nbf| time("nbf", nbf)).transpose()?,
            expires_at: time("exp", claims.exp)?,
            scope,
            binding,
        })
    }
}

impl From<&AccessToken> for Claims {
    fn from(token: &AccessToken) -> Self {
        Self {
            iss: token.issuer.clone(),
            sub: token.subject.clone(),
            aud: token.audience.clone().into(),
            client_id: token.client_id.clone(),
            jti: token.id.to_string(),
            iat: token.issued_at.as_second(),
            nbf: token.not_before.map(Timestamp::as_second),
            exp: token.expires_at.as_second(),
            scope: Some(token.scope.to_string()).filter(|scope| !scope.is_empty()),
            cnf: Some(Confirmation {
                thumbprint: token.binding.to_string(),
            }),
        }
    }
}

impl From<Audience> for Vec<String> {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::One(one) => vec![one],
            Audience::Many(many) => many,
        }
    }
}

impl From<Vec<String>> for Audience {
    fn from(mut audience: Vec<String>) -> Self {
        match (audience.pop(), audience.is_empty()) {
            (Some(one), true) => Self::One(one),
            (last, _) => Self::Many(audience.into_iter().chain(last).collect()),
        }
    }
}

fn time(name: &str, seconds: i64) -> Result<Timestamp, TokenError> {
    Timestamp::from_second(seconds).map_err(|error| claim(name, &error))
}

fn claim(name: &str, error: &dyn std::fmt::Display) -> TokenError {
    TokenError::Malformed {
        part: "body",
        reason: format!("`{name}`: {error}"),
    }
}

#[derive(Deserialize, Serialize)]
struct KeySetDocument {
    keys: Vec<KeyDocument>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct KeyDocument {
    kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    /// Read to be refused; never written.
    #[serde(skip_serializing)]
    d: Option<IgnoredAny>,
    #[serde(skip_serializing)]
    k: Option<IgnoredAny>,
}

impl KeyDocument {
    /// The key, if it is one for us.
    fn read(self) -> Result<Option<Jwk>, KeySetError> {
        for (member, secret) in [("d", &self.d), ("k", &self.k)] {
            if secret.is_some() {
                return Err(KeySetError::Secret { member });
            }
        }
        let foreign = self
            .purpose
            .as_deref()
            .is_some_and(|purpose| purpose != "sig");
        let algorithm = self.alg.clone();
        let id = self.kid.clone();
        let key = self
            .members()
            .and_then(|members| Jwk::new(members, id).ok());
        Ok(key.filter(|key| !foreign && is_for(key, algorithm.as_deref())))
    }

    fn members(self) -> Option<Members> {
        match (&*self.kty, self.crv.as_deref()) {
            ("EC", Some("P-256")) => self.x.zip(self.y).map(|(x, y)| Members::P256 { x, y }),
            ("RSA", _) => self.n.zip(self.e).map(|(n, e)| Members::Rsa { n, e }),
            ("OKP", Some("Ed25519")) => self.x.map(|x| Members::Ed25519 { x }),
            _ => None,
        }
    }

    fn of(key: &Jwk) -> Self {
        let document = match key.members.clone() {
            Members::P256 { x, y } => Self {
                kty: "EC".to_owned(),
                crv: Some("P-256".to_owned()),
                x: Some(x),
                y: Some(y),
                ..Self::default()
            },
            Members::Rsa { n, e } => Self {
                kty: "RSA".to_owned(),
                n: Some(n),
                e: Some(e),
                ..Self::default()
            },
            Members::Ed25519 { x } => Self {
                kty: "OKP".to_owned(),
                crv: Some("Ed25519".to_owned()),
                x: Some(x),
                ..Self::default()
            },
        };
        Self {
            kid: Some(key.id().to_string()),
            purpose: Some("sig".to_owned()),
            alg: Some(key.algorithm().as_str().to_owned()),
            ..document
        }
    }
}

/// Whether a key says that it is for the algorithm that we use it with, or says nothing.
fn is_for(key: &Jwk, algorithm: Option<&str>) -> bool {
    algorithm.is_none_or(|name| Algorithm::named(name) == Some(key.algorithm()))
}
