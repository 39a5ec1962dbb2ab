//! How does a certificate come to be signed? It is put together here and signed once. rcgen would parse
//! the issuer's certificate for its name each time, and knows few kinds of key.

use aws_lc_rs::digest::{SHA256, digest};

use crate::authority::Authority;
use crate::error::IssueError;
use crate::key::Key;
use crate::tbs::Tbs;

/// Signs it in the issuer's name or, without one, in that of the subject by the holder's own key, which
/// is not there if a signing request brought the public one.
pub(crate) fn sign(
    mut tbs: Tbs,
    issuer: Option<&Authority>,
    holder: Option<&Key>,
) -> Result<Vec<u8>, IssueError> {
    let signer = issuer.map(Authority::key).or(holder);
    let signer = signer.ok_or(IssueError::Unforgeable {
        reason: "there is no key to sign with",
    })?;
    let name = issuer.map_or(tbs.subject.as_slice(), Authority::subject);
    tbs.issuer = name.to_vec();
    tbs.algorithm = signer.material().signature_algorithm();
    tbs.sign(signer)
}

/// The key identifier for a public key, the same as rcgen's: twenty bytes of SHA-256 (RFC 7093, 2, 1).
pub(crate) fn key_id(public_key: &[u8]) -> Vec<u8> {
    let digest = digest(&SHA256, public_key);
    digest.as_ref().iter().take(20).copied().collect()
}

/// Sixteen random bytes: positive, and of the same length each time.
pub(crate) fn serial() -> Vec<u8> {
    let mut bytes: [u8; 16] = rand::random();
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    bytes.to_vec()
}
