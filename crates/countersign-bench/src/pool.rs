use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use countersign_tls::{Credential, RustlsCredential};
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{SignatureScheme, pki_types::CertificateDer};

use crate::Folder;

/// Client certificates that are presented one after the other, and from the first again.
pub struct Pool {
    certified: Vec<Arc<CertifiedKey>>,
    next: AtomicUsize,
}

impl Pool {
    /// So many certificates of the CA of `folder`.
    ///
    /// # Errors
    ///
    /// One cannot be made.
    pub fn new(folder: &Folder, size: usize) -> Result<Arc<Self>> {
        let first = folder.client(0)?;
        let (chain, key) = (first.chain_pem(), first.key_pem());
        let first = Credential::from_pem(chain.as_bytes(), key.as_bytes())?;
        let key = Arc::clone(&first.certified_key().key);
        let certified = (0..size).map(|number| {
            let chain = folder.client(number)?.chain_der();
            let chain = chain.into_iter().map(CertificateDer::from).collect();
            Ok(Arc::new(CertifiedKey::new(chain, Arc::clone(&key))))
        });
        Ok(Arc::new(Self {
            certified: certified.collect::<Result<_>>()?,
            next: AtomicUsize::new(0),
        }))
    }

    /// The same certificates, from the first on.
    #[must_use]
    pub fn afresh(&self) -> Arc<Self> {
        Arc::new(Self {
            certified: self.certified.clone(),
            next: AtomicUsize::new(0),
        })
    }

    /// How often each has been presented, rounded up: more than once, and those seen first are no longer new.
    pub fn rounds(&self) -> usize {
        let presented = self.next.load(Ordering::Relaxed);
        presented.div_ceil(self.certified.len().max(1))
    }
}

impl ResolvesClientCert for Pool {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let place = next.checked_rem(self.certified.len())?;
        self.certified.get(place).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.certified.is_empty()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.certified.len())
            .finish_non_exhaustive()
    }
}
