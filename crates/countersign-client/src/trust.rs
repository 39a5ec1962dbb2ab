use std::path::Path;

use countersign_tls::{Anchors, AnchorsError, LoadError};

/// Which servers are believed: those whose certificate a pinned CA vouches for, under the host
/// name of the URL. The roots of the system are never among them.
///
/// ```
/// use countersign_client::ServerTrust;
/// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
/// # let ca = countersign_pki::Authority::root("Dev CA", now)?.certificate_pem();
///
/// assert!(ServerTrust::pinned_ca_pem(ca.as_bytes()).is_ok());
///
/// let empty = ServerTrust::pinned_ca_pem(b"").unwrap_err();
/// assert_eq!(empty.to_string(), "no CA certificate: found no PEM section");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServerTrust {
    anchors: Anchors,
}

impl ServerTrust {
    /// Only the CAs of this PEM bundle.
    ///
    /// # Errors
    ///
    /// There is no certificate, or one that is not a CA's.
    pub fn pinned_ca_pem(bundle: &[u8]) -> Result<Self, AnchorsError> {
        Anchors::from_pem(bundle).map(|anchors| Self { anchors })
    }

    /// Only the CAs of this PEM file.
    ///
    /// # Errors
    ///
    /// As [`pinned_ca_pem`](Self::pinned_ca_pem), or the file cannot be read; each names the file.
    pub fn pinned_ca_pem_file(bundle: impl AsRef<Path>) -> Result<Self, LoadError> {
        Anchors::from_pem_file(bundle).map(|anchors| Self { anchors })
    }

    pub(crate) fn anchors(&self) -> &Anchors {
        &self.anchors
    }
}
