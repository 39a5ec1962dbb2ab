//! What exactly is signed? The parts of a certificate's TBSCertificate (RFC 5280, 4.1), as encoded.
//!
//! rcgen writes most certificates; this takes one apart where a part has to be other bytes than rcgen
//! would write, and signs it again.

use rcgen::SigningKey;

use crate::der::{self, Element};
use crate::error::IssueError;
use crate::key::Key;

/// Every part whole, with tag and length.
#[derive(Debug)]
pub(crate) struct Tbs {
    /// Absent in X.509 v1.
    pub(crate) version: Option<Vec<u8>>,
    pub(crate) serial: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) validity: Vec<u8>,
    pub(crate) subject: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    /// Each extension whole; `None` if the certificate has no room for any.
    pub(crate) extensions: Option<Vec<Vec<u8>>>,
}

impl Tbs {
    /// Takes a certificate apart; `None` if it is none.
    pub(crate) fn read(certificate: &[u8]) -> Option<Self> {
        let outer = Element::only(certificate)?.children()?;
        let fields = outer.first()?.children()?;
        let mut fields = fields.into_iter().peekable();
        let version = fields.next_if(|field| field.tag == der::constructed(0));
        let mut next = || fields.next().map(|field| field.whole.to_vec());
        Some(Self {
            version: version.map(|field| field.whole.to_vec()),
            serial: next()?,
            algorithm: next()?,
            issuer: next()?,
            validity: next()?,
            subject: next()?,
            public_key: next()?,
            extensions: match fields.find(|field| field.tag == der::constructed(3)) {
                Some(field) => Some(read_extensions(field)?),
                None => None,
            },
        })
    }

    /// Together again, not yet signed.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let list = self.extensions.as_ref().map(der::sequence);
        let extensions = list.map(|list| der::value(der::constructed(3), list));
        der::sequence([
            self.version.as_deref().unwrap_or_default(),
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.public_key,
            &extensions.unwrap_or_default(),
        ])
    }

    /// Signed by the key with the algorithm that it states already.
    pub(crate) fn sign(&self, key: &Key) -> Result<Vec<u8>, IssueError> {
        let tbs = self.to_der();
        let signature = key.material().sign(&tbs)?;
        Ok(self.seal(&tbs, &signature))
    }

    /// The certificate with those bytes for a signature.
    pub(crate) fn seal(&self, tbs: &[u8], signature: &[u8]) -> Vec<u8> {
        der::sequence([tbs, &self.algorithm, &der::bits(signature)])
    }
}

/// The bytes of a certificate's signature, and what it is a signature of.
pub(crate) fn signature(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let outer = Element::only(certificate)?.children()?;
    let bits = outer.get(2)?.content.get(1..)?;
    Some((outer.first()?.whole, bits))
}

fn read_extensions(field: Element<'_>) -> Option<Vec<Vec<u8>>> {
    let list = Element::only(field.content)?.children()?;
    Some(list.iter().map(|e| e.whole.to_vec()).collect())
}
