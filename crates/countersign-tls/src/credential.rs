use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_identity::Certificate;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::pem::{NotPem, Sections};
use crate::{CredentialError, LoadError, provider};

/// A certificate chain and the private key that provably belongs to its first certificate.
///
/// Cheap to clone. It never shows the key: not in `Debug`, not in errors.
///
/// ```
/// use countersign_tls::Credential;
/// # use countersign_pki::Authority;
/// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
/// # let issued = Authority::root("Root", now)?.client(now).uri("spiffe://a.example/b").issue()?;
/// # let (chain, key) = (issued.chain_pem(), issued.key_pem());
///
/// let credential = Credential::from_pem(chain.as_bytes(), key.as_bytes())?;
/// assert_eq!(credential.certificate().not_after(), issued.not_after());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[doc(alias = "Identity")]
pub struct Credential {
    key: Arc<CertifiedKey>,
    certificate: Arc<Certificate>,
}

impl Credential {
    /// Reads a chain, leaf first, and its key from PEM. Both may be the same text; sections of
    /// other kinds are passed over.
    ///
    /// # Errors
    ///
    /// There is no certificate, not exactly one key, the key is encrypted or of an unknown kind,
    /// or it belongs to another certificate.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CredentialError> {
        let chain = Sections::read(chain)?;
        let key = only_key(Sections::read(key)?)?;
        if chain.certificates.is_empty() {
            return Err(CredentialError::NoCertificate {
                found: chain.found.to_string(),
            });
        }
        Self::matched(chain.certificates, key)
    }

    /// Reads a chain and its key from one PEM text, in any order.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_combined_pem(chain_and_key: &[u8]) -> Result<Self, CredentialError> {
        Self::from_pem(chain_and_key, chain_and_key)
    }

    /// Reads a chain and its key from PEM files, which may be the same.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), or a file cannot be read; each names the file.
    pub fn from_pem_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, LoadError> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        Self::from_pem(&read(chain)?, &read(key)?).map_err(|source| LoadError::Credential {
            chain: chain.to_owned(),
            key: key.to_owned(),
            source,
        })
    }

    /// The facts of the first certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The chain, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    /// What rustls presents and signs with.
    pub fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    fn matched(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CredentialError> {
        let certificate = read_chain(&chain)?;
        let key = provider()
            .key_provider
            .load_private_key(key)
            .map_err(|_| CredentialError::KeyUnusable)?;
        let key = CertifiedKey::new(chain, key);
        // Our keys always know their public half, so "unknown" is a mismatch too.
        key.keys_match().map_err(|_| CredentialError::KeyMismatch {
            subject: certificate.subject().to_string(),
        })?;
        Ok(Self {
            key: Arc::new(key),
            certificate: Arc::new(certificate),
        })
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl From<NotPem> for CredentialError {
    fn from(text: NotPem) -> Self {
        match text.encrypted_key {
            true => Self::KeyEncrypted,
            false => Self::Pem,
        }
    }
}

fn only_key(mut sections: Sections) -> Result<PrivateKeyDer<'static>, CredentialError> {
    match (sections.keys.pop(), sections.keys.len()) {
        (_, _) if sections.encrypted_key => Err(CredentialError::KeyEncrypted),
        (Some(key), 0) => Ok(key),
        (Some(_), others) => Err(CredentialError::SeveralKeys { count: others + 1 }),
        (None, _) => Err(CredentialError::NoKey {
            found: sections.found.to_string(),
        }),
    }
}

/// Reads every certificate, and keeps the facts of the first.
fn read_chain(chain: &[CertificateDer<'_>]) -> Result<Certificate, CredentialError> {
    let mut first = None;
    for (index, der) in chain.iter().enumerate() {
        let certificate =
            Certificate::from_der(der).map_err(|source| CredentialError::Certificate {
                position: index + 1,
                source,
            })?;
        first.get_or_insert(certificate);
    }
    first.ok_or_else(|| CredentialError::NoCertificate {
        found: "found an empty chain".to_owned(),
    })
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })
}
