//! How do a key and its certificates travel as one file? A [`Pkcs12`] store (RFC 7292).
//!
//! It is written in two dialects, and read to be looked at.

use std::fmt;

use p12_keystore::{Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm};
use p12_keystore::{Pkcs12ImportPolicy, PrivateKey, PrivateKeyChain};

use crate::error::IssueError;
use crate::facts::Facts;
use crate::issued::Issued;
use crate::key::Key;
use crate::pem;

/// The dialect of a store: how it is encrypted and authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pkcs12Kind {
    /// AES-256 under PBKDF2 with HMAC-SHA-256, and a MAC with SHA-256: what OpenSSL 3 and Java 17
    /// write themselves.
    #[default]
    Modern,
    /// Triple DES under SHA-1, and a MAC with SHA-1: weak, and all that Java before 8u301 and the
    /// keychain of older versions of macOS read.
    Legacy,
}

/// A store in the making: a key with its certificates, or certificates to trust.
///
/// ```
/// use countersign_pki::{Authority, Pkcs12, Pkcs12Kind};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Test Root", now)?;
/// let billing = root.client(now).uri("spiffe://dev.example/billing").issue()?;
///
/// let store = Pkcs12::of("billing", &billing)?.kind(Pkcs12Kind::Legacy);
/// let bytes = store.encrypt("changeit")?;
/// assert_eq!(bytes.first(), Some(&0x30), "a SEQUENCE");
/// let refused = store.encrypt("").unwrap_err();
/// assert_eq!(refused.to_string(), "cannot make a PKCS#12 store: the password is empty");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Pkcs12 {
    name: String,
    kind: Pkcs12Kind,
    certificates: Vec<Vec<u8>>,
    /// None, if the certificates are to be trusted.
    key: Option<Key>,
}

impl Pkcs12 {
    /// What was issued; in the store it is called `name`, which Java knows as the alias.
    ///
    /// # Errors
    /// As [`identity`](Self::identity).
    pub fn of(name: impl Into<String>, issued: &Issued) -> Result<Self, IssueError> {
        Self::new(name.into(), issued.chain_der(), Some(issued.key().clone()))
    }

    /// A key and the chain for it in PEM, the leaf first.
    ///
    /// # Errors
    /// [`IssueError::Unreadable`] if the text holds something else or nothing,
    /// [`IssueError::KeyMismatch`] if the leaf is for another key.
    pub fn identity(
        name: impl Into<String>,
        chain_pem: &str,
        key: &Key,
    ) -> Result<Self, IssueError> {
        let chain = pem::certificates(chain_pem.as_bytes()).unwrap_or_default();
        Self::new(name.into(), chain, Some(key.clone()))
    }

    /// Certificates to trust, in PEM: what Java calls a trust store. Other programs ignore the mark
    /// that makes it one, and see certificates without a key.
    ///
    /// ```
    /// use countersign_pki::{Authority, Pkcs12};
    ///
    /// let root = Authority::root("Test Root", "2026-08-01T12:00:00Z".parse()?)?;
    /// let store = Pkcs12::trust("root", &root.certificate_pem())?;
    /// assert!(!store.encrypt("changeit")?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`IssueError::Unreadable`] if the text holds something else or nothing.
    pub fn trust(name: impl Into<String>, certificates_pem: &str) -> Result<Self, IssueError> {
        let certificates = pem::certificates(certificates_pem.as_bytes()).unwrap_or_default();
        Self::new(name.into(), certificates, None)
    }

