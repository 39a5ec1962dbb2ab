use std::fmt;

use crate::Oid;

/// By which algorithm the issuer signed.
///
/// Printed by its name, or as its object identifier where we know none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SignatureAlgorithm(Oid);

impl SignatureAlgorithm {
    pub(crate) fn new(oid: Oid) -> Self {
        Self(oid)
    }

    /// The object identifier.
    pub fn oid(&self) -> &Oid {
        &self.0
    }

    /// As the standards spell it; none, if it is not one that we know.
    pub fn name(&self) -> Option<&'static str> {
        let known = KNOWN.iter().find(|(oid, ..)| *oid == self.0.as_bytes());
        known.map(|(_, name, _)| *name)
    }

    /// Whether it rests on MD5 or SHA-1, for which collisions can be made.
    pub fn is_broken(&self) -> bool {
        KNOWN
            .iter()
            .any(|(oid, _, is_broken)| *oid == self.0.as_bytes() && *is_broken)
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => self.0.fmt(f),
        }
    }
}

/// RFC 8017, appendix C; RFC 5758, section 3.2; RFC 8410, section 3. The last says whether the hash
/// is broken.
const KNOWN: &[(&[u8], &str, bool)] = &[
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        "ecdsa-with-SHA256",
        false,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
        "ecdsa-with-SHA384",
        false,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
        "ecdsa-with-SHA512",
        false,
    ),
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
        "ecdsa-with-SHA1",
        true,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4],
        "md5WithRSAEncryption",
        true,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
        "sha1WithRSAEncryption",
        true,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10],
        "rsassaPss",
        false,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11],
        "sha256WithRSAEncryption",
        false,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12],
        "sha384WithRSAEncryption",
        false,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13],
        "sha512WithRSAEncryption",
        false,
    ),
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14],
        "sha224WithRSAEncryption",
        false,
    ),
    (&[0x2b, 0x65, 0x70], "Ed25519", false),
    (&[0x2b, 0x65, 0x71], "Ed448", false),
];
