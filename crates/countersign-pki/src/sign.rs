//! How does a certificate come to be signed? rcgen writes it down, and what is signed is that with the
//! names and the key to the byte.

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{CertificateParams, DistinguishedName, SerialNumber};
use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};

use crate::authority::Authority;
use crate::error::IssueError;
use crate::key::Key;
use crate::tbs::Tbs;
use crate::validity::Validity;

/// Whose certificate is to be signed.
pub(crate) struct Holder<'a> {
    /// SubjectPublicKeyInfo.
    pub(crate) public_key: &'a [u8],
    /// Not there if a signing request brought the public one.
    pub(crate) key: Option<&'a Key>,
    /// The subject to take over, as encoded.
    pub(crate) subject: Option<&'a [u8]>,
}

/// Signs the parameters for the holder, in the issuer's name or, without one, by the holder's own key.
pub(crate) fn sign(
    params: &CertificateParams,
    issuer: Option<&Authority>,
    holder: &Holder<'_>,
) -> Result<Vec<u8>, IssueError> {
    let signer = issuer.map(Authority::key).or(holder.key);
    let signer = signer.ok_or(IssueError::Unforgeable {
        reason: "there is no key to sign with",
    })?;
    let draft = params.self_signed(&Nobody(signer.material().algorithm()))?;
    let mut tbs = Tbs::read(draft.der()).ok_or(IssueError::Unreadable {
        reason: "it cannot be taken apart",
    })?;
    if let Some(subject) = holder.subject {
        tbs.subject = subject.to_vec();
    }
    tbs.issuer = issuer
        .map_or(tbs.subject.as_slice(), Authority::subject)
        .to_vec();
    tbs.public_key = holder.public_key.to_vec();
    tbs.sign(signer)
}

/// Stands in for a draft's key. rcgen would parse the issuer's certificate for its name each time, and
/// knows few kinds of key: it would write P-384 for a P-256 one that signs with SHA-384. So both are
/// written in afterwards, and only what comes of that is signed.
struct Nobody(&'static SignatureAlgorithm);

impl PublicKeyData for Nobody {
    fn der_bytes(&self) -> &[u8] {
        &[]
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0
    }
}

impl SigningKey for Nobody {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

/// The key identifier that rcgen gives to a public key: twenty bytes of SHA-256 (RFC 7093, 2, 1).
pub(crate) fn key_id(public_key: &[u8]) -> Vec<u8> {
    let digest = digest(&SHA256, public_key);
    digest.as_ref().iter().take(20).copied().collect()
}

/// Parameters with nothing left to rcgen's defaults, which are a common name of rcgen's, a validity
/// from 1975 to 4096, and a serial number that is a hash of the key, so that two certificates for one
/// key could not be revoked apart.
pub(crate) fn blank(validity: Validity) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = validity.to_dates()?;
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(serial());
    Ok(params)
}

/// Sixteen random bytes: positive, and of the same length each time.
fn serial() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::random();
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}
