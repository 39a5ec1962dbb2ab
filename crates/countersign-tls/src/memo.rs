//! Was this very signature verified before?

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm as Algorithm,
};
use sha2::{Digest as _, Sha256};

use crate::signature_kind::Algorithms;

/// An algorithm that need not verify again what it has verified: the certificate of an intermediate, which stands in
/// the chains of all its clients.
///
/// A signature over the same bytes by the same key is as good today as it was yesterday; whether the
/// certificate still counts is asked elsewhere, each time.
#[derive(Debug)]
pub(crate) struct Memo {
    algorithm: &'static dyn Algorithm,
    proven: Arc<Proven>,
}

impl Memo {
    /// One for each of `algorithms`; they remember together.
    pub(crate) fn all(algorithms: &Algorithms) -> Vec<Self> {
        let proven = Arc::new(Proven::new());
        let algorithms = algorithms.iter();
        algorithms
            .map(|algorithm| Self {
                algorithm: *algorithm,
                proven: Arc::clone(&proven),
            })
            .collect()
    }
}

impl Algorithm for Memo {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let (kind, of) = (self.signature_alg_id(), self.public_key_alg_id());
        let all = digest([kind.as_ref(), of.as_ref(), key, message, signature]);
        if self.proven.holds(&all) {
            return Ok(());
        }
        self.algorithm.verify_signature(key, message, signature)?;
        self.proven.note(all);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.algorithm.fips()
    }
}

type Digest = [u8; 32];

/// Each part after its length, so that no two take each other's bytes.
fn digest(parts: [&[u8]; 5]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Signatures that were verified, and are good: never one that is not.
struct Proven {
    places: Vec<Mutex<Place>>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    proven: Option<Digest>,
    /// Verified once. That of a client's own certificate comes no further, and so drives out nothing.
    once: Option<Digest>,
}

impl Proven {
    fn new() -> Self {
        let places = std::iter::repeat_with(Mutex::default);
        Self {
            places: places.take(PLACES).collect(),
        }
    }

    fn holds(&self, digest: &Digest) -> bool {
        let holds = |place: &mut Place| place.proven.as_ref() == Some(digest);
        self.at(digest, holds).unwrap_or_default()
    }

    fn note(&self, digest: Digest) {
        self.at(&digest, |place| {
            if place.once.replace(digest) == Some(digest) {
                place.proven = Some(digest);
            }
        });
    }

    fn at<T>(&self, digest: &Digest, work: impl FnOnce(&mut Place) -> T) -> Option<T> {
        let [first, ..] = *digest;
        let place = self.places.get(usize::from(first))?;
        // Nothing in here can be left half-done by a panic.
        Some(work(
            &mut place.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl fmt::Debug for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proven").finish_non_exhaustive()
    }
}

const PLACES: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustls::pki_types::alg_id;

    use super::*;

    /// Takes a signature that is the message, and counts how often it is asked.
    #[derive(Debug)]
    struct Echo(AtomicUsize);

    impl Algorithm for Echo {
        fn verify_signature(
            &self,
            _: &[u8],
            message: &[u8],
            signature: &[u8],
        ) -> Result<(), InvalidSignature> {
            self.0.fetch_add(1, Ordering::Relaxed);
            (message == signature).then_some(()).ok_or(InvalidSignature)
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            alg_id::ED25519
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            alg_id::ED25519
        }
    }

    /// A memo, and how often its algorithm is asked.
    fn memo() -> (Memo, &'static AtomicUsize) {
        let echo: &'static Echo = Box::leak(Box::new(Echo(AtomicUsize::new(0))));
        let algorithms: Algorithms = vec![echo];
        (Memo::all(&algorithms).remove(0), &echo.0)
    }

    #[test]
    fn what_was_verified_twice_is_not_verified_again() {
        let (memo, asked) = memo();
        for times in [1, 2, 2, 2] {
            memo.verify_signature(b"key", b"m", b"m").unwrap();
            assert_eq!(asked.load(Ordering::Relaxed), times);
        }
    }

    #[test]
    fn what_is_bad_is_bad_each_time_and_so_is_what_resembles_something_good() {
        let (memo, asked) = memo();
        for _ in 0..3 {
            memo.verify_signature(b"key", b"ab", b"ab").unwrap();
        }
        let before = asked.load(Ordering::Relaxed);
        for (key, message, signature) in [
            ("key", "ab", "ax"),
            ("kex", "ab", "ax"),
            ("keya", "b", "ab"),
            ("key", "a", "bab"),
            ("key", "aba", "b"),
        ] {
            for _ in 0..3 {
                let all = [key, message, signature].map(str::as_bytes);
                let verified = memo.verify_signature(all[0], all[1], all[2]);
                assert!(verified.is_err(), "{key} {message} {signature}");
            }
        }
        assert_eq!(asked.load(Ordering::Relaxed), before + 15);
    }

    #[test]
    fn those_that_come_once_do_not_drive_out_one_that_comes_again() {
        let (memo, asked) = memo();
        let verify = |text: &str| memo.verify_signature(b"key", text.as_bytes(), text.as_bytes());
        for _ in 0..2 {
            verify("intermediate").unwrap();
        }
        for number in 0..10_000 {
            verify(&number.to_string()).unwrap();
        }
        let before = asked.load(Ordering::Relaxed);
        verify("intermediate").unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), before);
    }
}
