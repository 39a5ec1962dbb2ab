//! What came of a request: [`Issued`], a leaf certificate, its chain and its key.

use std::fmt;

use jiff::Timestamp;
use rcgen::KeyPair;

use crate::pem;

/// A certificate, the intermediates above it, and its private key, in memory.
pub struct Issued {
    leaf: Vec<u8>,
    above: Vec<Vec<u8>>,
    not_after: Timestamp,
    key: KeyPair,
}

impl Issued {
    pub(crate) fn new(
        leaf: Vec<u8>,
        above: Vec<Vec<u8>>,
        not_after: Timestamp,
        key: KeyPair,
    ) -> Self {
        Self {
            leaf,
            above,
            not_after,
            key,
        }
    }

    /// What goes into a `certificate` file: the leaf first, then the intermediates, never the root.
    pub fn chain_pem(&self) -> String {
        pem::encode_chain(self.chain())
    }

    /// The chain as bytes, the leaf first.
    pub fn chain_der(&self) -> Vec<Vec<u8>> {
        self.chain().map(<[u8]>::to_vec).collect()
    }

    /// The leaf alone, as a server that forgot its intermediates would send it.
    pub fn leaf_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.leaf)
    }

    /// The leaf alone.
    pub fn certificate_der(&self) -> &[u8] {
        &self.leaf
    }

    /// The private key, PKCS#8.
    pub fn key_pem(&self) -> String {
        pem::encode("PRIVATE KEY", self.key.serialized_der())
    }

    /// The last moment at which the leaf is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    fn chain(&self) -> impl Iterator<Item = &[u8]> {
        [&self.leaf]
            .into_iter()
            .chain(&self.above)
            .map(Vec::as_slice)
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}
