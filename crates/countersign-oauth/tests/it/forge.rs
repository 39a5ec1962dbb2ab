//! Tokens by another library, and such as no library makes.

use countersign_identity::Thumbprint;
use countersign_oauth::{AccessToken, KeySet, TokenId, TokenSigner, TokenVerifier};
use countersign_pki::{Key, KeyKind};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

pub(crate) fn now() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn holder() -> Thumbprint {
    Thumbprint::of(b"the certificate of the holder")
}

pub(crate) fn token() -> AccessToken {
    let until = now() + SignedDuration::from_mins(5);
    let id = TokenId::from_bytes([7; 16]);
    let mut token = AccessToken::new(ISSUER, "billing", AUDIENCE, id, holder(), now()..until);
    token.scope = "accounts payments".parse().unwrap();
    token
}

pub(crate) fn verifier() -> TokenVerifier {
    TokenVerifier::new(ISSUER, AUDIENCE)
}

/// A key on P-256, and what others make of it.
pub(crate) struct Forge {
    pub(crate) key: Key,
    pub(crate) signer: TokenSigner,
}

impl Forge {
    pub(crate) fn new() -> Self {
        Self::of(KeyKind::P256)
    }

    pub(crate) fn of(kind: KeyKind) -> Self {
        let key = Key::generate(kind).unwrap();
        let signer = TokenSigner::from_pkcs8(key.pkcs8_der()).unwrap();
        Self { key, signer }
    }

    pub(crate) fn keys(&self) -> KeySet {
        KeySet::new([self.signer.public().clone()])
    }

    pub(crate) fn kid(&self) -> &str {
        self.signer.public().id().as_str()
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": self.kid()})
    }

    /// Signed by another library, whatever stands in it.
    pub(crate) fn sign(&self, header: &str, body: &str) -> String {
        let message = format!("{}.{}", encoded(header), encoded(body));
        let key = EncodingKey::from_ec_der(self.key.pkcs8_der());
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::ES256).unwrap();
        format!("{message}.{signature}")
    }

    /// Good claims, changed.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims();
        change(&mut claims);
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    /// A good header, changed.
    pub(crate) fn headed(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut header = self.header();
        change(&mut header);
        self.sign(&header.to_string(), &claims().to_string())
    }
}

pub(crate) fn claims() -> Value {
    let now = now().as_second();
    json!({
        "iss": ISSUER, "sub": "billing", "aud": AUDIENCE, "client_id": "billing",
        "jti": "BwcHBwcHBwcHBwcHBwcHBw", "iat": now, "exp": now + 300, "scope": "accounts payments",
        "cnf": {"x5t#S256": holder().to_string()},
    })
}

pub(crate) fn encoded(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

pub(crate) fn decoded(part: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}
