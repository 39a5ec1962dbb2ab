//! What signs? aws-lc-rs' keys, in rcgen's hands or not, or RustCrypto's P-256 where signatures must repeat.

use aws_lc_rs::agreement::{ECDH_P384, PrivateKey};
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
};
use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey as P256};
use rcgen::{KeyPair, PublicKeyData, RsaKeySize, SignatureAlgorithm, SigningKey};
use zeroize::Zeroizing;

use super::KeyKind;
use super::pkcs8::{self, Algorithm, Found};
use crate::der::{self, Element};

pub(crate) enum Material {
    Native(KeyPair),
    /// Made here. rcgen would write a new key down, read it back and check it: half as long again.
    Ecdsa(EcdsaKeyPair, &'static SignatureAlgorithm),
    Ed25519(Ed25519KeyPair),
    /// ECDSA of RFC 6979, and the public point uncompressed.
    Repeating(Box<P256>, Vec<u8>),
    /// Can be certified but not sign: its SubjectPublicKeyInfo.
    Foreign(Vec<u8>),
}

impl Material {
    pub(super) fn is_deterministic(&self) -> bool {
        let random = [
            &rcgen::PKCS_ECDSA_P256_SHA256,
            &rcgen::PKCS_ECDSA_P384_SHA384,
            &rcgen::PKCS_ECDSA_P521_SHA512,
        ];
        match self {
            Self::Native(pair) => !random.contains(&pair.algorithm()),
            Self::Repeating(..) | Self::Ed25519(_) => true,
            Self::Ecdsa(..) | Self::Foreign(_) => false,
        }
    }

    /// AlgorithmIdentifier of its signatures (RFC 5758, 3.2; RFC 8410, 3; RFC 4055, 5).
    pub(crate) fn signature_algorithm(&self) -> Vec<u8> {
        let known: [(_, &[u64]); 4] = [
            (&rcgen::PKCS_ECDSA_P256_SHA256, &[1, 2, 840, 10045, 4, 3, 2]),
            (&rcgen::PKCS_ECDSA_P384_SHA384, &[1, 2, 840, 10045, 4, 3, 3]),
            (&rcgen::PKCS_ECDSA_P521_SHA512, &[1, 2, 840, 10045, 4, 3, 4]),
            (&rcgen::PKCS_ED25519, &[1, 3, 101, 112]),
        ];
        match known.iter().find(|(known, _)| *known == self.algorithm()) {
            Some((_, oid)) => der::sequence([der::oid(oid)]),
            // sha256WithRSAEncryption: a key has one of these five, whichever way it came.
            None => {
                let oid = der::oid(&[1, 2, 840, 113549, 1, 1, 11]);
                der::sequence([oid.as_slice(), &der::NULL])
            }
        }
    }
}

impl PublicKeyData for Material {
    fn subject_public_key_info(&self) -> Vec<u8> {
        match self {
            Self::Foreign(info) => info.clone(),
            known => Stand {
                bits: known.der_bytes(),
                algorithm: known.algorithm(),
            }
            .subject_public_key_info(),
        }
    }

