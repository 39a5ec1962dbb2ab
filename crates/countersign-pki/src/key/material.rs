//! What signs? rcgen's keys over aws-lc-rs, or RustCrypto's P-256 where signatures must repeat.

use aws_lc_rs::agreement::{ECDH_P384, PrivateKey};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey as P256};
use rcgen::{KeyPair, PublicKeyData, RsaKeySize, SignatureAlgorithm, SigningKey};
use zeroize::Zeroizing;

use super::KeyKind;
use super::pkcs8::{self, Algorithm, Found};
use crate::der::Element;
use crate::error::IssueError;

pub(crate) enum Material {
    Native(KeyPair),
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
            Self::Repeating(..) => true,
            Self::Foreign(_) => false,
        }
    }
}

impl PublicKeyData for Material {
    fn subject_public_key_info(&self) -> Vec<u8> {
        match self {
            Self::Native(pair) => pair.subject_public_key_info(),
            Self::Repeating(_, point) => Stand {
                bits: point,
                algorithm: &rcgen::PKCS_ECDSA_P256_SHA256,
            }
            .subject_public_key_info(),
            Self::Foreign(info) => info.clone(),
        }
    }

    fn der_bytes(&self) -> &[u8] {
        match self {
            Self::Native(pair) => pair.der_bytes(),
            Self::Repeating(_, point) => point,
            Self::Foreign(info) => info,
        }
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self {
            Self::Native(pair) => pair.algorithm(),
            Self::Repeating(..) | Self::Foreign(_) => &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl SigningKey for Material {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self {
            Self::Native(pair) => pair.sign(message),
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

pub(super) fn generate(kind: KeyKind) -> Result<KeyPair, IssueError> {
    let rsa = |size| KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size);
    Ok(match kind {
        KeyKind::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?,
        KeyKind::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384)?,
        KeyKind::P521 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512)?,
        KeyKind::Ed25519 => KeyPair::generate_for(&rcgen::PKCS_ED25519)?,
        KeyKind::Rsa2048 => rsa(RsaKeySize::_2048)?,
        KeyKind::Rsa3072 => rsa(RsaKeySize::_3072)?,
        KeyKind::Rsa4096 => rsa(RsaKeySize::_4096)?,
    })
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
        if self.kind() != Some(KeyKind::P256) {
            return None;
        }
        let fields = Element::only(self.pkcs8_der())?.children()?;
        let inner = Element::only(fields.get(2)?.content)?.children()?;
        let key = P256::from_slice(inner.get(1)?.content).ok()?;
        let signature: Signature = key.sign_prehash(digest).ok()?;
        Some(signature.to_der().as_bytes().to_vec())
    }
}
