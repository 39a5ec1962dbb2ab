use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_identity::{Certificate, Pin};
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};

use crate::pem::{KeySection, NotPem, Sections};
use crate::{LoadError, Password, Signer, provider};

mod decrypt;

mod error;
pub use error::CredentialError;
pub(crate) use error::Part;

mod facts;

mod finding;
pub use finding::Finding;

mod store;

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
/// assert!(credential.check(now).is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[doc(alias = "Identity")]
pub struct Credential {
    key: Arc<CertifiedKey>,
    certificate: Arc<Certificate>,
}

impl Credential {
    /// Reads a chain, leaf first, and its key from PEM. Both may be the same text, in any order;
    /// sections of other kinds are passed over.
    ///
    /// # Errors
    ///
    /// There is no certificate, not exactly one key, the key is encrypted or of an unknown kind,
    /// or it belongs to another certificate.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CredentialError> {
        Self::opened(chain, key, None)
    }

    /// Reads a chain and its key from one PEM text, in any order.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_combined_pem(chain_and_key: &[u8]) -> Result<Self, CredentialError> {
        Self::from_pem(chain_and_key, chain_and_key)
    }

    /// Reads a chain and its encrypted key from PEM: PKCS#8 under PBES2, or the older
    /// `Proc-Type: 4,ENCRYPTED` of OpenSSL. A key that is not encrypted is read too.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), or the password does not open the key.
    pub fn from_encrypted_pem(
        chain: &[u8],
        key: &[u8],
        password: &Password,
    ) -> Result<Self, CredentialError> {
        Self::opened(chain, key, Some(password))
    }

    /// Reads a chain, leaf first, of DER certificates, and a DER key: PKCS#8, PKCS#1 or SEC1.
    ///
    /// # Errors
    ///
    /// A certificate cannot be read, the key cannot be used, or it belongs to another certificate.
    pub fn from_der(
        chain: impl IntoIterator<Item = Vec<u8>>,
        key: Vec<u8>,
    ) -> Result<Self, CredentialError> {
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::try_from(key).map_err(|_| CredentialError::KeyUnusable)?;
        Self::matched(chain, key)
    }

    /// Reads the one key of a PKCS#12 store and its chain, which may stand there in any order.
    ///
    /// # Errors
    ///
    /// The bytes are no such store, the password does not open it, it holds no certificate or not
    /// exactly one key, or the key belongs to none of the certificates.
    pub fn from_pkcs12(bytes: &[u8], password: &Password) -> Result<Self, CredentialError> {
        let (certificates, key) = store::open(bytes, password)?;
        let key = signing_key(key)?;
        let chain = arranged(certificates, key.as_ref())?;
        Self::proven(chain, key)
    }

    /// Takes a chain, leaf first, of DER certificates, and whatever signs for it: a token, an
    /// agent, a service. It is asked for one signature, as proof that it has the key.
    ///
    /// # Errors
    ///
    /// A certificate cannot be read, the signer fails, or its key belongs to another certificate.
    pub fn from_signer(
        chain: impl IntoIterator<Item = Vec<u8>>,
        signer: Arc<dyn Signer>,
    ) -> Result<Self, CredentialError> {
        let chain: Vec<_> = chain.into_iter().map(CertificateDer::from).collect();
        let certificate = read_chain(&chain)?;
        let leaf = chain.first().ok_or_else(empty_chain)?;
        crate::signer::prove(signer.as_ref(), leaf, &certificate)?;
        let key = CertifiedKey::new(chain, crate::signer::signing_key(signer));
        Ok(Self::new(key, certificate))
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
        Self::from_pem(&read(chain)?, &read(key)?)
            .map_err(|source| LoadError::credential(chain, key, source))
    }

    /// Reads a chain and its key from one PEM file.
    ///
    /// # Errors
    ///
    /// As [`from_pem_files`](Self::from_pem_files).
    pub fn from_pem_file(chain_and_key: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = chain_and_key.as_ref();
        Self::from_pem_files(path, path)
    }

    /// Everything about it to which a server may object, found without one. Empty is good.
    pub fn check(&self, now: Timestamp) -> Vec<Finding> {
        finding::all(&self.key.cert, now)
    }

    /// The facts of the first certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The chain in DER, leaf first.
    pub fn chain_der(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.key.cert.iter().map(AsRef::as_ref)
    }

    fn opened(
        chain: &[u8],
        key: &[u8],
        password: Option<&Password>,
    ) -> Result<Self, CredentialError> {
        let chain = Sections::read(chain)?;
        let key = only_key(Sections::read(key)?, password)?;
        if chain.certificates.is_empty() {
            return Err(CredentialError::NoCertificate {
                found: chain.found.to_string(),
            });
        }
        Self::matched(chain.certificates, key)
    }

    fn matched(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CredentialError> {
        Self::proven(chain, signing_key(key)?)
    }

    fn proven(
        chain: Vec<CertificateDer<'static>>,
        key: Arc<dyn SigningKey>,
    ) -> Result<Self, CredentialError> {
        let certificate = read_chain(&chain)?;
        // Our keys always know their public half.
        let pin = pin_of(key.as_ref()).ok_or(CredentialError::KeyUnusable)?;
        if certificate.pin() != pin {
            return Err(mismatch(&chain, &certificate, pin));
        }
        Ok(Self::new(CertifiedKey::new(chain, key), certificate))
    }

    fn new(key: CertifiedKey, certificate: Certificate) -> Self {
        Self {
            key: Arc::new(key),
            certificate: Arc::new(certificate),
        }
    }
}

