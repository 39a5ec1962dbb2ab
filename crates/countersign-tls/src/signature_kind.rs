use std::fmt;
use std::str::FromStr;

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};

use crate::UnknownKind;

/// By what kind of algorithm a certificate of a chain is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureKind {
    /// ECDSA, whatever the curve and the hash.
    Ecdsa,
    /// Ed25519.
    Ed25519,
    /// ML-DSA.
    MlDsa,
    /// RSA with the padding of PKCS#1 version 1.5.
    RsaPkcs1,
    /// RSA with PSS.
    RsaPss,
}

/// What verifies signatures.
pub(crate) type Algorithms = Vec<&'static dyn SignatureVerificationAlgorithm>;

impl SignatureKind {
    /// Every kind, in the order of their words.
    pub const ALL: [Self; 5] = [
        Self::Ecdsa,
        Self::Ed25519,
        Self::MlDsa,
        Self::RsaPkcs1,
        Self::RsaPss,
    ];

    /// The word for it: `ecdsa`, `rsa-pss`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ecdsa => "ecdsa",
            Self::Ed25519 => "ed25519",
            Self::MlDsa => "ml-dsa",
            Self::RsaPkcs1 => "rsa-pkcs1",
            Self::RsaPss => "rsa-pss",
        }
    }

    /// Those algorithms of a provider that are of one of these kinds.
    pub(crate) fn only(kinds: &[Self], all: &WebPkiSupportedAlgorithms) -> Algorithms {
        let listed =
            |id: AlgorithmIdentifier| Self::of(&id).is_some_and(|kind| kinds.contains(&kind));
        let all = all.all.iter().copied();
        all.filter(|algorithm| listed(algorithm.signature_alg_id()))
            .collect()
    }

    fn of(id: &AlgorithmIdentifier) -> Option<Self> {
        let pkcs1 = [
            alg_id::RSA_PKCS1_SHA256,
            alg_id::RSA_PKCS1_SHA384,
            alg_id::RSA_PKCS1_SHA512,
        ];
        let pss = [
            alg_id::RSA_PSS_SHA256,
            alg_id::RSA_PSS_SHA384,
            alg_id::RSA_PSS_SHA512,
        ];
        let ecdsa = [
            alg_id::ECDSA_SHA256,
            alg_id::ECDSA_SHA384,
            alg_id::ECDSA_SHA512,
        ];
        let begins = |known: &AlgorithmIdentifier| known.starts_with(id) || id.starts_with(known);
        if ecdsa.contains(id) {
            Some(Self::Ecdsa)
        } else if *id == alg_id::ED25519 {
            Some(Self::Ed25519)
        } else if [alg_id::ML_DSA_44, alg_id::ML_DSA_65, alg_id::ML_DSA_87].contains(id) {
            Some(Self::MlDsa)
        } else if pss.contains(id) {
            Some(Self::RsaPss)
        } else if pkcs1.iter().any(begins) {
            // With the NULL that belongs after it, or without.
            Some(Self::RsaPkcs1)
        } else {
            None
        }
    }
}

impl fmt::Display for SignatureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SignatureKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| UnknownKind {
            word: word.to_owned(),
            wanted: "`ecdsa`, `ed25519`, `ml-dsa`, `rsa-pkcs1`, `rsa-pss`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_of_the_provider_is_of_a_kind() {
        let all = crate::provider().signature_verification_algorithms;
        for algorithm in all.all {
            assert!(
                SignatureKind::of(&algorithm.signature_alg_id()).is_some(),
                "{algorithm:?}"
            );
        }
        assert_eq!(
            SignatureKind::only(&SignatureKind::ALL, &all).len(),
            all.all.len()
        );
        assert_eq!(
            SignatureKind::only(&[SignatureKind::Ed25519], &all).len(),
            1
        );
    }
}
