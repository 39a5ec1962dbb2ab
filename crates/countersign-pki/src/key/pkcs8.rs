//! In which form is a private key written? All forms are brought to PKCS#8, version 1.

use zeroize::Zeroizing;

use super::KeyKind;
use crate::der::{self, Element};

const RSA_ENCRYPTION: &[u64] = &[1, 2, 840, 113549, 1, 1, 1];
const EC_PUBLIC_KEY: &[u64] = &[1, 2, 840, 10045, 2, 1];
const ED25519: &[u64] = &[1, 3, 101, 112];
pub(super) const P256: &[u64] = &[1, 2, 840, 10045, 3, 1, 7];
pub(super) const P384: &[u64] = &[1, 3, 132, 0, 34];
pub(super) const P521: &[u64] = &[1, 3, 132, 0, 35];

#[derive(Clone, Copy)]
pub(crate) enum Form {
    Pkcs8,
    Sec1,
    Pkcs1,
}

impl Form {
    pub(super) fn of_label(label: &str) -> Option<Self> {
        match label {
            "PRIVATE KEY" => Some(Self::Pkcs8),
            "EC PRIVATE KEY" => Some(Self::Sec1),
            "RSA PRIVATE KEY" => Some(Self::Pkcs1),
            _ => None,
        }
    }
}

/// What the key is of.
#[derive(Clone, Copy)]
pub(super) enum Algorithm {
    P256,
    P384,
    P521,
    Ed25519,
    /// With the length of the modulus in bits.
    Rsa(usize),
    OtherCurve,
}

impl Algorithm {
    pub(super) fn kind(self) -> Option<KeyKind> {
        match self {
            Self::P256 => Some(KeyKind::P256),
            Self::P384 => Some(KeyKind::P384),
            Self::P521 => Some(KeyKind::P521),
            Self::Ed25519 => Some(KeyKind::Ed25519),
            Self::Rsa(2048) => Some(KeyKind::Rsa2048),
            Self::Rsa(3072) => Some(KeyKind::Rsa3072),
            Self::Rsa(4096) => Some(KeyKind::Rsa4096),
            Self::Rsa(_) | Self::OtherCurve => None,
        }
    }
}

pub(super) struct Found {
    pub(super) algorithm: Algorithm,
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    /// SubjectPublicKeyInfo, where the private key's encoding holds the public one.
    pub(super) public_key: Option<Vec<u8>>,
}

/// Reads a key; `None` if it is not one in that form, or of an unknown algorithm.
pub(super) fn read(form: Form, bytes: &[u8]) -> Option<Found> {
    match form {
        Form::Pkcs1 => found(&identifier(RSA_ENCRYPTION, &der::NULL), bytes),
        Form::Sec1 => {
            let fields = Element::only(bytes)?.children()?;
            let curve = fields.iter().find(|f| f.tag == der::constructed(0))?;
            found(&identifier(EC_PUBLIC_KEY, curve.content), bytes)
        }
        Form::Pkcs8 => {
            let fields = Element::only(bytes)?.children()?;
            let [version, identifier, key, ..] = fields.as_slice() else {
                return None;
            };
            let is_it = version.tag == der::INTEGER && key.tag == der::OCTET_STRING;
            is_it.then(|| found(identifier.whole, key.content))?
        }
    }
}

/// An Ed25519 key (RFC 8410, 7).
pub(super) fn ed25519(seed: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = Zeroizing::new(der::value(der::OCTET_STRING, seed));
    write(&identifier(ED25519, &[]), &key)
}

/// A key on a curve, with its public point (RFC 5915).
pub(super) fn ec(curve: &[u64], scalar: &[u8], point: &[u8]) -> Zeroizing<Vec<u8>> {
    let scalar = Zeroizing::new(der::value(der::OCTET_STRING, scalar));
    let point = der::value(der::constructed(1), der::bits(point));
    let key = Zeroizing::new(der::sequence([&der::integer(&[1]), &*scalar, &point]));
    write(&identifier(EC_PUBLIC_KEY, &der::oid(curve)), &key)
}

fn write(identifier: &[u8], key: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = Zeroizing::new(der::value(der::OCTET_STRING, key));
    Zeroizing::new(der::sequence([&der::integer(&[0]), identifier, &key]))
}

fn identifier(oid: &[u64], parameters: &[u8]) -> Vec<u8> {
    der::sequence([der::oid(oid).as_slice(), parameters])
}

fn found(identifier: &[u8], key: &[u8]) -> Option<Found> {
    let (algorithm, public) = algorithm(identifier, key)?;
    let public_key = public.map(|bits| der::sequence([identifier, &der::bits(&bits)]));
    Some(Found {
        algorithm,
        pkcs8: write(identifier, key),
        public_key,
    })
}

/// The algorithm, and the public key if the private one states it.
fn algorithm(identifier: &[u8], key: &[u8]) -> Option<(Algorithm, Option<Vec<u8>>)> {
    let fields = Element::only(identifier)?.children()?;
    let oid = fields.first()?.whole;
    if oid == der::oid(ED25519) {
        Some((Algorithm::Ed25519, None))
    } else if oid == der::oid(RSA_ENCRYPTION) {
        let numbers = Element::only(key)?.children()?;
        let (modulus, exponent) = (numbers.get(1)?, numbers.get(2)?);
        let public = der::sequence([modulus.whole, exponent.whole]);
        Some((Algorithm::Rsa(bit_length(modulus.content)), Some(public)))
    } else if oid == der::oid(EC_PUBLIC_KEY) {
        let parts = Element::only(key)?.children()?;
        let point = parts.iter().find(|p| p.tag == der::constructed(1));
        let point = point.and_then(|p| Element::only(p.content)?.content.get(1..));
        Some((curve(fields.get(1)?.whole), point.map(<[u8]>::to_vec)))
    } else {
        None
    }
}

fn curve(oid: &[u8]) -> Algorithm {
    let known = [
        (P256, Algorithm::P256),
        (P384, Algorithm::P384),
        (P521, Algorithm::P521),
    ];
    let found = known.into_iter().find(|(arcs, _)| der::oid(arcs) == oid);
    found.map_or(Algorithm::OtherCurve, |(_, algorithm)| algorithm)
}

fn bit_length(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(8, |byte| byte.leading_zeros());
    (number.len() - zeros) * 8
        - if zeros == number.len() {
            0
        } else {
            first as usize
        }
}
