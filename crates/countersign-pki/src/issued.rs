//! What came of a request: [`Issued`], a leaf certificate, its chain and its key.

use std::fmt;

use jiff::Timestamp;

use crate::authority::Authority;
use crate::der::Element;
use crate::error::IssueError;
use crate::forge::Forgery;
use crate::key::Key;
use crate::pem;
use crate::tbs::Tbs;

/// A certificate and the intermediates above it, in memory. The key is somebody else's: that of a
/// [`Csr`](crate::Csr).
#[derive(Clone)]
pub struct Certified {
    leaf: Vec<u8>,
    above: Vec<Vec<u8>>,
    not_after: Timestamp,
}

impl Certified {
    pub(crate) fn new(leaf: Vec<u8>, above: Vec<Vec<u8>>, not_after: Timestamp) -> Self {
        Self {
            leaf,
            above,
            not_after,
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

    /// The last moment at which the leaf is valid.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The serial number as encoded, by which a [`Crl`](crate::Crl) revokes it.
    pub fn serial(&self) -> Vec<u8> {
        serial(&self.leaf)
    }

    fn chain(&self) -> impl Iterator<Item = &[u8]> {
        [&self.leaf]
            .into_iter()
            .chain(&self.above)
            .map(Vec::as_slice)
    }
}

/// The bytes of a certificate's serial number; none if it is no certificate.
pub(crate) fn serial(certificate: &[u8]) -> Vec<u8> {
    let tbs = Tbs::read(certificate);
    let serial = tbs.as_ref().and_then(|tbs| Element::only(&tbs.serial));
    serial.map(|s| s.content.to_vec()).unwrap_or_default()
}

/// A certificate, the intermediates above it, and its private key, in memory.
#[derive(Clone)]
pub struct Issued {
    certified: Certified,
    key: Key,
}

impl Issued {
    pub(crate) fn new(certified: Certified, key: Key) -> Self {
        Self { certified, key }
    }

    /// What goes into a `certificate` file: the leaf first, then the intermediates, never the root.
    pub fn chain_pem(&self) -> String {
        self.certified.chain_pem()
    }

    /// The chain as bytes, the leaf first.
    pub fn chain_der(&self) -> Vec<Vec<u8>> {
        self.certified.chain_der()
    }

    /// The leaf alone, as a server that forgot its intermediates would send it.
    pub fn leaf_pem(&self) -> String {
        self.certified.leaf_pem()
    }

    /// The leaf alone.
    pub fn certificate_der(&self) -> &[u8] {
        self.certified.certificate_der()
    }

    /// The private key, PKCS#8.
    pub fn key_pem(&self) -> String {
        self.key.pem().to_string()
    }

    /// The private key, to be certified once more or written in another form.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The last moment at which the leaf is valid.
    pub fn not_after(&self) -> Timestamp {
        self.certified.not_after
    }

    /// The serial number as encoded, by which a [`Crl`](crate::Crl) revokes it.
    pub fn serial(&self) -> Vec<u8> {
        self.certified.serial()
    }

    /// The same leaf, sent with these certificates after it instead: in another order, with the root,
    /// or with none.
    #[must_use]
    pub fn sent_with<C: Into<Vec<u8>>>(mut self, above: impl IntoIterator<Item = C>) -> Self {
        self.certified.above = above.into_iter().map(Into::into).collect();
        self
    }

    /// The same certificates beside another key, which does not fit.
    #[must_use]
    pub fn with_key(mut self, key: Key) -> Self {
        self.key = key;
        self
    }

    /// The holder as an authority: what it issues is signed by a certificate that is no CA's.
    ///
    /// # Errors
    /// [`IssueError::Unreadable`].
    pub fn as_authority(&self) -> Result<Authority, IssueError> {
        Authority::from_chain(&self.chain_der(), self.key.clone())
    }

    /// Begins to change what cannot be asked for in a [`Request`](crate::Request).
    ///
    /// # Errors
    /// [`IssueError::Unreadable`].
    pub fn forge(&self) -> Result<Forgery, IssueError> {
        Forgery::of(self)
    }

    pub(crate) fn with_leaf(mut self, leaf: Vec<u8>) -> Self {
        self.certified.leaf = leaf;
        self
    }

    pub(crate) fn into_parts(self) -> (Vec<u8>, Key) {
        (self.certified.leaf, self.key)
    }
}

impl fmt::Debug for Certified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certified")
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("not_after", &self.not_after())
            .finish_non_exhaustive()
    }
}
