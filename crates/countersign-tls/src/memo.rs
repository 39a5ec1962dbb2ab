//! Was this very signature verified before?

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm as Algorithm,
};
use sha2::{Digest as _, Sha256};

use crate::signature_kind::Algorithms;

/// An algorithm that need not verify again what it has verified twice: the certificate of an intermediate, which stands in
/// the chains of all its clients, and after a reload the clients' own.
///
/// A signature over the same bytes by the same key is as good today as it was yesterday, and whoever asks: all
/// trusts and snapshots of a program remember together. Whether the certificate still counts is asked
/// elsewhere, each time.
#[derive(Debug)]
pub(crate) struct Memo {
    algorithm: &'static dyn Algorithm,
    proven: Arc<Proven>,
}

impl Memo {
    /// One for each of `algorithms`.
    pub(crate) fn all(algorithms: &Algorithms) -> Vec<Self> {
        static ALL: LazyLock<Arc<Proven>> = LazyLock::new(|| Arc::new(Proven::new()));
        Self::with(algorithms, &ALL)
    }

    /// The same, which remember together in `proven`.
    fn with(algorithms: &Algorithms, proven: &Arc<Proven>) -> Vec<Self> {
        let algorithms = algorithms.iter();
        algorithms
            .map(|algorithm| Self {
                algorithm: *algorithm,
                proven: Arc::clone(proven),
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

#[derive(Default)]
struct Place {
    proven: Last,
    /// Verified once. What never comes again gets no further, and so drives out nothing.
    once: Last,
}

/// The last few, the newest first.
#[derive(Default)]
struct Last([Option<Digest>; WAYS]);

impl Last {
    fn contains(&self, digest: &Digest) -> bool {
        self.0.contains(&Some(*digest))
    }

    fn add(&mut self, digest: Digest) {
        self.0.rotate_right(1);
        if let Some(first) = self.0.first_mut() {
            *first = Some(digest);
        }
    }
}

impl Proven {
    fn new() -> Self {
        let places = std::iter::repeat_with(Mutex::default);
        Self {
            places: places.take(PLACES).collect(),
        }
    }

    fn holds(&self, digest: &Digest) -> bool {
        let holds = |place: &mut Place| place.proven.contains(digest);
        self.at(digest, holds).unwrap_or_default()
    }

    fn note(&self, digest: Digest) {
        self.at(&digest, |place| {
            let again = place.once.contains(&digest);
            let list = match again {
                true => &mut place.proven,
                false => &mut place.once,
            };
            list.add(digest);
        });
    }

    fn at<T>(&self, digest: &Digest, work: impl FnOnce(&mut Place) -> T) -> Option<T> {
        let [first, second, ..] = *digest;
        let place = usize::from(u16::from_be_bytes([first, second])) % PLACES;
        let place = self.places.get(place)?;
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

/// With four in each: the certificates of 10,000 clients find room, in two MiB.
const PLACES: usize = 8192;
const WAYS: usize = 4;

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
        let proven = Arc::new(Proven::new());
        (Memo::with(&algorithms, &proven).remove(0), &echo.0)
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
        for number in 0..100_000 {
            verify(&number.to_string()).unwrap();
        }
        let before = asked.load(Ordering::Relaxed);
        verify("intermediate").unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), before);
    }

    #[test]
    fn the_certificates_of_ten_thousand_clients_find_room() {
        let (memo, asked) = memo();
        let ask_all = || {
            let before = asked.load(Ordering::Relaxed);
            for number in 0..10_000 {
                let text = number.to_string();
                let verified = memo.verify_signature(b"key", text.as_bytes(), text.as_bytes());
                verified.unwrap();
            }
            asked.load(Ordering::Relaxed) - before
        };
        assert_eq!(ask_all(), 10_000);
        for _ in 0..4 {
            ask_all();
        }
        // But for those whose place is taken by too many others.
        let again = ask_all();
        assert!(again < 1_000, "{again}");
    }
}
