use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use crate::{CanonicalName, NameError, OrganizationId, Pin, Scheme, SpiffeId, Thumbprint};

/// One name in a certificate, of a known kind and in canonical form. Cheap to clone.
///
/// Printed and parsed as kind, colon, value; a SPIFFE ID is its own kind.
///
/// ```
/// use countersign_identity::Name;
///
/// let name: Name = "dns:API.partner.example".parse()?;
/// assert_eq!(name.to_string(), "dns:api.partner.example");
/// assert_ne!(name, "cn:api.partner.example".parse()?);
///
/// let name: Name = "dn:cn=Billing,o=ACME".parse()?;
/// assert_eq!(name.to_string(), "dn:CN=billing,O=acme");
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Name {
    /// The subject's commonName, compared byte by byte.
    CommonName(Arc<str>),
    /// The whole subject.
    DistinguishedName(CanonicalName),
    /// A host name in lower case.
    Dns(Arc<str>),
    /// A mailbox, its domain in lower case.
    Email(Arc<str>),
    /// An address.
    Ip(IpAddr),
    /// The subject's organizationIdentifier.
    Organization(OrganizationId),
    /// The digest of the public key.
    Pin(Pin),
    /// A SPIFFE ID.
    Spiffe(SpiffeId),
    /// The digest of the certificate. A renewal has another.
    Thumbprint(Thumbprint),
    /// Any other URI, compared byte by byte.
    Uri(Arc<str>),
}

impl Name {
    /// The kind of the name.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::CommonName(_) => Scheme::CommonName,
            Self::DistinguishedName(_) => Scheme::DistinguishedName,
            Self::Dns(_) => Scheme::Dns,
            Self::Email(_) => Scheme::Email,
            Self::Ip(_) => Scheme::Ip,
            Self::Organization(_) => Scheme::Organization,
            Self::Pin(_) => Scheme::Pin,
            Self::Spiffe(_) => Scheme::Spiffe,
            Self::Thumbprint(_) => Scheme::Thumbprint,
            Self::Uri(_) => Scheme::Uri,
        }
    }

    /// The name without its kind; the whole id for SPIFFE.
    pub fn value(&self) -> Cow<'_, str> {
        match self {
            Self::CommonName(value) | Self::Dns(value) | Self::Email(value) | Self::Uri(value) => {
                Cow::Borrowed(value)
            }
            Self::DistinguishedName(name) => Cow::Borrowed(name.as_str()),
            Self::Ip(address) => Cow::Owned(address.to_string()),
            Self::Organization(id) => Cow::Borrowed(id.as_str()),
            Self::Pin(pin) => Cow::Owned(pin.to_string()),
            Self::Spiffe(id) => Cow::Borrowed(id.as_str()),
            Self::Thumbprint(thumbprint) => Cow::Owned(thumbprint.to_string()),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scheme().prefix(), self.value())
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, value) = Scheme::split(text)?;
        scheme.read(value)
    }
}

/// A host name of at least one label (RFC 1123, section 2.1), without wildcard or trailing dot.
pub(crate) fn is_host(value: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    value.len() <= 253 && value.split('.').all(label)
}

pub(crate) fn read_email(value: &str) -> Option<Name> {
    let (mailbox, domain) = value.rsplit_once('@')?;
    let plain = !mailbox.is_empty() && mailbox.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && is_host(domain))
        .then(|| Name::Email(format!("{mailbox}@{}", domain.to_ascii_lowercase()).into()))
}
