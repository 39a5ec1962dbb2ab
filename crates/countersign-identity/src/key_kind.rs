use std::fmt;

use crate::Oid;
use crate::der::{self, Der};

/// Of which kind a public key is, and how large.
///
/// Printed as `RSA-2048`, `P-256`, `Ed25519`; a kind that is not known as its object identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// Edwards curve 25519.
    Ed25519,
    /// Edwards curve 448.
    Ed448,
    /// An algorithm, or parameters of a known one, that we do not know.
    Other {
        /// The algorithm; for an elliptic curve that has a name, the curve.
        oid: Oid,
    },
    /// NIST's curve of 256 bits.
    P256,
    /// NIST's curve of 384 bits.
    P384,
    /// NIST's curve of 521 bits.
    P521,
    /// RSA.
    Rsa {
        /// The length of the modulus.
        bits: usize,
    },
}

impl KeyKind {
    /// Reads a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7). None, if it is not one.
    pub(crate) fn read(spki: &[u8]) -> Option<Self> {
        let mut parts = Der::new(Der::only(spki, der::SEQUENCE)?);
        let mut algorithm = Der::new(parts.content(der::SEQUENCE)?);
        let key = parts.content(der::BIT_STRING)?;
        let oid = algorithm.content(der::OBJECT_IDENTIFIER)?;
        let other = |oid| {
            Some(Self::Other {
                oid: Oid::from_content(oid)?,
            })
        };
        match oid {
            RSA => match modulus_bits(key) {
                Some(bits) => Some(Self::Rsa { bits }),
                None => other(oid),
            },
            EC => match algorithm.content(der::OBJECT_IDENTIFIER) {
                Some(P256) => Some(Self::P256),
                Some(P384) => Some(Self::P384),
                Some(P521) => Some(Self::P521),
                curve => other(curve.unwrap_or(oid)),
            },
            ED25519 => Some(Self::Ed25519),
            ED448 => Some(Self::Ed448),
            _ => other(oid),
        }
    }

    /// The size by which the kind is called; none, if it is not known.
    pub fn bits(&self) -> Option<usize> {
        Some(match self {
            Self::Ed25519 | Self::P256 => 256,
            Self::Ed448 => 456,
            Self::Other { .. } => return None,
            Self::P384 => 384,
            Self::P521 => 521,
            Self::Rsa { bits } => *bits,
        })
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Ed448 => f.write_str("Ed448"),
            Self::Other { oid } => oid.fmt(f),
            Self::P256 => f.write_str("P-256"),
            Self::P384 => f.write_str("P-384"),
            Self::P521 => f.write_str("P-521"),
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
        }
    }
}

/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }, behind the unused bits.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let key = key.strip_prefix(&[0])?;
    let modulus = Der::new(Der::only(key, der::SEQUENCE)?).content(der::INTEGER)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let (first, rest) = modulus.get(zeros..)?.split_first()?;
    Some(8 * rest.len() + usize::try_from(u8::BITS - first.leading_zeros()).ok()?)
}

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 1.3.132.0.34 and 35
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 35];
/// 1.3.101.112 and 113
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::encode;

    fn spki(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
        let algorithm = [&encode(der::OBJECT_IDENTIFIER, algorithm), parameters].concat();
        let parts = [
            encode(der::SEQUENCE, &algorithm),
            encode(der::BIT_STRING, &[&[0], key].concat()),
        ];
        encode(der::SEQUENCE, &parts.concat())
    }

    fn rsa(modulus: &[u8]) -> Vec<u8> {
        let parts = [encode(der::INTEGER, modulus), encode(der::INTEGER, &[3])];
        spki(RSA, &[5, 0], &encode(der::SEQUENCE, &parts.concat()))
    }

    #[test]
    fn a_kind_is_told_with_its_size_or_by_its_object_identifier() {
        let modulus = [&[0, 0x80][..], &[1; 127]].concat();
        let secp256k1 = encode(der::OBJECT_IDENTIFIER, &[0x2b, 0x81, 4, 0, 10]);
        for (spki, printed, bits) in [
            (rsa(&modulus), "RSA-1024", Some(1024)),
            (rsa(&modulus[2..]), "RSA-1009", Some(1009)),
            (rsa(&[0]), "1.2.840.113549.1.1.1", None),
            (spki(RSA, &[5, 0], b"x"), "1.2.840.113549.1.1.1", None),
            (spki(EC, &secp256k1, b"x"), "1.3.132.0.10", None),
            (spki(EC, &[5, 0], b"x"), "1.2.840.10045.2.1", None),
            (spki(ED25519, b"", b"x"), "Ed25519", Some(256)),
            (spki(ED448, b"", b"x"), "Ed448", Some(456)),
            (spki(&[42, 3], b"", b"x"), "1.2.3", None),
        ] {
            let kind = KeyKind::read(&spki).unwrap();
            assert_eq!((kind.to_string().as_str(), kind.bits()), (printed, bits));
        }
        assert_eq!(KeyKind::read(b"\x30\0"), None);
    }
}