    /// Opens a store that somebody made: the certificates and the key in it.
    ///
    /// # Errors
    /// [`IssueError::Pkcs12Unreadable`]; [`IssueError::KeyUnreadable`] and others for what is in it.
    ///
    /// ```
    /// use countersign_pki::{Authority, Pkcs12};
    ///
    /// let root = Authority::root("Test Root", "2026-08-01T12:00:00Z".parse()?)?;
    /// let bytes = Pkcs12::trust("root", &root.certificate_pem())?.encrypt("changeit")?;
    /// assert_eq!(Pkcs12::open(&bytes, "changeit")?.certificates_pem(), root.certificate_pem());
    /// assert!(Pkcs12::open(&bytes, "another").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(bytes: &[u8], password: &str) -> Result<Self, IssueError> {
        // A chain that lacks something is to be looked at too.
        let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed);
        let store = store.map_err(|_| IssueError::Pkcs12Unreadable {
            reason: "it is none, or the password does not open it",
        })?;
        let der = |certificate: &Certificate| certificate.as_der().to_vec();
        if let Some((name, chain)) = store.private_key_chain() {
            let key = Key::from_pkcs8_der(chain.key().as_der())?;
            let certificates = chain.certs().iter().map(der).collect();
            return Self::new(name.to_owned(), certificates, Some(key));
        }
        let certificates = store.entries().filter_map(|(_, entry)| match entry {
            KeyStoreEntry::Certificate(certificate) => Some(der(certificate)),
            _ => None,
        });
        Self::new(String::new(), certificates.collect(), None)
    }

    /// The certificates, the leaf first, in PEM.
    pub fn certificates_pem(&self) -> String {
        pem::encode_chain(self.certificates.iter().map(Vec::as_slice))
    }

    /// The private key, if it is not a store of certificates to trust.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// In that dialect instead of the modern one.
    #[must_use]
    pub fn kind(self, kind: Pkcs12Kind) -> Self {
        Self { kind, ..self }
    }

    /// The store, under a password of printable ASCII: beyond that, programs differ in how they turn
    /// a password into bytes. It takes a part of a second, on purpose.
    ///
    /// # Errors
    /// [`IssueError::Pkcs12`] for a password or a name that cannot be used.
    pub fn encrypt(&self, password: &str) -> Result<Vec<u8>, IssueError> {
        self.encrypt_with(password, &Parameters::of(self.kind))
    }

    fn encrypt_with(&self, password: &str, parameters: &Parameters) -> Result<Vec<u8>, IssueError> {
        check_password(password)?;
        let mut store = KeyStore::new();
        for (name, entry) in self.entries()? {
            store.add_entry(&name, entry);
        }
        let writer = store.writer(password);
        let writer = writer.encryption_algorithm(parameters.cipher);
        let writer = writer.encryption_iterations(parameters.rounds);
        let writer = writer.mac_algorithm(parameters.mac);
        let writer = writer.mac_iterations(parameters.rounds);
        // The library's own words may tell of what it was given.
        writer
            .write()
            .map_err(|_| refused("the name cannot be written in it"))
    }

    fn new(name: String, certificates: Vec<Vec<u8>>, key: Option<Key>) -> Result<Self, IssueError> {
        let facts = certificates.first().and_then(|leaf| Facts::read(leaf));
        let facts = facts.ok_or(IssueError::Unreadable {
            reason: "a certificate in PEM is wanted",
        })?;
        if key
            .as_ref()
            .is_some_and(|key| key.public_key_der() != facts.public_key)
        {
            return Err(IssueError::KeyMismatch { name });
        }
        Ok(Self {
            name,
            kind: Pkcs12Kind::default(),
            certificates,
            key,
        })
    }

    fn entries(&self) -> Result<Vec<(String, KeyStoreEntry)>, IssueError> {
        let read = |der: &Vec<u8>| Certificate::from_der(der);
        let certificates: Result<Vec<_>, _> = self.certificates.iter().map(read).collect();
        let certificates = certificates.map_err(|_| refused("a certificate is malformed"))?;
        let Some(key) = &self.key else {
            let names = (1..).map(|number| match number {
                1 => self.name.clone(),
                _ => format!("{}-{number}", self.name),
            });
            let entries = certificates.into_iter().map(KeyStoreEntry::Certificate);
            return Ok(names.zip(entries).collect());
        };
        let key = PrivateKey::from_der(key.pkcs8_der());
        let key = key.map_err(|_| refused("the key is not PKCS#8"))?;
        // It ties the key to its certificate; any value does.
        let id = self.name.as_str();
        let chain = PrivateKeyChain::new(id, key, certificates);
        Ok(vec![(
            self.name.clone(),
            KeyStoreEntry::PrivateKeyChain(chain),
        )])
    }
}

