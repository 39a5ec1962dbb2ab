//! What is there already? The files of an item, judged from their bytes before anything is written.
//!
//! A [`Pair`] is proof: the key and the certificate belong together, the issuer in place signed it, and
//! an authority's certificate is a CA's. Dates are not judged here: what has expired is kept.

use std::path::PathBuf;

use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData};

use crate::error::StoreError;
use crate::facts::{Facts, is_signed_by};
use crate::pem;
use crate::plan::Item;

/// What the key file holds, in error messages.
pub(crate) const KEY: &str = "private key";
/// What the certificate file holds, in error messages.
pub(crate) const CERTIFICATE: &str = "certificate";

/// Where the files of an item are, or will be.
pub(crate) struct Place<'a> {
    pub(crate) item: &'a Item,
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
}

/// What was found in that place.
pub(crate) enum Found {
    Nothing,
    /// A run was killed between the two files, or somebody wants the key certified anew.
    Key(KeyPair),
    Pair(Box<Pair>),
}

/// A key and a certificate that provably belong together and to their issuer.
pub(crate) struct Pair {
    pub(crate) key: KeyPair,
    pub(crate) certificate: Vec<u8>,
    pub(crate) facts: Facts,
    /// When the first certificate of the file ends: a leaf is useless once its intermediate is.
    chain_ends: Timestamp,
}

impl Found {
    /// Judges the bytes of the two files; `issuer` is what was found of the item's issuer.
    pub(crate) fn judge(
        place: &Place<'_>,
        key: Option<Vec<u8>>,
        certificate: Option<Vec<u8>>,
        issuer: Option<&Self>,
    ) -> Result<Self, StoreError> {
        match (key, certificate) {
            (None, None) => Ok(Self::Nothing),
            (Some(key), None) => place.read_key(key).map(Self::Key),
            (None, Some(_)) => Err(place.key_missing()),
            (Some(key), Some(certificate)) => {
                let pair = place.read_pair(key, &certificate)?;
                place.check_issuer(&pair, issuer)?;
                place.check_authority(&pair)?;
                Ok(Self::Pair(Box::new(pair)))
            }
        }
    }

    fn key(&self) -> Option<&KeyPair> {
        match self {
            Self::Nothing => None,
            Self::Key(key) => Some(key),
            Self::Pair(pair) => Some(&pair.key),
        }
    }
}

impl Pair {
    /// Whether the certificate, or one that is sent with it, has ended.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.chain_ends < now
    }

    /// Whether the signature and the name are those of the issuer that was found. An issuer that has
    /// lost its certificate is known by its key alone.
    fn is_issued_by(&self, issuer: &Found) -> bool {
        let same_name = match issuer {
            Found::Pair(issuer) => issuer.facts.subject == self.facts.issuer,
            Found::Key(_) | Found::Nothing => true,
        };
        let key = issuer.key().map(PublicKeyData::subject_public_key_info);
        same_name && key.is_some_and(|key| is_signed_by(&self.certificate, &key))
    }

    fn is_self_signed(&self) -> bool {
        self.facts.subject == self.facts.issuer
            && is_signed_by(&self.certificate, &self.facts.public_key)
    }
}

impl Place<'_> {
    /// Reads a key in any form that can sign: PKCS#8, SEC 1 or PKCS#1.
    pub(crate) fn read_key(&self, bytes: Vec<u8>) -> Result<KeyPair, StoreError> {
        let text = String::from_utf8(bytes).ok();
        text.and_then(|text| KeyPair::from_pem(&text).ok())
            .ok_or_else(|| self.garbage(self.key.clone(), KEY))
    }

    fn read_pair(&self, key: Vec<u8>, certificate: &[u8]) -> Result<Pair, StoreError> {
        let key = self.read_key(key)?;
        let (certificate, facts, chain_ends) = read_chain(certificate)
            .ok_or_else(|| self.garbage(self.certificate.clone(), CERTIFICATE))?;
        if facts.public_key != key.subject_public_key_info() {
            return Err(StoreError::KeyMismatch {
                item: self.item.name.clone(),
                certificate: self.certificate.clone(),
                key: self.key.clone(),
            });
        }
        Ok(Pair {
            key,
            certificate,
            facts,
            chain_ends,
        })
    }

    fn check_issuer(&self, pair: &Pair, issuer: Option<&Found>) -> Result<(), StoreError> {
        match (issuer, &self.item.issuer) {
            (Some(found), _) if pair.is_issued_by(found) => Ok(()),
            (None, None) if pair.is_self_signed() => Ok(()),
            (_, None) => Err(self.not_an_authority("is not self-signed, as a root is")),
            (_, Some(issuer)) => Err(StoreError::IssuerMismatch {
                item: self.item.name.clone(),
                certificate: self.certificate.clone(),
                issuer: issuer.clone(),
            }),
        }
    }

    fn check_authority(&self, pair: &Pair) -> Result<(), StoreError> {
        match self.item.is_authority() {
            true if !pair.facts.is_ca => Err(self.not_an_authority("is not that of a CA")),
            true if !pair.facts.signs_certificates => {
                Err(self.not_an_authority("may not sign certificates: no keyCertSign"))
            }
            _ => Ok(()),
        }
    }

    fn not_an_authority(&self, reason: &'static str) -> StoreError {
        let (item, certificate) = (self.item.name.clone(), self.certificate.clone());
        StoreError::NotAnAuthority {
            item,
            certificate,
            reason,
        }
    }

    fn garbage(&self, path: PathBuf, wanted: &'static str) -> StoreError {
        StoreError::Garbage {
            item: self.item.name.clone(),
            path,
            wanted,
        }
    }

    fn key_missing(&self) -> StoreError {
        StoreError::KeyMissing {
            item: self.item.name.clone(),
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        }
    }
}

/// The first certificate of a file, what it says, and when the first of them all ends.
fn read_chain(text: &[u8]) -> Option<(Vec<u8>, Facts, Timestamp)> {
    let chain = pem::certificates(text)?;
    let facts: Vec<Facts> = chain
        .iter()
        .map(|der| Facts::read(der))
        .collect::<Option<_>>()?;
    let ends = facts.iter().map(|facts| facts.validity.until).min()?;
    Some((chain.into_iter().next()?, facts.into_iter().next()?, ends))
}
