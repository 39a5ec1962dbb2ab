//! What should a certificate say? A [`Request`] collects it; [`Request::issue`] signs it.
//!
//! What is asked for is issued, even if nobody should accept it: that is what tests are for. Only what
//! cannot be written down is refused.

use std::net::IpAddr;

use jiff::Timestamp;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

use crate::authority::{Authority, blank, new_key};
use crate::error::IssueError;
use crate::issued::Issued;
use crate::name::Name;
use crate::validity::{Lifetime, Validity};

/// What the holder of a certificate may do with it in TLS: the extended key usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Usage {
    /// Be a TLS server.
    Server,
    /// Be a TLS client.
    Client,
}

/// A certificate in the making, begun by [`Authority::server`] or [`Authority::client`].
///
/// Unless told otherwise it is valid from five minutes before now for thirty days, though never beyond
/// its issuer; its subject is empty; its key usage is digitalSignature and its extended key usage the
/// one it was begun with.
///
/// ```
/// use countersign_pki::{Authority, Usage};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let yesterday: jiff::Timestamp = "2026-07-31T12:00:00Z".parse()?;
/// let authority = Authority::root("Test Root", now)?;
///
/// let server = authority.server(now).dns("localhost").ip([127, 0, 0, 1]).issue()?;
/// let wrong_purpose = authority.client(now).common_name("x").extended_key_usage(&[Usage::Server]).issue()?;
/// let expired = authority
///     .client(now)
///     .uri("spiffe://dev.example/billing")
///     .validity("2026-07-01T00:00:00Z".parse()?, yesterday)
///     .issue()?;
///
/// assert_eq!(expired.not_after(), yesterday);
/// # let _ = (server, wrong_purpose);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a request issues nothing until `issue` is called"]
pub struct Request<'a> {
    issuer: &'a Authority,
    now: Timestamp,
    common_name: Option<String>,
    names: Vec<Name>,
    usage: Vec<Usage>,
    /// Limited by the issuer's, unless it was chosen.
    validity: Validity,
    validity_is_chosen: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn new(issuer: &'a Authority, usage: Usage, now: Timestamp) -> Self {
        Self {
            issuer,
            now,
            common_name: None,
            names: Vec::new(),
            usage: vec![usage],
            validity: Validity::starting(now, Lifetime::LEAF),
            validity_is_chosen: false,
        }
    }

    /// Adds a DNS name.
    pub fn dns(self, name: impl Into<String>) -> Self {
        self.name(Name::Dns(name.into()))
    }

    /// Adds an IP address.
    pub fn ip(self, address: impl Into<IpAddr>) -> Self {
        self.name(Name::Ip(address.into()))
    }

    /// Adds a URI, such as a SPIFFE ID.
    pub fn uri(self, uri: impl Into<String>) -> Self {
        self.name(Name::Uri(uri.into()))
    }

    /// Adds an e-mail address.
    pub fn email(self, address: impl Into<String>) -> Self {
        self.name(Name::Email(address.into()))
    }

    /// Adds a subject alternative name of any kind. Repeating one puts it into the certificate twice.
    pub fn name(mut self, name: Name) -> Self {
        self.names.push(name);
        self
    }

    /// Sets the common name, the subject's only attribute. Without one the subject is empty and the
    /// subject alternative names are critical (RFC 5280, 4.1.2.6).
    pub fn common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = Some(name.into());
        self
    }

    /// Replaces the extended key usage. An empty list leaves the extension out: fit for any purpose.
    pub fn extended_key_usage(mut self, usage: &[Usage]) -> Self {
        self.usage = usage.to_vec();
        self
    }

    /// Makes it valid exactly between two moments, even outside its issuer's validity.
    pub fn validity(mut self, from: Timestamp, until: Timestamp) -> Self {
        self.validity = Validity::between(from, until);
        self.validity_is_chosen = true;
        self
    }

    /// A validity that the issuer's still limits.
    pub(crate) fn at_most(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self.validity_is_chosen = false;
        self
    }

    /// Makes a new key and issues the certificate for it.
    ///
    /// # Errors
    /// [`IssueError::ValidityEmpty`], [`IssueError::ValidityOutOfRange`], [`IssueError::NameNotAscii`],
    /// and [`IssueError::IssuerNotValid`] if the issuer has ended and no validity was chosen.
    pub fn issue(self) -> Result<Issued, IssueError> {
        self.issue_for(new_key()?)
    }

    /// Issues the certificate for a key that exists.
    pub(crate) fn issue_for(self, key: KeyPair) -> Result<Issued, IssueError> {
        let validity = match self.validity_is_chosen {
            true => self.validity,
            false => self.issuer.limit(self.validity, self.now)?,
        };
        let leaf = self.issuer.sign(&self.params(validity)?, &key)?;
        Ok(Issued::new(leaf, self.issuer.chain(), validity.until, key))
    }

    fn params(&self, validity: Validity) -> Result<CertificateParams, IssueError> {
        let mut params = blank(validity)?;
        if let Some(name) = &self.common_name {
            params
                .distinguished_name
                .push(DnType::CommonName, name.as_str());
        }
        params.subject_alt_names = self
            .names
            .iter()
            .map(Name::to_san)
            .collect::<Result<_, _>>()?;
        // Also what makes rcgen write a subject key identifier.
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = self.usage.iter().map(|usage| usage.purpose()).collect();
        Ok(params)
    }
}

impl Usage {
    fn purpose(self) -> ExtendedKeyUsagePurpose {
        match self {
            Self::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Self::Client => ExtendedKeyUsagePurpose::ClientAuth,
        }
    }
}
