//! Who signs? An [`Authority`]: a CA certificate and its key, in memory.
//!
//! It reads and writes no file and no clock. rcgen signs whatever it is told to, so every rule about
//! what an authority may issue is checked here or in [`Request`].

use std::fmt;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SerialNumber,
};

use crate::error::IssueError;
use crate::pem;
use crate::request::{Request, Usage};
use crate::survey::Pair;
use crate::validity::{Lifetime, Validity};

/// A certificate authority: issues certificates and further authorities.
///
/// Keys are ECDSA P-256. A root lives ten years and its path length is 1: one authority may follow.
///
/// ```
/// use countersign_pki::Authority;
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Test Root", now)?;
/// let issuing = root.intermediate("Test Issuing CA", now)?;
/// let client = issuing.client(now).uri("spiffe://dev.example/billing").issue()?;
///
/// // The leaf and the issuing CA travel together; the root never does.
/// assert_eq!(client.chain_der().len(), 2);
/// assert_eq!(client.not_after().to_string(), "2026-08-31T12:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Authority {
    name: String,
    certificate: Vec<u8>,
    /// The certificates between this one and the root, which is left out; nearest first.
    above: Vec<Vec<u8>>,
    is_root: bool,
    path_len: Option<u32>,
    validity: Validity,
    key: KeyPair,
}

impl Authority {
    /// Makes a root with a new key: self-signed, path length 1, valid from five minutes before `now`
    /// for ten years. Two roots of one name are two authorities; only their keys tell them apart.
    ///
    /// # Errors
    /// [`IssueError`] if the years do not fit into a certificate or no key can be made.
    pub fn root(name: &str, now: Timestamp) -> Result<Self, IssueError> {
        let validity = Validity::starting(now, Lifetime::ROOT);
        Self::certify(name, 1, validity, None, new_key()?)
    }

    /// Makes a root that is valid exactly between two moments: an expired one, for example.
    ///
    /// # Errors
    /// [`IssueError::ValidityEmpty`] and [`IssueError::ValidityOutOfRange`].
    pub fn root_valid(name: &str, from: Timestamp, until: Timestamp) -> Result<Self, IssueError> {
        Self::certify(name, 1, Validity::between(from, until), None, new_key()?)
    }

    /// Issues an authority with a new key: path length 0, valid for two years but never beyond this one.
    ///
    /// # Errors
    /// [`IssueError::PathLength`] if this authority may not issue authorities,
    /// [`IssueError::IssuerNotValid`] if it has ended.
    pub fn intermediate(&self, name: &str, now: Timestamp) -> Result<Self, IssueError> {
        let validity = self.limit(Validity::starting(now, Lifetime::INTERMEDIATE), now)?;
        Self::certify(name, 0, validity, Some(self), new_key()?)
    }

    /// Issues an authority that is valid exactly between two moments, beyond this one if so asked.
    ///
    /// # Errors
    /// [`IssueError::PathLength`], [`IssueError::ValidityEmpty`] and [`IssueError::ValidityOutOfRange`].
    pub fn intermediate_valid(
        &self,
        name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Self, IssueError> {
        Self::certify(
            name,
            0,
            Validity::between(from, until),
            Some(self),
            new_key()?,
        )
    }

    /// Begins a server's certificate.
    pub fn server(&self, now: Timestamp) -> Request<'_> {
        Request::new(self, Usage::Server, now)
    }

