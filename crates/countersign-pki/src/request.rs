//! What should a certificate say? A [`Request`] collects it; [`Request::issue`] signs it.
//!
//! What is asked for is issued, even if nobody should accept it: that is what tests are for. Only what
//! cannot be written down is refused.

mod contents;

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::authority::Authority;
use crate::constraints::NameConstraints;
use crate::csr::Csr;
use crate::error::IssueError;
use crate::extension::Extension;
use crate::issued::{Certified, Issued};
use crate::key::{Key, KeyKind};
use crate::name::Name;
use crate::seed::Seed;
use crate::subject::{Attribute, Subject};
pub(crate) use crate::usage::Usage;
use crate::usage::{BasicConstraints, KeyUsage};
use crate::validity::{Lifetime, Validity};

/// A certificate in the making, begun by [`Authority::server`], [`Authority::client`],
/// [`Authority::root_request`], [`Authority::intermediate_request`] or [`Request::self_signed`].
///
/// Unless told otherwise a leaf is valid from five minutes before now for thirty days, though never
/// beyond its issuer; its key is a new P-256 one and its serial number random; its subject is empty;
/// its key usage is digitalSignature and its extended key usage the one it was begun with.
///
/// ```
/// use countersign_pki::{Authority, KeyKind, KeyUsage, Usage};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let yesterday: jiff::Timestamp = "2026-07-31T12:00:00Z".parse()?;
/// let authority = Authority::root("Test Root", now)?;
///
/// let server = authority.server(now).dns("localhost").ip([127, 0, 0, 1]).issue()?;
/// let wrong_purpose = authority.client(now).common_name("x").extended_key_usage(&[Usage::Server]).issue()?;
/// let ed25519 = authority.client(now).common_name("x").key(KeyKind::Ed25519).issue()?;
/// let expired = authority
///     .client(now)
///     .uri("spiffe://dev.example/billing")
///     .validity("2026-07-01T00:00:00Z".parse()?, yesterday)
///     .issue()?;
/// let cannot_sign = authority
///     .intermediate_request("Cannot Sign", now)
///     .key_usage(&[KeyUsage::CrlSign])
///     .issue_authority()?;
///
/// assert_eq!(expired.not_after(), yesterday);
/// # let _ = (server, wrong_purpose, ed25519, cannot_sign);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a request issues nothing until `issue` is called"]
pub struct Request<'a> {
    /// The holder itself, if there is none.
    issuer: Option<&'a Authority>,
    now: Timestamp,
    subject: Subject,
    names: Vec<Entry>,
    key_usage: Vec<KeyUsage>,
    usage: Vec<Usage>,
    basic_constraints: BasicConstraints,
    extensions: Vec<Extension>,
    left_out: Vec<Vec<u64>>,
    /// Limited by the issuer's, unless it was chosen.
    validity: Validity,
    validity_is_chosen: bool,
    serial: Option<Vec<u8>>,
    key: Choice,
    /// Where key and serial number come from, if not from chance.
    seed: Option<(Seed, String)>,
    /// Whose name and key identifier to take over, to the byte.
    holder: Option<&'a Authority>,
}

/// A subject alternative name: a good one, or any bytes under any tag.
#[derive(Clone, Debug)]
enum Entry {
    Name(Name),
    Raw(u8, Vec<u8>),
}

#[derive(Clone)]
enum Choice {
    New(KeyKind),
    Given(Key),
}

/// Beginning.
impl<'a> Request<'a> {
    pub(crate) fn new(
        issuer: impl Into<Option<&'a Authority>>,
        usage: Usage,
        now: Timestamp,
    ) -> Self {
        Self {
            issuer: issuer.into(),
            now,
            subject: Subject::new(),
            names: Vec::new(),
            key_usage: vec![KeyUsage::DigitalSignature],
            usage: vec![usage],
            basic_constraints: BasicConstraints::Leaf,
            extensions: Vec::new(),
            left_out: Vec::new(),
            validity: Validity::starting(now, Lifetime::LEAF),
            validity_is_chosen: false,
            serial: None,
            key: Choice::New(KeyKind::default()),
            seed: None,
            holder: None,
        }
    }

