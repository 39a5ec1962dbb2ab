//! How does the same come out twice? A [`Seed`]: keys and serial numbers from a secret and a name.
//!
//! For test data that is to be byte for byte the same everywhere, and for nothing else: whoever knows the
//! seed has every key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

use crate::error::IssueError;
use crate::key::{Key, KeyKind};

/// From which keys and serial numbers are derived, with HKDF-SHA-256 (RFC 5869). Copies share it.
///
/// What comes from a seed and a clock is byte for byte the same in every process, if each issuer's key is
/// a P-256 one from a seed, which signs as RFC 6979 says, or an Ed25519 one.
///
/// ```
/// use countersign_pki::{Authority, Seed};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let make = || {
///     let seed = Seed::new("a test of mine");
///     let root = Authority::root_request("Test Root", now).seeded(&seed, "root").issue_authority()?;
///     root.client(now).common_name("billing").seeded(&seed, "billing").issue()
/// };
/// assert_eq!(make()?.certificate_der(), make()?.certificate_der());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Seed(Arc<Zeroizing<Vec<u8>>>);

impl Seed {
    /// A seed of these bytes. Short ones are for tests.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes.as_ref().to_vec())))
    }

    /// The key of that kind for a name.
    ///
    /// # Errors
    /// [`IssueError::NotSeedable`] for P-521 and RSA.
    pub fn key(&self, name: &str, kind: KeyKind) -> Result<Key, IssueError> {
        type Make = fn(&[u8]) -> Option<Key>;
        let (label, length, make): (_, _, Make) = match kind {
            KeyKind::P256 => ("p256", 32, Key::p256_of),
            KeyKind::P384 => ("p384", 48, Key::p384_of),
            KeyKind::Ed25519 => ("ed25519", 32, Key::ed25519_of),
            kind => return Err(IssueError::NotSeedable { kind }),
        };
        // One in four thousand million P-256 candidates is not below the group's order; the next is taken.
        for attempt in 0..16 {
            let candidate = self.derive(&["key", label, name], attempt, length)?;
            if let Some(key) = make(&candidate) {
                return Ok(key);
            }
        }
        Err(IssueError::Signing {
            reason: "sixteen candidates from the seed are no key".to_owned(),
        })
    }

    /// The serial number for a name: sixteen bytes, positive.
    ///
    /// # Errors
    /// [`IssueError::Signing`] if the cryptographic library refuses.
    pub fn serial(&self, name: &str) -> Result<Vec<u8>, IssueError> {
        let mut bytes = self.derive(&["serial", name], 0, 16)?.to_vec();
        if let Some(first) = bytes.first_mut() {
            *first = (*first & 0x7f) | 0x40;
        }
        Ok(bytes)
    }

    fn derive(
        &self,
        words: &[&str],
        attempt: u8,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, IssueError> {
        let prk = Salt::new(HKDF_SHA256, b"countersign-pki seed 1").extract(&self.0);
        // Each word with its length, so that no two lists of words run together to the same bytes.
        let mut info = vec![attempt];
        for word in words {
            info.extend((word.len() as u64).to_be_bytes());
            info.extend(word.bytes());
        }
        let mut out = Zeroizing::new(vec![0; length]);
        prk.expand(&[&info], Length(length))
            .and_then(|okm| okm.fill(&mut out))
            .map_err(|_| IssueError::Signing {
                reason: "HKDF failed".to_owned(),
            })?;
        Ok(out)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// How many bytes are wanted.
#[derive(Clone, Copy)]
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
