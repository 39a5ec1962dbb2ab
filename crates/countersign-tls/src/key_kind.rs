use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// What kind of key a certificate holds.
///
/// ```
/// use countersign_tls::KeyKind;
///
/// let kind: KeyKind = "rsa-3072".parse()?;
/// assert!(kind.covers(KeyKind::Rsa { bits: 4096 }));
/// assert!(!kind.covers(KeyKind::Rsa { bits: 2048 }));
/// assert!(!kind.covers(KeyKind::P256));
/// # Ok::<(), countersign_tls::UnknownKind>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// ML-DSA of any size (FIPS 204).
    MlDsa,
    /// A kind that no signature of ours is verified with.
    Other,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521.
    P521,
    /// RSA.
    Rsa {
        /// The size of the modulus; where kinds are listed, the least.
        bits: usize,
    },
}

impl KeyKind {
    /// Whether a list with this kind allows `key`: of RSA keys, the larger too.
    pub fn covers(self, key: Self) -> bool {
        match (self, key) {
            (Self::Rsa { bits: least }, Self::Rsa { bits }) => bits >= least,
            (listed, key) => listed == key && key != Self::Other,
        }
    }

    pub(crate) fn of(key: &SubjectPublicKeyInfo<'_>) -> Self {
        let curve = || {
            let parameters = key.algorithm.parameters.as_ref()?;
            Some(parameters.as_oid().ok()?.to_id_string())
        };
        match key.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.1" => Self::Rsa {
                bits: rsa_bits(key),
            },
            "1.2.840.10045.2.1" => match curve().as_deref() {
                Some("1.2.840.10045.3.1.7") => Self::P256,
                Some("1.3.132.0.34") => Self::P384,
                Some("1.3.132.0.35") => Self::P521,
                _ => Self::Other,
            },
            "1.3.101.112" => Self::Ed25519,
            "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
                Self::MlDsa
            }
            _ => Self::Other,
        }
    }
}

fn rsa_bits(key: &SubjectPublicKeyInfo<'_>) -> usize {
    let Ok(PublicKey::RSA(rsa)) = key.parsed() else {
        return 0;
    };
    let zeros = rsa.modulus.iter().take_while(|byte| **byte == 0).count();
    let bytes = rsa.modulus.get(zeros..).unwrap_or_default();
    let leading = bytes.first().map_or(0, |first| first.leading_zeros());
    (bytes.len() * 8).saturating_sub(usize::try_from(leading).unwrap_or_default())
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519 => f.write_str("ed25519"),
            Self::MlDsa => f.write_str("ml-dsa"),
            Self::Other => f.write_str("another kind"),
            Self::P256 => f.write_str("p256"),
            Self::P384 => f.write_str("p384"),
            Self::P521 => f.write_str("p521"),
            Self::Rsa { bits } => write!(f, "rsa-{bits}"),
        }
    }
}

/// A word that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{word}` is none of {wanted}")]
pub struct UnknownKind {
    /// The word.
    pub word: String,
    /// Those that do.
    pub wanted: &'static str,
}

impl FromStr for KeyKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownKind {
            word: word.to_owned(),
            wanted: "`p256`, `p384`, `p521`, `ed25519`, `ml-dsa`, `rsa-2048` or more",
        };
        Ok(match word {
            "ed25519" => Self::Ed25519,
            "ml-dsa" => Self::MlDsa,
            "p256" => Self::P256,
            "p384" => Self::P384,
            "p521" => Self::P521,
            _ => {
                let bits = word.strip_prefix("rsa-").and_then(|bits| bits.parse().ok());
                let bits = bits.filter(|bits| (2048..=16384).contains(bits));
                Self::Rsa {
                    bits: bits.ok_or_else(unknown)?,
                }
            }
        })
    }
}
