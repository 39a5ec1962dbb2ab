//! What if the certificate is wrong in a way that cannot be asked for? A [`Forgery`]: one that exists,
//! changed byte by byte, and signed again or deliberately not.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA224, digest};

use crate::der::{self, Element};
use crate::error::IssueError;
use crate::issued::Issued;
use crate::key::Key;
use crate::tbs::{Tbs, signature};

/// A digest that nobody should take a signature over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest {
    /// MD5 with RSA. The certificate only says so: nothing here makes such a signature, and its own is no
    /// good. Who refuses the algorithm refuses it before that is seen.
    Md5,
    /// ECDSA with SHA-1; the signature is good.
    Sha1,
    /// ECDSA with SHA-224; the signature is good.
    Sha224,
}

impl Digest {
    /// AlgorithmIdentifier (RFC 3279, 2.2.1 and 2.2.3; RFC 5758, 3.2).
    fn algorithm(self) -> Vec<u8> {
        match self {
            Self::Md5 => {
                let oid = der::oid(&[1, 2, 840, 113549, 1, 1, 4]);
                der::sequence([oid.as_slice(), &der::NULL])
            }
            Self::Sha1 => der::sequence([der::oid(&[1, 2, 840, 10045, 4, 1])]),
            Self::Sha224 => der::sequence([der::oid(&[1, 2, 840, 10045, 4, 3, 1])]),
        }
    }
}

/// A certificate being changed, begun by [`Issued::forge`] and ended by one of the four that answer an
/// [`Issued`].
///
/// ```
/// use countersign_pki::{Authority, Digest};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Test Root", now)?;
/// let client = root.client(now).common_name("x").issue()?;
///
/// let broken = client.forge()?.break_signature();
/// let version_1 = client.forge()?.version_1().sign(root.key())?;
/// let sha1 = client.forge()?.sign_over(Digest::Sha1, root.key())?;
/// assert_ne!(broken.certificate_der(), client.certificate_der());
/// # let _ = (version_1, sha1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a forgery is nothing until it is signed"]
pub struct Forgery {
    issued: Issued,
    tbs: Tbs,
    signature: Vec<u8>,
}

impl Forgery {
    pub(crate) fn of(issued: &Issued) -> Result<Self, IssueError> {
        let certificate = issued.certificate_der();
        let parts = Tbs::read(certificate).zip(signature(certificate));
        let (tbs, (_, signature)) = parts.ok_or(IssueError::Unreadable {
            reason: "it cannot be taken apart",
        })?;
        Ok(Self {
            signature: signature.to_vec(),
            tbs,
            issued: issued.clone(),
        })
    }

    /// Makes it X.509 v1: no version, and no extensions, so that it may do anything.
    pub fn version_1(mut self) -> Self {
        self.tbs.version = None;
        self.tbs.extensions = None;
        self
    }

    /// Replaces the SubjectPublicKeyInfo: by that of a key which nothing here can make.
    pub fn public_key(mut self, info: &[u8]) -> Self {
        self.tbs.public_key = info.to_vec();
        self
    }

    /// Repeats the extension with this object identifier, which no certificate may do (RFC 5280, 4.2).
    pub fn repeat_extension(mut self, oid: &[u64]) -> Self {
        let oid = der::oid(oid);
        let has_oid = |extension: &&Vec<u8>| {
            let fields = Element::only(extension).and_then(|e| e.children());
            fields.is_some_and(|fields| fields.first().is_some_and(|f| f.whole == oid))
        };
        if let Some(list) = &mut self.tbs.extensions {
            let found = list.iter().find(has_oid).cloned();
            list.extend(found);
        }
        self
    }

    /// Replaces the serial number by any bytes, which make a negative number if the first bit is set.
    pub fn raw_serial(mut self, bytes: &[u8]) -> Self {
        self.tbs.serial = der::value(der::INTEGER, bytes);
        self
    }

    /// Signs what it has become, with the algorithm that it states. The key is the issuer's, or another
    /// of the same kind.
    ///
    /// # Errors
    /// [`IssueError::Signing`].
    pub fn sign(self, key: &Key) -> Result<Issued, IssueError> {
        let certificate = self.tbs.sign(key)?;
        Ok(self.issued.with_leaf(certificate))
    }

    /// Signs what it has become with an algorithm that nobody should accept.
    ///
    /// # Errors
    /// [`IssueError::Unforgeable`] for SHA-1 and SHA-224 unless the key is a P-256 one.
    pub fn sign_over(mut self, kind: Digest, key: &Key) -> Result<Issued, IssueError> {
        self.tbs.algorithm = kind.algorithm();
        let tbs = self.tbs.to_der();
        let over = |algorithm| key.sign_digest(digest(algorithm, &tbs).as_ref());
        let signature = match kind {
            Digest::Md5 => Some(self.signature.clone()),
            Digest::Sha1 => over(&SHA1_FOR_LEGACY_USE_ONLY),
            Digest::Sha224 => over(&SHA224),
        };
        let signature = signature.ok_or(IssueError::Unforgeable {
            reason: "only a P-256 key signs over this digest here",
        })?;
        Ok(self.sealed(&tbs, &signature))
    }

    /// Keeps the old signature, which does not fit what has changed.
    pub fn keep_signature(self) -> Issued {
        let (tbs, signature) = (self.tbs.to_der(), self.signature.clone());
        self.sealed(&tbs, &signature)
    }

    /// Keeps the old signature with its last bit turned: well-formed, and wrong.
    pub fn break_signature(self) -> Issued {
        let mut signature = self.signature.clone();
        if let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
        let tbs = self.tbs.to_der();
        self.sealed(&tbs, &signature)
    }

    fn sealed(self, tbs: &[u8], signature: &[u8]) -> Issued {
        let certificate = self.tbs.seal(tbs, signature);
        self.issued.with_leaf(certificate)
    }
}
