//! Who signs? An [`Authority`]: a CA certificate and its key, in memory.
//!
//! It reads and writes no file and no clock. rcgen signs whatever it is told to, so every rule about
//! what an authority may issue is checked here or in [`Request`].

use std::fmt;

use jiff::Timestamp;

use crate::crl::CrlRequest;
use crate::error::IssueError;
use crate::facts::Facts;
use crate::issued::Issued;
use crate::key::Key;
use crate::pem;
use crate::request::Request;
use crate::sign::key_id;
use crate::subject::Subject;
use crate::survey::Pair;
use crate::tbs::Tbs;
use crate::usage::{BasicConstraints, Usage};
use crate::validity::Validity;

/// A certificate authority: issues certificates and further authorities.
///
/// Unless asked for with a [`Request`], keys are ECDSA P-256, a root lives ten years, and its path length
/// is 1: one authority may follow. Copies share the key.
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
#[derive(Clone)]
pub struct Authority {
    name: String,
    certificate: Vec<u8>,
    /// The subject, as encoded.
    subject: Vec<u8>,
    /// The subject key identifier, or what it would be.
    key_id: Vec<u8>,
    /// The certificates between this one and the root, which is left out; nearest first. Above a root
    /// there are those that lead to older roots.
    above: Vec<Vec<u8>>,
    is_root: bool,
    path_len: Option<u32>,
    validity: Validity,
    key: Key,
}

impl Authority {
    /// Makes a root with a new key: self-signed, path length 1, valid from five minutes before `now`
    /// for ten years. Two roots of one name are two authorities; only their keys tell them apart.
    ///
    /// # Errors
    /// [`IssueError`] if the years do not fit into a certificate or no key can be made.
    pub fn root(name: &str, now: Timestamp) -> Result<Self, IssueError> {
        Self::root_request(name, now).issue_authority()
    }

    /// Makes a root that is valid exactly between two moments: an expired one, for example.
    ///
    /// # Errors
    /// [`IssueError::ValidityEmpty`] and [`IssueError::ValidityOutOfRange`].
    pub fn root_valid(name: &str, from: Timestamp, until: Timestamp) -> Result<Self, IssueError> {
        Self::root_request(name, from)
            .validity(from, until)
            .issue_authority()
    }

    /// Issues an authority with a new key: path length 0, valid for two years but never beyond this one.
    ///
    /// # Errors
    /// [`IssueError::PathLength`] if this authority may not issue authorities,
    /// [`IssueError::IssuerNotValid`] if it has ended.
    pub fn intermediate(&self, name: &str, now: Timestamp) -> Result<Self, IssueError> {
        self.check_path_len(0)?;
        self.intermediate_request(name, now).issue_authority()
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
        self.check_path_len(0)?;
        self.intermediate_request(name, from)
            .validity(from, until)
            .issue_authority()
    }

