use std::fs;
use std::path::{Path, PathBuf};

use countersign_identity::Pin;
use countersign_tls::{Anchors, AnchorsError, LoadError};
use rustls::RootCertStore;

/// Which servers are believed: those whose certificate a pinned CA vouches for, under the host
/// name of the URL. The roots of the system are among them only if asked for.
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
    bundles: Vec<Bundle>,
    system: bool,
    pins: Vec<Pin>,
}

/// Pinned CAs, and the file that they stand in.
#[derive(Clone, Debug)]
struct Bundle {
    anchors: Anchors,
    file: Option<PathBuf>,
}

impl ServerTrust {
    /// Only the CAs of this PEM bundle.
    ///
    /// # Errors
    ///
    /// There is no certificate, or one that is not a CA's.
    pub fn pinned_ca_pem(bundle: &[u8]) -> Result<Self, AnchorsError> {
        let anchors = Anchors::from_pem(bundle)?;
        Ok(Self::of(Bundle {
            anchors,
            file: None,
        }))
    }

    /// Only the CAs of this PEM file. Where the client [reloads](crate::Client::reload), it reads
    /// the file anew.
    ///
    /// # Errors
    ///
    /// As [`pinned_ca_pem`](Self::pinned_ca_pem), or the file cannot be read; each names the file.
    pub fn pinned_ca_pem_file(bundle: impl AsRef<Path>) -> Result<Self, LoadError> {
        Ok(Self::of(Bundle::read(bundle.as_ref())?))
    }

    /// The roots that the operating system trusts; on Linux and the like, those of OpenSSL.
    ///
    /// Every public CA may then vouch for the server. Where one's own CA is known, pin it.
    #[cfg(feature = "system-roots")]
    pub fn system_roots() -> Self {
        Self {
            bundles: Vec::new(),
            system: true,
            pins: Vec::new(),
        }
    }

    /// Those of `other` too: its CAs, and its pins.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.bundles.extend(other.bundles);
        self.pins.extend(other.pins);
        self.system |= other.system;
        self
    }

    /// In addition, a key with this pin must stand on the path from the server to the CA: that of
    /// the server, of a CA or of one between them. Of several pins one suffices.
    #[must_use]
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pins.push(pin);
        self
    }

    pub(crate) fn pins(&self) -> &[Pin] {
        &self.pins
    }

    /// The files that it is read from.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.bundles
            .iter()
            .filter_map(|bundle| bundle.file.as_deref())
    }

    /// As its files say now.
    pub(crate) fn read_again(&self) -> Result<Self, LoadError> {
        let bundles = self.bundles.iter().map(|bundle| match &bundle.file {
            Some(path) => Bundle::read(path),
            None => Ok(bundle.clone()),
        });
        Ok(Self {
            bundles: bundles.collect::<Result<_, _>>()?,
            system: self.system,
            pins: self.pins.clone(),
        })
    }

    /// What rustls verifies with, or why the roots of the system cannot be had.
    pub(crate) fn roots(&self) -> Result<RootCertStore, String> {
        let anchors = self
            .bundles
            .iter()
            .flat_map(|bundle| bundle.anchors.trust_anchors());
        let mut roots: RootCertStore = anchors.cloned().collect();
        if self.system {
            add_system_roots(&mut roots)?;
        }
        Ok(roots)
    }

    fn of(bundle: Bundle) -> Self {
        Self {
            bundles: vec![bundle],
            system: false,
            pins: Vec::new(),
        }
    }
}

impl Bundle {
    fn read(path: &Path) -> Result<Self, LoadError> {
        Ok(Self {
            anchors: Anchors::from_pem_file(path)?,
            file: Some(path.to_owned()),
        })
    }
}

/// Roots that webpki cannot use are left out, as everybody leaves them out.
#[cfg(feature = "system-roots")]
fn add_system_roots(roots: &mut RootCertStore) -> Result<(), String> {
    let found = rustls_native_certs::load_native_certs();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(());
    }
    let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
    Err(format!("no root of the system: {}", reasons.join(", ")))
}

#[cfg(not(feature = "system-roots"))]
fn add_system_roots(_: &mut RootCertStore) -> Result<(), String> {
    Err("built without the feature `system-roots`".to_owned())
}

/// The content of files, to tell whether it changed.
pub(crate) fn contents<'a>(files: impl Iterator<Item = &'a Path>) -> Result<Vec<u8>, LoadError> {
    let mut all = Vec::new();
    for path in files {
        let bytes = fs::read(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        all.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}