    /// Begins an authority's certificate.
    pub(crate) fn authority(
        issuer: Option<&'a Authority>,
        subject: Subject,
        now: Timestamp,
    ) -> Self {
        let (path_len, lifetime) = match issuer {
            None => (1, Lifetime::ROOT),
            Some(_) => (0, Lifetime::INTERMEDIATE),
        };
        Self {
            subject,
            key_usage: vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign],
            usage: Vec::new(),
            basic_constraints: BasicConstraints::AuthorityAbove(path_len),
            validity: Validity::starting(now, lifetime),
            ..Self::new(issuer, Usage::Any, now)
        }
    }

    /// Begins a leaf that nobody vouches for but its own key.
    pub fn self_signed(usage: Usage, now: Timestamp) -> Self {
        Self::new(None, usage, now)
    }

    /// Takes over the name, the key and the key identifier of an authority that exists.
    pub(crate) fn held_by(mut self, holder: &'a Authority) -> Self {
        self.key = Choice::Given(holder.key().clone());
        self.holder = Some(holder);
        self
    }
}

/// Who it is.
impl Request<'_> {
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
        self.names.push(Entry::Name(name));
        self
    }

    /// Adds a subject alternative name as it is encoded: the tag (0x82 is a DNS name, 0x86 a URI, 0x87 an
    /// address; RFC 5280, 4.2.1.6) and any bytes, such as an address of five.
    pub fn raw_name(mut self, tag: u8, bytes: impl Into<Vec<u8>>) -> Self {
        self.names.push(Entry::Raw(tag, bytes.into()));
        self
    }

    /// Sets the common name, and leaves the rest of the subject as it is. Without a subject the subject
    /// alternative names are critical (RFC 5280, 4.1.2.6).
    pub fn common_name(mut self, name: impl Into<String>) -> Self {
        self.subject.set_common_name(name.into());
        self
    }

    /// Replaces the whole subject.
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = subject;
        self
    }

    /// Adds the common name and the subject alternative names that a signing request asks for. Nothing
    /// else that it asks for is looked at.
    pub fn names_of(mut self, csr: &Csr) -> Self {
        if let Some(name) = csr.common_name() {
            self.subject.set_common_name(name.to_owned());
        }
        csr.names().iter().cloned().fold(self, Self::name)
    }
}

/// What it may do, and for how long.
impl Request<'_> {
    /// Replaces the extended key usage. An empty list leaves the extension out: fit for any purpose.
    pub fn extended_key_usage(mut self, usage: &[Usage]) -> Self {
        self.usage = usage.to_vec();
        self
    }

    /// Replaces the key usage. An empty list leaves the extension out.
    pub fn key_usage(mut self, usage: &[KeyUsage]) -> Self {
        self.key_usage = usage.to_vec();
        self
    }

    /// Replaces what it says about being an authority.
    pub fn basic_constraints(mut self, constraints: BasicConstraints) -> Self {
        self.basic_constraints = constraints;
        self
    }

    /// Limits the names below it.
    pub fn name_constraints(self, constraints: NameConstraints) -> Self {
        self.extension(Extension::name_constraints(&constraints))
    }

    /// Adds an extension after the usual ones: a second one with the same object identifier too.
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Leaves out the usual extension with this object identifier. One that was added stays, so this
    /// and [`extension`](Self::extension) together replace it.
    pub fn without_extension(mut self, oid: &[u64]) -> Self {
        self.left_out.push(oid.to_vec());
        self
    }

    /// Names another issuing key than the one that signs (RFC 5280, 4.2.1.1).
    pub fn authority_key_id(self, id: &[u8]) -> Self {
        self.without_extension(crate::extension::AUTHORITY_KEY_ID)
            .extension(Extension::authority_key_id(id))
    }

    /// Makes it valid exactly between two moments, even outside its issuer's validity.
    pub fn validity(mut self, from: Timestamp, until: Timestamp) -> Self {
        self.validity = Validity::between(from, until);
        self.validity_is_chosen = true;
        self
    }

    /// Makes it valid from five minutes before now for that long, though never beyond its issuer.
    pub fn lasting(self, lifetime: Lifetime) -> Self {
        let validity = Validity::starting(self.now, lifetime);
        self.at_most(validity)
    }

    /// A validity that the issuer's still limits.
    pub(crate) fn at_most(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self.validity_is_chosen = false;
        self
    }

    /// The serial number, big-endian: zero and more than the twenty bytes of RFC 5280, 4.1.2.2, too.
    pub fn serial(mut self, serial: &[u8]) -> Self {
        self.serial = Some(serial.to_vec());
        self
    }
}

