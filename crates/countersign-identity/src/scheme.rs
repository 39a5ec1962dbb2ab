use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::name::{is_host, read_email};
use crate::{AltName, Certificate, DistinguishedName, IdentityError, Name, NameError, SpiffeId};

/// Which kind of name identifies the holder of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// The commonName of the subject: unchecked text, for old PKIs only.
    CommonName,
    /// The whole subject, which must not be empty.
    DistinguishedName,
    /// The one dNSName.
    Dns,
    /// The one rfc822Name.
    Email,
    /// The one iPAddress.
    Ip,
    /// The organizationIdentifier of the subject (ETSI EN 319 412-1, section 5.1.4).
    Organization,
    /// The public key. A renewal that keeps the key keeps the name.
    Pin,
    /// The one URI, which must be a SPIFFE ID (X509-SVID, section 2).
    Spiffe,
    /// The certificate itself. Every renewal is another name.
    Thumbprint,
    /// The one URI.
    Uri,
}

impl Scheme {
    /// Every kind, those that serve best first.
    pub const ALL: [Self; 10] = [
        Self::Spiffe,
        Self::Uri,
        Self::Dns,
        Self::Email,
        Self::Ip,
        Self::DistinguishedName,
        Self::Organization,
        Self::Pin,
        Self::Thumbprint,
        Self::CommonName,
    ];

    /// The one name of this kind in `certificate`.
    ///
    /// # Errors
    ///
    /// There is none, there are several, or the one is malformed.
    pub fn name_in(self, certificate: &Certificate) -> Result<Name, IdentityError> {
        let name = match self {
            Self::DistinguishedName if certificate.subject().is_empty() => {
                return Err(IdentityError::Missing { scheme: self });
            }
            Self::DistinguishedName => named(certificate.subject()),
            Self::Pin => Ok(Name::Pin(certificate.pin())),
            Self::Thumbprint => Ok(Name::Thumbprint(certificate.thumbprint())),
            _ => self.read(self.value_in(certificate)?),
        };
        name.map_err(|source| IdentityError::Malformed {
            scheme: self,
            source,
        })
    }

    /// Shared with the certificate where it can be: whose a parsed certificate is can be said without a copy.
    fn value_in(self, certificate: &Certificate) -> Result<Arc<str>, IdentityError> {
        let subject = certificate.subject();
        match self {
            Self::CommonName => self.only(subject.common_names()).map(Arc::from),
            Self::Organization => self.only(subject.organization_identifiers()).map(Arc::from),
            _ => {
                let names = certificate.alt_names().iter();
                self.only(names.filter_map(|name| self.value_of(name)))
            }
        }
    }

    fn only<T>(self, mut values: impl Iterator<Item = T>) -> Result<T, IdentityError> {
        let missing = IdentityError::Missing { scheme: self };
        let value = values.next().ok_or(missing)?;
        match values.count() {
            0 => Ok(value),
            more => Err(IdentityError::Ambiguous {
                scheme: self,
                count: more + 1,
            }),
        }
    }

    fn value_of(self, name: &AltName) -> Option<Arc<str>> {
        match (self, name) {
            (Self::Dns, AltName::Dns(value))
            | (Self::Email, AltName::Email(value))
            | (Self::Spiffe | Self::Uri, AltName::Uri(value)) => Some(Arc::clone(value)),
            (Self::Ip, AltName::Ip(address)) => Some(address.to_string().into()),
            _ => None,
        }
    }

    /// Reads the value of a name of this kind.
    pub(crate) fn read<T: AsRef<str> + Into<Arc<str>>>(self, text: T) -> Result<Name, NameError> {
        let value = text.as_ref();
        let malformed = |wanted| NameError::Malformed {
            name: value.to_owned(),
            wanted,
        };
        if value.is_empty() || value.chars().any(char::is_control) {
            return Err(malformed("text without control characters"));
        }
        match self {
            Self::CommonName => Ok(Name::CommonName(text.into())),
            Self::DistinguishedName => named(&value.parse()?),
            Self::Dns if !is_host(value) => Err(malformed("a host name")),
            Self::Dns if value.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                Ok(Name::Dns(value.to_ascii_lowercase().into()))
            }
            Self::Dns => Ok(Name::Dns(text.into())),
            Self::Email => read_email(value).ok_or_else(|| malformed("a mailbox `name@domain`")),
            Self::Ip => {
                let address = value.parse().map_err(|_| malformed("an IP address"))?;
                Ok(Name::Ip(address))
            }
            Self::Organization => value.parse().map(Name::Organization),
            Self::Pin => value.parse().map(Name::Pin),
            Self::Spiffe => SpiffeId::read(text).map(Name::Spiffe),
            Self::Thumbprint => value.parse().map(Name::Thumbprint),
            Self::Uri => Ok(Name::Uri(text.into())),
        }
    }

    /// Splits `kind:value`, the form of names and patterns.
    pub(crate) fn split(text: &str) -> Result<(Self, &str), NameError> {
        if text.starts_with(Self::Spiffe.as_str()) {
            return Ok((Self::Spiffe, text));
        }
        let (word, value) = text.split_once(':').unwrap_or_default();
        match Self::of_word(word) {
            Some(scheme) => Ok((scheme, value)),
            None => Err(NameError::Kind {
                name: text.to_owned(),
            }),
        }
    }

    /// What stands before the value in print; a SPIFFE ID needs nothing.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::CommonName => "cn:",
            Self::DistinguishedName => "dn:",
            Self::Dns => "dns:",
            Self::Email => "email:",
            Self::Ip => "ip:",
            Self::Organization => "org:",
            Self::Pin => "pin:",
            Self::Spiffe => "",
            Self::Thumbprint => "x5t:",
            Self::Uri => "uri:",
        }
    }

    /// The word for it in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spiffe => "spiffe",
            _ => self.prefix().trim_end_matches(':'),
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == word)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scheme {
    type Err = NameError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::of_word(word).ok_or_else(|| NameError::Malformed {
            name: word.to_owned(),
            wanted: "one of `spiffe`, `uri`, `dns`, `email`, `ip`, `dn`, `org`, `pin`, `x5t`, `cn`",
        })
    }
}

/// The name for a subject. As in a commonName, a control character could forge something wherever
/// it is printed.
fn named(subject: &DistinguishedName) -> Result<Name, NameError> {
    let mut values = subject
        .attributes()
        .filter_map(|attribute| attribute.text());
    if values.any(|value| value.chars().any(char::is_control)) {
        return Err(NameError::Malformed {
            name: subject.to_string(),
            wanted: "a distinguished name without control characters",
        });
    }
    Ok(Name::DistinguishedName(subject.canonical()))
}