impl fmt::Debug for Pkcs12 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs12")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

struct Parameters {
    cipher: EncryptionAlgorithm,
    mac: MacAlgorithm,
    rounds: u32,
}

impl Parameters {
    fn of(kind: Pkcs12Kind) -> Self {
        match kind {
            Pkcs12Kind::Modern => Self {
                cipher: EncryptionAlgorithm::PbeWithHmacSha256AndAes256,
                mac: MacAlgorithm::HmacSha256,
                rounds: MODERN_ROUNDS,
            },
            Pkcs12Kind::Legacy => Self {
                cipher: EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc,
                mac: MacAlgorithm::HmacSha1,
                rounds: LEGACY_ROUNDS,
            },
        }
    }
}

fn check_password(password: &str) -> Result<(), IssueError> {
    match password {
        "" => Err(refused("the password is empty")),
        text if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) => Ok(()),
        _ => Err(refused("the password holds more than printable ASCII")),
    }
}

fn refused(reason: &'static str) -> IssueError {
    IssueError::Pkcs12 { reason }
}

/// Ten times what Java 17 writes; it reads up to five million, and OpenSSL any number. Reading takes
/// three derivations of that many, at every start of a program.
const MODERN_ROUNDS: u32 = 100_000;
/// What Java 8 wrote; more would not mend Triple DES.
const LEGACY_ROUNDS: u32 = 50_000;

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::authority::Authority;
    use crate::key::KeyKind;

    fn issued(kind: KeyKind) -> Issued {
        let now = Timestamp::now();
        let root = Authority::root("Test Root", now).unwrap();
        let issuing = root.intermediate("Test Issuing CA", now).unwrap();
        issuing
            .client(now)
            .key(kind)
            .uri("spiffe://dev.example/billing")
            .issue()
            .unwrap()
    }

    #[test]
    fn a_store_opens_to_the_key_and_the_whole_chain_in_both_dialects() {
        for kind in [Pkcs12Kind::Modern, Pkcs12Kind::Legacy] {
            let issued = issued(KeyKind::Ed25519);
            let store = Pkcs12::of("billing", &issued).unwrap().kind(kind);
            let parameters = Parameters {
                rounds: 7,
                ..Parameters::of(kind)
            };
            let bytes = store.encrypt_with("a password", &parameters).unwrap();
            let read = KeyStore::from_pkcs12(&bytes, "a password", Pkcs12ImportPolicy::Strict);
            let read = read.unwrap();
            let (name, chain) = read.private_key_chain().unwrap();
            assert_eq!(name, "billing");
            assert_eq!(chain.key().as_der(), issued.key().pkcs8_der());
            let certificates = chain.certs().iter().map(|c| c.as_der().to_vec());
            assert_eq!(certificates.collect::<Vec<_>>(), issued.chain_der());
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let other = Key::generate(KeyKind::P256).unwrap();
        let refused = Pkcs12::identity("billing", &issued(KeyKind::P256).chain_pem(), &other);
        let wanted = IssueError::KeyMismatch {
            name: "billing".to_owned(),
        };
        assert_eq!(refused.unwrap_err(), wanted);
    }

    #[test]
    fn nothing_of_the_key_is_printed() {
        let store = Pkcs12::of("billing", &issued(KeyKind::P256)).unwrap();
        assert_eq!(
            format!("{store:?}"),
            r#"Pkcs12 { name: "billing", kind: Modern, .. }"#
        );
    }

    #[test]
    fn what_programs_read_differently_is_no_password() {
        let store = Pkcs12::of("billing", &issued(KeyKind::P256)).unwrap();
        for password in ["", "p\u{e4}ssword", "two\nlines"] {
            let refused = store.encrypt(password).unwrap_err();
            assert!(matches!(refused, IssueError::Pkcs12 { .. }), "{refused}");
        }
    }
}