/// With which key.
impl Request<'_> {
    /// Asks for a new key of this kind.
    pub fn key(mut self, kind: KeyKind) -> Self {
        self.key = Choice::New(kind);
        self
    }

    /// Asks for a certificate for a key that exists, as a renewal does that keeps its key.
    pub fn for_key(mut self, key: &Key) -> Self {
        self.key = Choice::Given(key.clone());
        self
    }

    /// The key that exists already.
    pub(crate) fn given_key(&self) -> Option<&Key> {
        match &self.key {
            Choice::New(_) => None,
            Choice::Given(key) => Some(key),
        }
    }

    /// Takes the key, unless one is given, and the serial number, unless one is, from the seed: the same
    /// name gives the same bytes each time, if the issuer's signatures repeat. Another certificate for
    /// the same name needs a [`serial`](Self::serial) or a name of its own.
    pub fn seeded(mut self, seed: &Seed, name: impl Into<String>) -> Self {
        self.seed = Some((seed.clone(), name.into()));
        self
    }
}

/// Ending.
impl Request<'_> {
    /// Issues the certificate, and makes the key if there is none.
    ///
    /// # Errors
    /// [`IssueError::ValidityEmpty`], [`IssueError::ValidityOutOfRange`], [`IssueError::NameNotAscii`],
    /// [`IssueError::AttributeTwice`], [`IssueError::NotAnOid`], with a seed
    /// [`IssueError::NotSeedable`] and [`IssueError::NotDeterministic`], and
    /// [`IssueError::IssuerNotValid`] if the issuer has ended and no validity was chosen.
    pub fn issue(self) -> Result<Issued, IssueError> {
        let key = self.choose_key()?;
        let certified = self.certify(key.public_key_der(), Some(&key))?;
        Ok(Issued::new(certified, key))
    }

    /// Issues it as an authority that can issue in turn, whether its certificate says so or not.
    ///
    /// # Errors
    /// As [`issue`](Self::issue).
    pub fn issue_authority(self) -> Result<Authority, IssueError> {
        let (path_len, validity) = (self.basic_constraints.path_len(), self.limited()?);
        let (issuer, name) = (self.issuer, self.subject.get(Attribute::CommonName));
        let name = name.unwrap_or_default().to_owned();
        let key_id = self.holder.map(|holder| holder.key_id().to_vec());
        let authority = Authority::made(self.issue()?, issuer, path_len, validity, name)?;
        Ok(key_id.into_iter().fold(authority, Authority::known_as))
    }

    /// Issues the certificate for the key of a signing request. Names come from
    /// [`names_of`](Self::names_of) or are given; extensions are ours alone.
    ///
    /// # Errors
    /// As [`issue`](Self::issue), and [`IssueError::RequestRefused`] if nobody else is to sign.
    pub fn sign(self, csr: &Csr) -> Result<Certified, IssueError> {
        if self.issuer.is_none() {
            let reason = "a self-signed certificate is signed by its own key, which is not here";
            return Err(IssueError::RequestRefused { reason });
        }
        self.certify(csr.public_key_der(), None)
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .field("names", &self.names)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}
