use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use sha2::{Digest, Sha256};

use crate::NameError;

/// SHA-256 over the DER certificate: the `x5t#S256` of RFC 8705, section 3.1.
///
/// It names one certificate. A renewal has another, so it identifies bytes, not a caller.
///
/// ```
/// use countersign_identity::Thumbprint;
///
/// assert_eq!(
///     Thumbprint::of(b"").to_string(),
///     "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Thumbprint([u8; 32]);

impl Thumbprint {
    /// The thumbprint of a DER certificate.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// The digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Base64url without padding, as in `cnf.x5t#S256`.
impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

/// Strict: 43 characters whose last holds no bit too many. (The example in RFC 8705, section 3.1, is
/// no thumbprint by this rule.)
impl FromStr for Thumbprint {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digest = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let digest = digest.and_then(|digest| digest.try_into().ok());
        digest.map(Self).ok_or_else(|| NameError::Malformed {
            name: text.to_owned(),
            wanted: "a SHA-256 digest in base64url without padding",
        })
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thumbprint({self})")
    }
}

/// SHA-256 over the DER SubjectPublicKeyInfo. It survives a renewal that keeps the key.
///
/// ```
/// use countersign_identity::Pin;
///
/// let pin = Pin::of(b"");
/// assert_eq!(pin.to_string(), "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
/// assert_eq!("sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse(), Ok(pin));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pin([u8; 32]);

impl Pin {
    /// The pin of a DER SubjectPublicKeyInfo.
    pub fn of(spki: &[u8]) -> Self {
        Self(Sha256::digest(spki).into())
    }

    /// The digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// `sha256/` and padded base64, as curl's `--pinnedpubkey` and RFC 7469 write it.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256/{}", BASE64.encode(&self.0))
    }
}

impl FromStr for Pin {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let base64 = text.strip_prefix("sha256/").unwrap_or_default();
        let digest = BASE64.decode(base64.as_bytes()).ok();
        let digest = digest.and_then(|digest| digest.try_into().ok());
        digest.map(Self).ok_or_else(|| NameError::Malformed {
            name: text.to_owned(),
            wanted: "`sha256/` and a SHA-256 digest in base64",
        })
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}