    /// Begins a client's certificate.
    pub fn client(&self, now: Timestamp) -> Request<'_> {
        Request::new(self, Usage::Client, now)
    }

    /// The common name of the subject.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The certificate of this authority alone: for a root, what others put in their trust.
    pub fn certificate_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.certificate)
    }

    /// The certificate of this authority alone.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// What a leaf of this authority is sent with: this certificate and those above it, without the
    /// root; empty for a root.
    pub fn chain_pem(&self) -> String {
        pem::encode_chain(self.chain().iter().map(Vec::as_slice))
    }

    /// The private key, PKCS#8.
    pub fn key_pem(&self) -> String {
        pem::encode("PRIVATE KEY", self.key.serialized_der())
    }

    /// The last moment at which the certificate is valid.
    pub fn not_after(&self) -> Timestamp {
        self.validity.until
    }

    /// Certifies the key as an authority's. The caller has limited the validity, or wants it as it is.
    pub(crate) fn certify(
        name: &str,
        path_len: u8,
        validity: Validity,
        issuer: Option<&Self>,
        key: KeyPair,
    ) -> Result<Self, IssueError> {
        let mut params = blank(validity)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_len));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = match issuer {
            Some(issuer) => {
                issuer.check_path_len(path_len)?;
                issuer.sign(&params, &key)?
            }
            // A root is its own issuer: an authority key identifier would say nothing (RFC 5280, 4.2.1.1).
            None => {
                params.use_authority_key_identifier_extension = false;
                params.self_signed(&key)?.der().to_vec()
            }
        };
        Ok(Self {
            name: name.to_owned(),
            certificate,
            above: issuer.map(Self::chain).unwrap_or_default(),
            is_root: issuer.is_none(),
            path_len: Some(path_len.into()),
            validity,
            key,
        })
    }

    /// An authority from the pair that was stored. rcgen takes any certificate with any key for an
    /// issuer; [`Pair`] is the proof that this one is a CA's, for this key, issued by `issuer`.
    pub(crate) fn restore(pair: Pair, issuer: Option<&Self>) -> Self {
        Self {
            name: pair.facts.common_name.unwrap_or_default(),
            certificate: pair.certificate,
            above: issuer.map(Self::chain).unwrap_or_default(),
            is_root: issuer.is_none(),
            path_len: pair.facts.path_len,
            validity: pair.facts.validity,
            key: pair.key,
        }
    }

    /// Signs the parameters for that key, in this authority's name and with its key identifier.
    pub(crate) fn sign(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<Vec<u8>, IssueError> {
        // Read back from the certificate, so that name and key identifier are those that it states,
        // whether it was made here or restored.
        let issuer = Issuer::from_ca_cert_der(&self.certificate.as_slice().into(), &self.key)?;
        Ok(params.signed_by(key, &issuer)?.der().to_vec())
    }

    /// The part of a validity within this authority's own; refused if that is over already.
    pub(crate) fn limit(&self, wanted: Validity, now: Timestamp) -> Result<Validity, IssueError> {
        let limited = wanted.within(self.validity);
        if limited.is_empty() || limited.until <= now {
            return Err(IssueError::IssuerNotValid {
                issuer: self.name.clone(),
                not_before: self.validity.from,
                not_after: self.validity.until,
            });
        }
        Ok(limited)
    }

    /// What follows a leaf of this authority in its chain.
    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        if self.is_root {
            return Vec::new();
        }
        [&self.certificate]
            .into_iter()
            .chain(&self.above)
            .cloned()
            .collect()
    }

    fn check_path_len(&self, length: u8) -> Result<(), IssueError> {
        if self
            .path_len
            .is_some_and(|limit| limit <= u32::from(length))
        {
            return Err(IssueError::PathLength {
                issuer: self.name.clone(),
                length,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("name", &self.name)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// A new P-256 key, from the operating system's randomness.
pub(crate) fn new_key() -> Result<KeyPair, IssueError> {
    Ok(KeyPair::generate()?)
}

/// Parameters with nothing left to rcgen's defaults, which are a common name of rcgen's, a validity
/// from 1975 to 4096, no authority key identifier, and a serial number that is a hash of the key, so
/// that two certificates for one key could not be revoked apart.
pub(crate) fn blank(validity: Validity) -> Result<CertificateParams, IssueError> {
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = validity.to_dates()?;
    params.distinguished_name = DistinguishedName::new();
    params.serial_number = Some(serial());
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Sixteen random bytes: positive, and of the same length each time.
fn serial() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::random();
    let [first, ..] = &mut bytes;
    *first = (*first & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}
