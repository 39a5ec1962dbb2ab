//! What is there already? The files of an item, judged from their bytes before anything is written.
//!
//! A [`Pair`] is proof: the key and the certificate belong together, and an authority's certificate is a
//! CA's. Whether it is what the plan asks for is judged in `decide.rs`.

use std::path::PathBuf;

use crate::error::StoreError;
use crate::facts::{Facts, is_signed_by};
use crate::key::Key;
use crate::moment::Moment;
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
    Key(Key),
    Pair(Box<Pair>),
}

/// A key and a certificate that provably belong together.
pub(crate) struct Pair {
    pub(crate) key: Key,
    pub(crate) certificate: Vec<u8>,
    pub(crate) facts: Facts,
    /// The certificates that follow in the file.
    pub(crate) above: Vec<Vec<u8>>,
    /// The certificates that lead from a root to older ones.
    pub(crate) crossed: Vec<Vec<u8>>,
}

impl Found {
    /// Judges the bytes of the two files.
    pub(crate) fn judge(
        place: &Place<'_>,
        key: Option<Vec<u8>>,
        certificate: Option<Vec<u8>>,
    ) -> Result<Self, StoreError> {
        match (key, certificate) {
            (None, None) => Ok(Self::Nothing),
            (Some(key), None) => place.read_key(key).map(Self::Key),
            (None, Some(_)) => Err(place.key_missing()),
            (Some(key), Some(certificate)) => {
                let pair = place.read_pair(key, &certificate)?;
                Ok(Self::Pair(Box::new(pair)))
            }
        }
    }

    /// The same, with the key as the seed of a plan has it.
    pub(crate) fn known(self, moment: &Moment) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Key(key) => Self::Key(moment.known(key)),
            Self::Pair(mut pair) => {
                pair.key = moment.known(pair.key);
                Self::Pair(pair)
            }
        }
    }

    pub(crate) fn pair(&self) -> Option<&Pair> {
        match self {
            Self::Nothing | Self::Key(_) => None,
            Self::Pair(pair) => Some(pair),
        }
    }
}

impl Pair {
    /// Whether the key of that issuer signed the certificate.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> bool {
        is_signed_by(&self.certificate, &issuer.facts.public_key)
    }

    pub(crate) fn is_self_signed(&self) -> bool {
        self.facts.subject == self.facts.issuer && self.is_signed_by(self)
    }
}

impl Place<'_> {
    /// Reads a key in any form that can sign: PKCS#8, SEC 1 or PKCS#1.
    pub(crate) fn read_key(&self, bytes: Vec<u8>) -> Result<Key, StoreError> {
        let text = String::from_utf8(bytes).ok();
        text.and_then(|text| Key::from_pem(&text).ok())
            .ok_or_else(|| self.garbage(self.key.clone(), KEY))
    }

    pub(crate) fn read_pair(&self, key: Vec<u8>, certificate: &[u8]) -> Result<Pair, StoreError> {
        let key = self.read_key(key)?;
        let (certificate, facts, above) = read_chain(certificate)
            .ok_or_else(|| self.garbage(self.certificate.clone(), CERTIFICATE))?;
        if facts.public_key != key.public_key_der() {
            return Err(StoreError::KeyMismatch {
                item: self.item.name.clone(),
                certificate: self.certificate.clone(),
                key: self.key.clone(),
            });
        }
        let pair = Pair {
            key,
            certificate,
            facts,
            above,
            crossed: Vec::new(),
        };
        self.check_authority(&pair)?;
        Ok(pair)
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

/// The first certificate of a file, what it says, and the certificates after it.
fn read_chain(text: &[u8]) -> Option<(Vec<u8>, Facts, Vec<Vec<u8>>)> {
    let mut chain = pem::certificates(text)?.into_iter();
    let first = chain.next()?;
    let facts = Facts::read(&first)?;
    Some((first, facts, chain.collect()))
}
