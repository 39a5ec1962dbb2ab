//! Whose key signed these bytes? A certificate and a revocation list are signed alike.

use crate::der::{BIT_STRING, Element, SEQUENCE};
use crate::signature_kind::Algorithms;

/// SEQUENCE { what is signed, the algorithm, the signature } (RFC 5280, section 4.1.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    /// What is signed.
    pub(crate) message: Element<'a>,
    /// The identifier of the algorithm, without tag and length.
    pub(crate) algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut parts = Element::only(der, SEQUENCE)?.inside();
        let signed = Self {
            message: parts.expect(SEQUENCE)?,
            algorithm: parts.expect(SEQUENCE)?.content,
            signature: parts.expect(BIT_STRING)?.bits()?,
        };
        parts.is_empty().then_some(signed)
    }

    /// Whether it is signed by this key, a whole SubjectPublicKeyInfo, with one of these algorithms.
    pub(crate) fn is_by(&self, spki: &[u8], algorithms: &Algorithms) -> bool {
        let Some((kind, key)) = key(spki) else {
            return false;
        };
        let mut fitting = algorithms.iter().filter(|algorithm| {
            let signature = algorithm.signature_alg_id();
            signature.as_ref() == self.algorithm && algorithm.public_key_alg_id().as_ref() == kind
        });
        fitting.any(|algorithm| {
            let verified = algorithm.verify_signature(key, self.message.whole, self.signature);
            verified.is_ok()
        })
    }
}

/// The identifier of its algorithm, without tag and length, and the key itself.
fn key(spki: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = Element::only(spki, SEQUENCE)?.inside();
    let kind = parts.expect(SEQUENCE)?.content;
    let key = parts.expect(BIT_STRING)?.bits()?;
    parts.is_empty().then_some((kind, key))
}
