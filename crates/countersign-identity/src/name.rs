use std::fmt;
use std::str::FromStr;

use crate::{AltName, Certificate, IdentityError, NameError, SpiffeId};

/// One name in a certificate, of a known kind and in canonical form.
///
/// Printed and parsed as kind, colon, value; a SPIFFE ID is its own kind.
///
/// ```
/// use countersign_identity::Name;
///
/// let name: Name = "dns:API.partner.example".parse()?;
/// assert_eq!(name.to_string(), "dns:api.partner.example");
/// assert_ne!(name, "cn:api.partner.example".parse()?);
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Name {
    /// The subject's commonName, compared byte by byte.
    CommonName(String),
    /// A host name in lower case.
    Dns(String),
    /// A mailbox, its domain in lower case.
    Email(String),
    /// A SPIFFE ID.
    Spiffe(SpiffeId),
    /// Any other URI, compared byte by byte.
    Uri(String),
}

impl Name {
    /// The kind of the name.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::CommonName(_) => Scheme::CommonName,
            Self::Dns(_) => Scheme::Dns,
            Self::Email(_) => Scheme::Email,
            Self::Spiffe(_) => Scheme::Spiffe,
            Self::Uri(_) => Scheme::Uri,
        }
    }

    /// The name without its kind; the whole id for SPIFFE.
    pub fn value(&self) -> &str {
        match self {
            Self::CommonName(value) | Self::Dns(value) | Self::Email(value) | Self::Uri(value) => {
                value
            }
            Self::Spiffe(id) => id.as_str(),
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

/// Which kind of name identifies the holder of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Scheme {
    /// The commonName of the subject: unchecked text, for old PKIs only.
    CommonName,
    /// The one dNSName.
    Dns,
    /// The one rfc822Name.
    Email,
    /// The one URI, which must be a SPIFFE ID (X509-SVID, section 2).
    Spiffe,
    /// The one URI.
    Uri,
}

impl Scheme {
    /// The one name of this kind in `certificate`.
    ///
    /// # Errors
    ///
    /// There is none, there are several, or the one is malformed.
    pub fn name_in(self, certificate: &Certificate) -> Result<Name, IdentityError> {
        match self.values_in(certificate).as_slice() {
            [] => Err(IdentityError::Missing { scheme: self }),
            [value] => self.read(value).map_err(|source| IdentityError::Malformed {
                scheme: self,
                source,
            }),
            several => Err(IdentityError::Ambiguous {
                scheme: self,
                count: several.len(),
            }),
        }
    }

    fn values_in(self, certificate: &Certificate) -> Vec<&str> {
        if self == Self::CommonName {
            let names = certificate.subject().common_names();
            return names.iter().map(String::as_str).collect();
        }
        let names = certificate.alt_names().iter();
        names
            .filter_map(|name| match (self, name) {
                (Self::Dns, AltName::Dns(value))
                | (Self::Email, AltName::Email(value))
                | (Self::Spiffe | Self::Uri, AltName::Uri(value)) => Some(value.as_str()),
                _ => None,
            })
            .collect()
    }

    fn read(self, value: &str) -> Result<Name, NameError> {
        let malformed = |wanted| NameError::Malformed {
            name: value.to_owned(),
            wanted,
        };
        if value.is_empty() || value.chars().any(char::is_control) {
            return Err(malformed("text without control characters"));
        }
        match self {
            Self::CommonName => Ok(Name::CommonName(value.to_owned())),
            Self::Dns if is_host(value) => Ok(Name::Dns(value.to_ascii_lowercase())),
            Self::Dns => Err(malformed("a host name")),
            Self::Email => read_email(value).ok_or_else(|| malformed("a mailbox `name@domain`")),
            Self::Spiffe => value.parse().map(Name::Spiffe),
            Self::Uri => Ok(Name::Uri(value.to_owned())),
        }
    }

    /// Splits `kind:value`, the form of names and patterns.
    pub(crate) fn split(text: &str) -> Result<(Self, &str), NameError> {
        if text.starts_with(Self::Spiffe.as_str()) {
            return Ok((Self::Spiffe, text));
        }
        [Self::CommonName, Self::Dns, Self::Email, Self::Uri]
            .into_iter()
            .find_map(|scheme| Some((scheme, text.strip_prefix(scheme.prefix())?)))
            .ok_or_else(|| NameError::Kind {
                name: text.to_owned(),
            })
    }

    /// What stands before the value in print; a SPIFFE ID needs nothing.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::CommonName => "cn:",
            Self::Dns => "dns:",
            Self::Email => "email:",
            Self::Spiffe => "",
            Self::Uri => "uri:",
        }
    }

    /// The word for it in configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommonName => "cn",
            Self::Dns => "dns",
            Self::Email => "email",
            Self::Spiffe => "spiffe",
            Self::Uri => "uri",
        }
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
        [
            Self::CommonName,
            Self::Dns,
            Self::Email,
            Self::Spiffe,
            Self::Uri,
        ]
        .into_iter()
        .find(|scheme| scheme.as_str() == word)
        .ok_or_else(|| NameError::Malformed {
            name: word.to_owned(),
            wanted: "one of `spiffe`, `uri`, `dns`, `email`, `cn`",
        })
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

fn read_email(value: &str) -> Option<Name> {
    let (mailbox, domain) = value.rsplit_once('@')?;
    let plain = !mailbox.is_empty() && mailbox.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && is_host(domain))
        .then(|| Name::Email(format!("{mailbox}@{}", domain.to_ascii_lowercase())))
}
