mod parse;
mod scope;

use std::cmp::Ordering;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use countersign_identity::{DistinguishedName, Pin};
use jiff::Timestamp;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;

use self::scope::Scope;
use crate::link::Link;
use crate::serials::Serials;
use crate::signature_kind::Algorithms;
use crate::signed::Signed;
use crate::{CrlError, LoadError};

/// A revocation list (RFC 5280, section 5), read once and kept as an index. Cheap to clone.
///
/// Whose key signed it is found out when the issuer is at hand: at once where that is an anchor,
/// otherwise in the first handshake in which the issuer is seen. It is then remembered, and the text
/// of the list, which nobody needs any more, is dropped.
///
/// ```
/// use countersign_pki::{Authority, RevocationReason};
/// use countersign_tls::RevocationList;
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Clients", now)?;
/// let client = root.client(now).common_name("billing").issue()?;
/// let list = root.crl(now).revoke(&client.serial(), RevocationReason::KeyCompromise, now).issue()?;
///
/// let list = RevocationList::from_der(list.der())?;
/// assert_eq!(list.issuer().to_string(), "CN=Clients");
/// assert_eq!(list.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RevocationList {
    list: Arc<List>,
}

struct List {
    issuer: DistinguishedName,
    raw_issuer: Vec<u8>,
    number: Option<Number>,
    this_update: Timestamp,
    next_update: Timestamp,
    scope: Scope,
    revoked: Serials,
    signer: OnceLock<Pin>,
    unproven: Mutex<Unproven>,
}

/// What is left to do while nobody knows who signed the list.
#[derive(Default)]
struct Unproven {
    der: Vec<u8>,
    /// The keys that did not.
    strangers: Vec<Pin>,
}

/// A CRL number: big-endian, without zeros in front (RFC 5280, section 5.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Number(Vec<u8>);

impl RevocationList {
    /// Reads a DER list.
    ///
    /// # Errors
    ///
    /// It is malformed, has no nextUpdate, or is of a kind that would have to be combined with
    /// others to tell the truth: a delta, an indirect list, a list for some reasons only.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        parse::list(der).map(|list| Self {
            list: Arc::new(list),
        })
    }

    /// Reads all lists of a PEM text, in its order; sections of other kinds are passed over.
    ///
    /// # Errors
    ///
    /// As [`from_der`](Self::from_der), or there is none: one bad list refuses all.
    pub fn from_pem(text: &[u8]) -> Result<Vec<Self>, CrlError> {
        let mut lists = Vec::new();
        for der in CertificateRevocationListDer::pem_slice_iter(text) {
            let der = der.map_err(|_| CrlError::Pem)?;
            lists.push(Self::from_der(&der)?);
        }
        match lists.is_empty() {
            true => Err(CrlError::Empty),
            false => Ok(lists),
        }
    }

    /// Reads all lists of a file, PEM or DER.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), or the file cannot be read; each names the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Vec<Self>, LoadError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes).map_err(|source| LoadError::Crl {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads all lists of a PEM text, or the one of DER bytes, as they come from a URL.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_bytes(bytes: &[u8]) -> Result<Vec<Self>, CrlError> {
        match bytes.first() == Some(&crate::der::SEQUENCE) {
            true => Ok(vec![Self::from_der(bytes)?]),
            false => Self::from_pem(bytes),
        }
    }

    /// Who says to have issued it.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.list.issuer
    }

    /// Its number in hex, where it has one.
    pub fn number(&self) -> Option<String> {
        self.list.number.as_ref().map(ToString::to_string)
    }

    /// When it was made.
    pub fn this_update(&self) -> Timestamp {
        self.list.this_update
    }

    /// When there is to be a newer one; after this second the list is stale.
    pub fn next_update(&self) -> Timestamp {
        self.list.next_update
    }

    /// How many certificates stand on it.
    pub fn len(&self) -> usize {
        self.list.revoked.len()
    }

    /// Whether nobody stands on it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is known whose key signed it.
    pub fn is_proven(&self) -> bool {
        self.list.signer.get().is_some()
    }

    /// Whether it says so of the serial number; ask [`covers`](Self::covers) first.
    pub(crate) fn contains(&self, serial: &[u8]) -> bool {
        self.list.revoked.contains(serial)
    }

    pub(crate) fn names_issuer(&self, name: &[u8]) -> bool {
        self.list.raw_issuer == name
    }

    /// Whether it speaks for this certificate.
    pub(crate) fn covers(&self, link: &Link) -> bool {
        self.names_issuer(&link.issuer) && self.list.scope.covers(link)
    }

    /// Whether both speak for the same certificates, so that the newer replaces the older.
    pub(crate) fn is_of_one_kind_with(&self, other: &Self) -> bool {
        self.list.raw_issuer == other.list.raw_issuer && self.list.scope == other.list.scope
    }

    /// By number, then by date.
    pub(crate) fn compare_age(&self, other: &Self) -> Ordering {
        let number = self.list.number.cmp(&other.list.number);
        number.then(self.list.this_update.cmp(&other.list.this_update))
    }

    /// Whether the key of `issuer` signed it: verified once, then remembered.
    pub(crate) fn is_signed_by(&self, issuer: &Link, algorithms: &Algorithms) -> bool {
        if let Some(signer) = self.list.signer.get() {
            return *signer == issuer.pin;
        }
        let unproven = self.list.unproven.lock();
        let mut unproven = unproven.unwrap_or_else(PoisonError::into_inner);
        if let Some(signer) = self.list.signer.get() {
            return *signer == issuer.pin;
        }
        let tried = unproven.strangers.contains(&issuer.pin);
        if tried || unproven.strangers.len() >= MAX_STRANGERS {
            return false;
        }
        let signed = Signed::read(&unproven.der);
        if signed.is_some_and(|signed| signed.is_by(&issuer.spki, algorithms)) {
            // It can only be empty: the lock is held.
            let _ = self.list.signer.set(issuer.pin);
            *unproven = Unproven::default();
            return true;
        }
        unproven.strangers.push(issuer.pin);
        false
    }
}

/// Of how many keys it is remembered that they did not sign a list. Each is the key of a CA for
/// which an anchor of ours vouches, so this is no limit that a stranger could use up.
const MAX_STRANGERS: usize = 64;

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("00"),
            bytes => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("issuer", &self.issuer().to_string())
            .field("number", &self.number())
            .field("this_update", &self.this_update())
            .field("next_update", &self.next_update())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
