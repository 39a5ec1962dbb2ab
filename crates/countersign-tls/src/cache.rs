use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};

use crate::verdict::Verdict;

/// Chains for which a trust vouches, by their exact bytes.
///
/// It belongs to one snapshot and dies with it, so nothing in it outlives the trust that it speaks
/// of. It has a place for each of [`PLACES`] chains and forgets the one that was there before; a
/// reader takes no lock. Only what is vouched for is kept: a stranger cannot fill it.
pub(crate) struct Cache {
    places: Box<[ArcSwapOption<Entry>]>,
}

struct Entry {
    chain: Digest,
    verdict: Arc<Verdict>,
}

type Digest = [u8; 32];

/// What a chain is looked up by: SHA-256 over its certificates and their lengths.
#[derive(Clone, Copy)]
pub(crate) struct ChainKey(Digest);

const PLACES: usize = 4096;

/// What is read of a longer chain is not worth its place.
const LONGEST: usize = 16 * 1024;

impl Cache {
    pub(crate) fn new() -> Self {
        let places = std::iter::repeat_with(ArcSwapOption::empty);
        Self {
            places: places.take(PLACES).collect(),
        }
    }

    /// What was found of this chain, if it holds at `now`.
    pub(crate) fn get(&self, key: ChainKey, now: Timestamp) -> Option<Arc<Verdict>> {
        let entry = self.place(key)?.load();
        let entry = entry.as_ref().filter(|entry| entry.chain == key.0)?;
        let verdict = &entry.verdict;
        verdict.holds_at(now).then(|| Arc::clone(verdict))
    }

    pub(crate) fn put(&self, key: ChainKey, verdict: Arc<Verdict>) {
        if let Some(place) = self.place(key) {
            let chain = key.0;
            place.store(Some(Arc::new(Entry { chain, verdict })));
        }
    }

    fn place(&self, ChainKey(key): ChainKey) -> Option<&ArcSwapOption<Entry>> {
        let [first, second, ..] = key;
        self.places
            .get(usize::from(u16::from_be_bytes([first, second])) % PLACES)
    }
}

impl ChainKey {
    /// None for a chain that is too long to be kept.
    pub(crate) fn of(
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Option<Self> {
        let chain = || [leaf].into_iter().chain(intermediates);
        if chain().map(|certificate| certificate.len()).sum::<usize>() > LONGEST {
            return None;
        }
        let mut hash = Sha256::new();
        for certificate in chain() {
            hash.update(certificate.len().to_be_bytes());
            hash.update(certificate);
        }
        Some(Self(hash.finalize().into()))
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}
