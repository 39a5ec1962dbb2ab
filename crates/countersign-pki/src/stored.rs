//! What is in a folder, for other programs? A [`Stored`]: an item's files, read and checked.

use std::fmt;
use std::io;
use std::path::Path;

use crate::error::StoreError;
use crate::facts::Facts;
use crate::files;
use crate::key::Key;
use crate::pem;
use crate::survey::{CERTIFICATE, KEY};

/// The certificate file of an item and its key, which belong together.
pub struct Stored {
    chain: Vec<Vec<u8>>,
    key: String,
}

impl Stored {
    pub(crate) fn read(name: &str, certificate: &Path, key: &Path) -> Result<Self, StoreError> {
        let read = |path: &Path, wanted| {
            let bytes =
                files::read(path).map_err(|source| unreadable(name, path, wanted, source))?;
            bytes.ok_or_else(|| absent(name, path, wanted))
        };
        let chain = pem::certificates(&read(certificate, CERTIFICATE)?).unwrap_or_default();
        let facts = chain.first().and_then(|der| Facts::read(der));
        let facts = facts.ok_or_else(|| garbage(name, certificate, CERTIFICATE))?;
        let text = String::from_utf8(read(key, KEY)?).unwrap_or_default();
        let pair = Key::from_pem(&text).map_err(|_| garbage(name, key, KEY))?;
        if pair.public_key_der() != facts.public_key {
            return Err(StoreError::KeyMismatch {
                item: name.to_owned(),
                certificate: certificate.to_owned(),
                key: key.to_owned(),
            });
        }
        Ok(Self { chain, key: text })
    }

    /// The certificates of the file: an authority's own, or a leaf first and then its intermediates.
    pub fn chain_pem(&self) -> String {
        pem::encode_chain(self.chain.iter().map(Vec::as_slice))
    }

    /// The first certificate.
    pub fn certificate_der(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// The private key, as the file has it.
    pub fn key_pem(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").finish_non_exhaustive()
    }
}

fn unreadable(item: &str, path: &Path, wanted: &'static str, source: io::Error) -> StoreError {
    StoreError::Read {
        item: item.to_owned(),
        path: path.to_owned(),
        wanted,
        source,
    }
}

fn absent(item: &str, path: &Path, wanted: &'static str) -> StoreError {
    StoreError::Absent {
        item: item.to_owned(),
        path: path.to_owned(),
        wanted,
    }
}

fn garbage(item: &str, path: &Path, wanted: &'static str) -> StoreError {
    StoreError::Garbage {
        item: item.to_owned(),
        path: path.to_owned(),
        wanted,
    }
}