    fn der_bytes(&self) -> &[u8] {
        match self {
            Self::Native(pair) => pair.der_bytes(),
            Self::Ecdsa(pair, _) => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
            Self::Repeating(_, point) => point,
            Self::Foreign(info) => info,
        }
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self {
            Self::Native(pair) => pair.algorithm(),
            Self::Ecdsa(_, algorithm) => algorithm,
            Self::Ed25519(_) => &rcgen::PKCS_ED25519,
            Self::Repeating(..) | Self::Foreign(_) => &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl SigningKey for Material {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self {
            Self::Native(pair) => pair.sign(message),
            Self::Ecdsa(pair, _) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                Ok(signature.map_err(unspecified)?.as_ref().to_vec())
            }
            Self::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Repeating(key, _) => {
                let signature: Signature = key.sign(message);
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Self::Foreign(_) => Err(rcgen::Error::RemoteKeyError),
        }
    }
}

/// A public key in rcgen's terms.
struct Stand<'a> {
    bits: &'a [u8],
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for Stand<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A new key, and the same as PKCS#8, version 1.
pub(super) fn generate(kind: KeyKind) -> Result<(Material, Zeroizing<Vec<u8>>), rcgen::Error> {
    match kind {
        KeyKind::P256 => ecdsa(
            (&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8::P256),
            &rcgen::PKCS_ECDSA_P256_SHA256,
        ),
        KeyKind::P384 => ecdsa(
            (&ECDSA_P384_SHA384_ASN1_SIGNING, pkcs8::P384),
            &rcgen::PKCS_ECDSA_P384_SHA384,
        ),
        KeyKind::P521 => ecdsa(
            (&ECDSA_P521_SHA512_ASN1_SIGNING, pkcs8::P521),
            &rcgen::PKCS_ECDSA_P521_SHA512,
        ),
        KeyKind::Ed25519 => ed25519(),
        KeyKind::Rsa2048 => rsa(RsaKeySize::_2048),
        KeyKind::Rsa3072 => rsa(RsaKeySize::_3072),
        KeyKind::Rsa4096 => rsa(RsaKeySize::_4096),
    }
}

fn ecdsa(
    (signing, curve): (&'static EcdsaSigningAlgorithm, &[u64]),
    algorithm: &'static SignatureAlgorithm,
) -> Result<(Material, Zeroizing<Vec<u8>>), rcgen::Error> {
    let pair = EcdsaKeyPair::generate(signing).map_err(unspecified)?;
    let scalar = pair.private_key().as_be_bytes().map_err(unspecified)?;
    let pkcs8 = pkcs8::ec(curve, scalar.as_ref(), pair.public_key().as_ref());
    Ok((Material::Ecdsa(pair, algorithm), pkcs8))
}

fn ed25519() -> Result<(Material, Zeroizing<Vec<u8>>), rcgen::Error> {
    let pair = Ed25519KeyPair::generate().map_err(unspecified)?;
    let seed = pair.seed().map_err(unspecified)?;
    let seed = seed.as_be_bytes().map_err(unspecified)?;
    let pkcs8 = pkcs8::ed25519(seed.as_ref());
    Ok((Material::Ed25519(pair), pkcs8))
}

fn rsa(size: RsaKeySize) -> Result<(Material, Zeroizing<Vec<u8>>), rcgen::Error> {
    let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)?;
    let pkcs8 = Zeroizing::new(pair.serialize_der());
    Ok((Material::Native(pair), pkcs8))
}

/// What rcgen says when the cryptographic library does not say what is wrong.
fn unspecified(_: Unspecified) -> rcgen::Error {
    rcgen::Error::RingUnspecified
}

/// The key that was found, ready to sign if it can.
pub(super) fn load(found: &Found) -> Option<(Option<KeyKind>, Material)> {
    let algorithm = match found.algorithm {
        Algorithm::P256 => Some(&rcgen::PKCS_ECDSA_P256_SHA256),
        Algorithm::P384 => Some(&rcgen::PKCS_ECDSA_P384_SHA384),
        Algorithm::P521 => Some(&rcgen::PKCS_ECDSA_P521_SHA512),
        Algorithm::Ed25519 => Some(&rcgen::PKCS_ED25519),
        Algorithm::Rsa(_) => Some(&rcgen::PKCS_RSA_SHA256),
        Algorithm::OtherCurve => None,
    };
    let der = found.pkcs8.as_slice().into();
    let pair = algorithm.and_then(|a| KeyPair::from_pkcs8_der_and_sign_algo(&der, a).ok());
    if let Some(pair) = pair {
        return Some((found.algorithm.kind(), Material::Native(pair)));
    }
    // A key of a known kind that the library refuses is broken; the others are only not its own.
    let foreign = found.algorithm.kind().is_none();
    let public_key = found.public_key.clone().filter(|_| foreign)?;
    Some((None, Material::Foreign(public_key)))
}

pub(super) fn p256(scalar: &[u8]) -> Option<(Material, Zeroizing<Vec<u8>>)> {
    let key = P256::from_slice(scalar).ok()?;
    let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let pkcs8 = pkcs8::ec(pkcs8::P256, scalar, &point);
    Some((Material::Repeating(Box::new(key), point), pkcs8))
}

pub(super) fn p384(scalar: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let key = PrivateKey::from_private_key(&ECDH_P384, scalar).ok()?;
    let point = key.compute_public_key().ok()?;
    Some(pkcs8::ec(pkcs8::P384, scalar, point.as_ref()))
}

impl super::Key {
    /// An ECDSA signature over a digest of any kind; `None` unless the key is a P-256 one.
    pub(crate) fn sign_digest(&self, digest: &[u8]) -> Option<Vec<u8>> {
        let key = P256::from_slice(self.p256_scalar()?).ok()?;
        let signature: Signature = key.sign_prehash(digest).ok()?;
        Some(signature.to_der().as_bytes().to_vec())
    }

    /// The private scalar (RFC 5915, 3); `None` unless the key is a P-256 one.
    pub(super) fn p256_scalar(&self) -> Option<&[u8]> {
        if self.kind() != Some(KeyKind::P256) {
            return None;
        }
        let fields = Element::only(self.pkcs8_der())?.children()?;
        let inner = Element::only(fields.get(2)?.content)?.children()?;
        Some(inner.get(1)?.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    #[test]
    fn a_new_key_is_written_as_the_library_writes_it_and_read_back_as_the_same() {
        for kind in [
            KeyKind::P256,
            KeyKind::P384,
            KeyKind::P521,
            KeyKind::Ed25519,
            KeyKind::Rsa2048,
        ] {
            let (made, pkcs8) = generate(kind).unwrap();
            let theirs = match &made {
                Material::Ecdsa(pair, _) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
                Material::Ed25519(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
                _ => pkcs8.to_vec(),
            };
            assert_eq!(*pkcs8, theirs, "{kind:?}");
            let read = Key::from_form(pkcs8::Form::Pkcs8, &pkcs8).unwrap();
            assert_eq!(read.kind(), Some(kind));
            assert_eq!(read.pkcs8_der(), pkcs8.as_slice());
            assert_eq!(read.public_key_der(), made.subject_public_key_info());
            let repeats = made.sign(b"x").unwrap() == read.material().sign(b"x").unwrap();
            assert_eq!(repeats, made.is_deterministic(), "{kind:?}");
        }
    }
}