    /// Begins a root: self-signed, path length 1, ten years.
    pub fn root_request(name: &str, now: Timestamp) -> Request<'static> {
        Request::authority(None, Subject::named(name), now)
    }

    /// Begins an authority below this one: path length 0, two years. Unlike
    /// [`intermediate`](Self::intermediate) it does not ask whether this one may issue it.
    pub fn intermediate_request(&self, name: &str, now: Timestamp) -> Request<'_> {
        Request::authority(Some(self), Subject::named(name), now)
    }

    /// Begins a certificate by this authority for another one that exists, with its name, its key and
    /// its key identifier: a way from the trust in this one to what the other has issued. For an
    /// authority that this one has issued before it is a renewal that keeps the key.
    ///
    /// ```
    /// use countersign_pki::Authority;
    ///
    /// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
    /// let (old, new) = (Authority::root("Root 2026", now)?, Authority::root("Root 2028", now)?);
    /// let crossed = old.cross_request(&new, now).issue_authority()?;
    ///
    /// // Who trusts the old root alone follows the cross-certificate.
    /// let client = crossed.client(now).common_name("billing").issue()?;
    /// assert_eq!(client.chain_der()[1], crossed.certificate_der());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cross_request<'a>(&'a self, other: &'a Self, now: Timestamp) -> Request<'a> {
        let constraints = match other.path_len {
            Some(length) => BasicConstraints::AuthorityAbove(length.try_into().unwrap_or(u8::MAX)),
            None => BasicConstraints::Authority,
        };
        Request::authority(Some(self), Subject::named(other.name()), now)
            .basic_constraints(constraints)
            .held_by(other)
    }

    /// Begins a root with the name and the key of this one, self-signed anew: what it has issued stays
    /// good under it.
    pub fn renewal_request(&self, now: Timestamp) -> Request<'_> {
        let constraints = self.path_len.and_then(|length| u8::try_from(length).ok());
        let constraints = constraints.map(BasicConstraints::AuthorityAbove);
        Request::authority(None, Subject::named(&self.name), now)
            .basic_constraints(constraints.unwrap_or(BasicConstraints::Authority))
            .held_by(self)
    }

    /// An authority from its certificates, its own first and without the root above them, and its key.
    /// Whether the certificate is a CA's is not asked.
    ///
    /// # Errors
    /// [`IssueError::Unreadable`] and [`IssueError::KeyMismatch`].
    pub fn from_chain(chain: &[Vec<u8>], key: Key) -> Result<Self, IssueError> {
        let unreadable = IssueError::Unreadable {
            reason: "it is not exactly one well-formed certificate",
        };
        let Some((certificate, above)) = chain.split_first() else {
            return Err(unreadable);
        };
        let facts = Facts::read(certificate).ok_or(unreadable)?;
        let name = facts.common_name.unwrap_or_default();
        if facts.public_key != key.public_key_der() {
            return Err(IssueError::KeyMismatch { name });
        }
        Ok(Self {
            name,
            certificate: certificate.clone(),
            key_id: facts.key_id.unwrap_or_else(|| key_id(&facts.public_key)),
            is_root: above.is_empty() && facts.subject == facts.issuer,
            subject: facts.subject,
            above: above.to_vec(),
            path_len: facts.path_len,
            validity: facts.validity,
            key,
        })
    }

    /// Begins a server's certificate.
    pub fn server(&self, now: Timestamp) -> Request<'_> {
        Request::new(self, Usage::Server, now)
    }

    /// Begins a client's certificate.
    pub fn client(&self, now: Timestamp) -> Request<'_> {
        Request::new(self, Usage::Client, now)
    }

    /// Begins a list of the certificates that it has revoked.
    pub fn crl(&self, now: Timestamp) -> CrlRequest<'_> {
        CrlRequest::new(self, now)
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
        self.key.pem().to_string()
    }

    /// The private key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The serial number of its certificate as encoded, by which its issuer revokes it.
    pub fn serial(&self) -> Vec<u8> {
        crate::issued::serial(&self.certificate)
    }

    /// The subject key identifier: what its certificate states, or else what it would be.
    pub fn key_id(&self) -> &[u8] {
        &self.key_id
    }

    /// The subject, as encoded.
    pub(crate) fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The last moment at which the certificate is valid.
    pub fn not_after(&self) -> Timestamp {
        self.validity.until
    }

    /// Begins an authority. The caller has limited the validity, or wants it as it is.
    pub(crate) fn certification<'a>(
        subject: Subject,
        path_len: u8,
        validity: Validity,
        issuer: Option<&'a Self>,
    ) -> Result<Request<'a>, IssueError> {
        issuer.map_or(Ok(()), |issuer| issuer.check_path_len(path_len))?;
        let request = Request::authority(issuer, subject, validity.from)
            .basic_constraints(BasicConstraints::AuthorityAbove(path_len))
            .validity(validity.from, validity.until);
        Ok(request)
    }

    /// The authority that a request has made.
    pub(crate) fn made(
        issued: Issued,
        issuer: Option<&Self>,
        path_len: Option<u32>,
        validity: Validity,
        name: String,
    ) -> Result<Self, IssueError> {
        let (certificate, key) = issued.into_parts();
        let tbs = Tbs::read(&certificate).ok_or(IssueError::Unreadable {
            reason: "it cannot be taken apart",
        })?;
        Ok(Self {
            name,
            key_id: key_id(&tbs.public_key),
            subject: tbs.subject,
            certificate,
            above: issuer.map(Self::chain).unwrap_or_default(),
            is_root: issuer.is_none(),
            path_len,
            validity,
            key,
        })
    }

    /// The same under the key identifier that its certificate has taken over.
    pub(crate) fn known_as(mut self, key_id: Vec<u8>) -> Self {
        self.key_id = key_id;
        self
    }

    /// An authority from the pair that was stored. rcgen takes any certificate with any key for an
    /// issuer; [`Pair`] is the proof that this one is a CA's, for this key, issued by `issuer`.
    pub(crate) fn restore(pair: Pair, issuer: Option<&Self>) -> Self {
        let key_id = pair
            .facts
            .key_id
            .unwrap_or_else(|| key_id(&pair.facts.public_key));
        Self {
            name: pair.facts.common_name.unwrap_or_default(),
            certificate: pair.certificate,
            subject: pair.facts.subject,
            key_id,
            above: issuer.map_or(pair.crossed, Self::chain),
            is_root: issuer.is_none(),
            path_len: pair.facts.path_len,
            validity: pair.facts.validity,
            key: pair.key,
        }
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

    /// The certificates that lead from this root to older ones.
    pub(crate) fn is_crossed_by(&mut self, crossed: Vec<Vec<u8>>) {
        if self.is_root {
            self.above = crossed;
        }
    }

    /// What follows a leaf of this authority in its chain.
    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        if self.is_root {
            return self.above.clone();
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
