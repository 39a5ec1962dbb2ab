use std::collections::BTreeMap;

use thiserror::Error;

use super::document;
use super::jwk::{Jwk, KeyId};

/// The public keys of an authorization server, by their ids (RFC 7517, section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: BTreeMap<KeyId, Jwk>,
}

impl KeySet {
    /// A set of these keys; of two with one id the last.
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Self {
        let keys = keys.into_iter().map(|key| (key.id().clone(), key));
        Self {
            keys: keys.collect(),
        }
    }

    /// Reads a JWK set. Keys that are for something else, or of a kind that signs no tokens here, are left out.
    ///
    /// # Errors
    ///
    /// It is not JSON of that form, is longer than 64 KiB, holds a private or symmetric key, has two keys of one id,
    /// more than 64, or none of use.
    pub fn from_json(document: &[u8]) -> Result<Self, KeySetError> {
        if document.len() > LONGEST {
            return Err(KeySetError::Long);
        }
        let mut keys = BTreeMap::new();
        for key in document::read_key_set(document)? {
            if let Some(twice) = keys.insert(key.id().clone(), key) {
                let id = twice.id().clone();
                return Err(KeySetError::Twice { id });
            }
        }
        match keys.len() {
            0 => Err(KeySetError::Empty),
            count if count > MOST => Err(KeySetError::Many),
            _ => Ok(Self { keys }),
        }
    }

    /// The set as JSON: public members alone (RFC 7517).
    pub fn to_json(&self) -> String {
        document::write_key_set(self.keys.values())
    }

    /// The key of this id.
    pub fn key(&self, id: &KeyId) -> Option<&Jwk> {
        self.keys.get(id)
    }

    /// The keys, in the order of their ids.
    pub fn keys(&self) -> impl Iterator<Item = &Jwk> {
        self.keys.values()
    }
}

/// In bytes.
pub(crate) const LONGEST: usize = 64 * 1024;
const MOST: usize = 64;

/// Why a document is no set of keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// It is not JSON of the form.
    #[error("the key set is malformed: {reason}")]
    Malformed {
        /// Where and what, in the words of the parser.
        reason: String,
    },
    /// It has the secret half of a key: whoever publishes that has lost it.
    #[error("the key set has a key with the secret member `{member}`")]
    Secret {
        /// The member.
        member: &'static str,
    },
    /// Two keys have one id.
    #[error("the key set has two keys with the id `{id}`")]
    Twice {
        /// The id.
        id: KeyId,
    },
    /// None of the keys verifies tokens.
    #[error("the key set has no key that verifies access tokens")]
    Empty,
    /// It has more keys than anybody needs.
    #[error("the key set has more than 64 keys")]
    Many,
    /// It is longer than anybody needs.
    #[error("the key set is longer than 64 KiB")]
    Long,
}