/// A credential as rustls has it: a trait of its own, so that who uses a credential without rustls does
/// not depend on its version.
pub trait RustlsCredential {
    /// The chain, leaf first.
    fn chain(&self) -> &[CertificateDer<'static>];

    /// What rustls presents and signs with.
    fn certified_key(&self) -> Arc<CertifiedKey>;
}

impl RustlsCredential for Credential {
    fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
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
        match text.der {
            true => Self::Der,
            false => Self::Pem,
        }
    }
}

fn signing_key(key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, CredentialError> {
    let loaded = provider().key_provider.load_private_key(key);
    loaded.map_err(|_| CredentialError::KeyUnusable)
}

fn pin_of(key: &dyn SigningKey) -> Option<Pin> {
    key.public_key().map(|spki| Pin::of(&spki))
}

/// The key is of a certificate further up, or of none.
fn mismatch(chain: &[CertificateDer<'_>], first: &Certificate, pin: Pin) -> CredentialError {
    for (index, der) in chain.iter().enumerate() {
        match Certificate::from_der(der) {
            Ok(certificate) if certificate.pin() == pin => {
                return CredentialError::LeafNotFirst {
                    position: index + 1,
                    subject: certificate.subject().to_string(),
                };
            }
            _ => {}
        }
    }
    CredentialError::KeyMismatch {
        subject: first.subject().to_string(),
    }
}

/// The certificate of `key`, then the issuer of each, as far as they are there. A store has no order.
fn arranged(
    mut certificates: Vec<CertificateDer<'static>>,
    key: &dyn SigningKey,
) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    read_chain(&certificates)?;
    let pin = pin_of(key);
    let mut chain = Vec::new();
    let mut wanted = take(&mut certificates, |certificate| {
        Some(certificate.pin()) == pin
    });
    if wanted.is_none() {
        // What a chain of them says of this key is the error.
        return Ok(certificates);
    }
    while let Some((der, certificate)) = wanted {
        chain.push(der);
        let issuer = certificate.issuer().clone();
        wanted = take(&mut certificates, |above| *above.subject() == issuer);
    }
    Ok(chain)
}

fn take(
    certificates: &mut Vec<CertificateDer<'static>>,
    wanted: impl Fn(&Certificate) -> bool,
) -> Option<(CertificateDer<'static>, Certificate)> {
    let read = |der: &CertificateDer<'_>| Certificate::from_der(der).ok().filter(&wanted);
    let index = certificates.iter().position(|der| read(der).is_some())?;
    let der = certificates.remove(index);
    let certificate = read(&der)?;
    Some((der, certificate))
}

fn only_key(
    mut sections: Sections,
    password: Option<&Password>,
) -> Result<PrivateKeyDer<'static>, CredentialError> {
    match (sections.keys.pop(), sections.keys.len()) {
        (Some(KeySection::Plain(key)), 0) => Ok(key),
        (Some(encrypted), 0) => decrypted(encrypted, password),
        (Some(_), others) => Err(CredentialError::SeveralKeys { count: others + 1 }),
        (None, _) => Err(CredentialError::NoKey {
            found: sections.found.to_string(),
        }),
    }
}

fn decrypted(
    key: KeySection,
    password: Option<&Password>,
) -> Result<PrivateKeyDer<'static>, CredentialError> {
    let password = password.ok_or(CredentialError::KeyEncrypted)?;
    match key {
        KeySection::Plain(key) => Ok(key),
        KeySection::Encrypted(der) => decrypt::pkcs8(&der, password),
        KeySection::Legacy(key) => decrypt::legacy(key, password),
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
    first.ok_or_else(empty_chain)
}

fn empty_chain() -> CredentialError {
    CredentialError::NoCertificate {
        found: "found an empty chain".to_owned(),
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|source| LoadError::Read {
        path: path.to_owned(),
        source,
    })
}
