use std::fmt;

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PSS_2048_8192_SHA256,
};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// By which algorithm a token is signed: those of FAPI 2.0, section 5.4.1, and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PSS with SHA-256, by a key of 2048 to 8192 bits.
    Ps256,
    /// Ed25519; verified, and not signed with.
    EdDsa,
}

impl Algorithm {
    /// Its name (RFC 7518, RFC 8037).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Ps256 => "PS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of a name. `Ed25519` is the newer one of RFC 9864.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "PS256" => Some(Self::Ps256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// A `kid`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub(crate) String);

impl KeyId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_debug().fmt(f)
    }
}

/// The public half of a key that signs tokens (RFC 7517).
#[derive(Clone, Debug)]
pub struct Jwk {
    pub(crate) id: KeyId,
    pub(crate) members: Members,
    key: Verifying,
}

/// What is required of a key of each kind, in base64url (RFC 7638, section 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    P256 { x: String, y: String },
    Rsa { n: String, e: String },
    Ed25519 { x: String },
}

#[derive(Clone, Debug)]
enum Verifying {
    Parsed(ParsedPublicKey),
    Rsa(PublicKeyComponents<Vec<u8>>),
}

impl Jwk {
    /// The key of these members. Its id is its thumbprint (RFC 7638) unless it has one.
    pub(crate) fn new(members: Members, id: Option<String>) -> Result<Self, KeyError> {
        let key = members.verifying()?;
        let id = id.unwrap_or_else(|| members.thumbprint());
        Ok(Self {
            id: KeyId(id),
            members,
            key,
        })
    }

    /// Its id.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The one algorithm that it is used with.
    pub fn algorithm(&self) -> Algorithm {
        match self.members {
            Members::P256 { .. } => Algorithm::Es256,
            Members::Rsa { .. } => Algorithm::Ps256,
            Members::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// Whether it has signed `message` so.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.key {
            Verifying::Parsed(key) => key.verify_sig(message, signature),
            Verifying::Rsa(key) => key.verify(&RSA_PSS_2048_8192_SHA256, message, signature),
        };
        verified.is_ok()
    }
}

/// The same id, for the same public key.
impl PartialEq for Jwk {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.members) == (&other.id, &other.members)
    }
}

impl Eq for Jwk {}

impl Members {
    pub(crate) fn of_p256(point: &[u8]) -> Result<Self, KeyError> {
        match point.split_first_chunk::<33>() {
            Some(([4, x @ ..], y)) if y.len() == 32 => Ok(Self::P256 {
                x: BASE64URL_NOPAD.encode(x),
                y: BASE64URL_NOPAD.encode(y),
            }),
            _ => Err(KeyError::Malformed),
        }
    }

    fn verifying(&self) -> Result<Verifying, KeyError> {
        let parsed = match self {
            Self::P256 { x, y } => {
                let point = [vec![4], octets(x, 32)?, octets(y, 32)?].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            }
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, octets(x, 32)?),
            Self::Rsa { n, e } => {
                let (n, e) = (decoded(n)?, decoded(e)?);
                if !(256..=1024).contains(&n.len()) {
                    return Err(KeyError::Length { bits: n.len() * 8 });
                }
                return Ok(Verifying::Rsa(PublicKeyComponents { n, e }));
            }
        };
        parsed
            .map(Verifying::Parsed)
            .map_err(|_| KeyError::Malformed)
    }

    /// RFC 7638: SHA-256 over the required members, in their alphabetical order.
    fn thumbprint(&self) -> String {
        let members = match self {
            Self::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        BASE64URL_NOPAD.encode(&Sha256::digest(members))
    }
}

fn octets(text: &str, wanted: usize) -> Result<Vec<u8>, KeyError> {
    let octets = decoded(text)?;
    match octets.len() == wanted {
        true => Ok(octets),
        false => Err(KeyError::Malformed),
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, KeyError> {
    let octets = BASE64URL_NOPAD.decode(text.as_bytes());
    octets.map_err(|_| KeyError::Malformed)
}

/// Why a key cannot sign or verify tokens.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is neither on P-256 nor RSA; for public keys, nor Ed25519.
    #[error(
        "the key is of a kind that signs no tokens: wanted P-256, or RSA of 2048 bits and more"
    )]
    Kind,
    /// It is too short, or longer than anybody needs.
    #[error("the key is an RSA key of {bits} bits, wanted 2048 to 8192")]
    Length {
        /// The bits of its modulus.
        bits: usize,
    },
    /// It cannot be read.
    #[error("the key is malformed")]
    Malformed,
    /// The library did not sign.
    #[error("the key did not sign")]
    Signing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_key_is_its_thumbprint_as_in_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let members = Members::Rsa {
            n: n.to_owned(),
            e: "AQAB".to_owned(),
        };
        let key = Jwk::new(members, None).unwrap();
        assert_eq!(
            key.id().as_str(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
