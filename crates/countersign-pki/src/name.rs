//! By which names is the holder of a certificate known?
//!
//! A [`Name`] is one entry of a certificate's subject alternative names. What a manifest says is
//! checked here; what a test asks of a [`Request`](crate::Request) is not, because tests need bad ones.

use std::fmt;
use std::net::IpAddr;

use crate::der;
use crate::error::IssueError;

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Name {
    /// A DNS name, perhaps with a leading `*.` label.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
    /// A URI; a SPIFFE ID is one.
    Uri(String),
    /// An e-mail address.
    Email(String),
}

impl Name {
    /// The reason why no certificate should carry this name, if there is one.
    ///
    /// ```
    /// use countersign_pki::Name;
    ///
    /// assert_eq!(Name::Dns("localhost".to_owned()).flaw(), None);
    /// assert!(Name::Dns("local host".to_owned()).flaw().is_some());
    /// ```
    pub fn flaw(&self) -> Option<&'static str> {
        match self {
            Self::Dns(name) => dns_flaw(name),
            Self::Ip(_) => None,
            Self::Uri(uri) => uri_flaw(uri),
            Self::Email(address) => email_flaw(address),
        }
    }

    /// The reason why no certificate should have this text for a common name, if there is one.
    pub fn common_name_flaw(text: &str) -> Option<&'static str> {
        common_name_flaw(text)
    }

    /// The general name of a certificate (RFC 5280, 4.2.1.6). Only ASCII can be written.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, IssueError> {
        let text = |tag, text: &str| match text.is_ascii() {
            true => Ok(der::value(der::context(tag), text)),
            false => Err(IssueError::NameNotAscii {
                name: self.to_string(),
            }),
        };
        match self {
            Self::Email(address) => text(1, address),
            Self::Dns(name) => text(2, name),
            Self::Uri(uri) => text(6, uri),
            Self::Ip(IpAddr::V4(address)) => Ok(der::value(der::context(7), address.octets())),
            Self::Ip(IpAddr::V6(address)) => Ok(der::value(der::context(7), address.octets())),
        }
    }

    /// Whether both name the same thing: DNS names are compared without case (RFC 4343).
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dns(one), Self::Dns(two)) => one.eq_ignore_ascii_case(two),
            _ => self == other,
        }
    }
}

impl fmt::Display for Name {
    /// The kind, a colon, the value: `dns:localhost`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{}", name.escape_debug()),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Uri(uri) => write!(f, "uri:{}", uri.escape_debug()),
            Self::Email(address) => write!(f, "email:{}", address.escape_debug()),
        }
    }
}

/// The reason why a common name is refused, if there is one. X.520 allows 64 characters.
pub(crate) fn common_name_flaw(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("it is empty")
    } else if name.chars().any(char::is_control) {
        Some("it contains a control character")
    } else if name.chars().count() > 64 {
        Some("it is longer than 64 characters")
    } else {
        None
    }
}

/// The reason why a SPIFFE ID is refused, if there is one (SPIFFE-ID, sections 2.1 to 2.4).
pub(crate) fn spiffe_flaw(id: &str) -> Option<&'static str> {
    let Some(rest) = id.strip_prefix("spiffe://") else {
        return Some("it does not start with `spiffe://`");
    };
    let Some((domain, path)) = rest.split_once('/') else {
        return Some("it has no path after the trust domain");
    };
    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let letter = |c: char| lower(c) || c.is_ascii_uppercase();
    if id.len() > 2048 {
        Some("it is longer than 2048 bytes")
    } else if domain.is_empty() || !domain.chars().all(lower) {
        Some("a trust domain is made of a-z, 0-9, `.`, `-` and `_`")
    } else if !path.chars().all(|c| c == '/' || letter(c)) {
        Some("a path is made of letters, digits, `.`, `-`, `_` and `/`")
    } else if path
        .split('/')
        .any(|segment| ["", ".", ".."].contains(&segment))
    {
        Some("a path segment may not be empty, `.` or `..`")
    } else {
        None
    }
}

fn dns_flaw(name: &str) -> Option<&'static str> {
    let host = name.strip_prefix("*.").unwrap_or(name);
    if name.parse::<IpAddr>().is_ok() {
        Some("it is an IP address; write it under `ip`")
    } else if name.len() > 253 {
        Some("it is longer than 253 characters")
    } else if !host.split('.').all(is_label) {
        Some("it is not a DNS name: labels of letters, digits and inner hyphens, joined by dots")
    } else {
        None
    }
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn uri_flaw(uri: &str) -> Option<&'static str> {
    let scheme = uri
        .split_once(':')
        .map(|(scheme, rest)| (scheme, !rest.is_empty()));
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    match scheme {
        Some(("spiffe", _)) => spiffe_flaw(uri),
        _ if !uri.chars().all(|c| c.is_ascii_graphic()) => {
            Some("a URI holds printable ASCII characters only")
        }
        Some((scheme, true))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(in_scheme) =>
        {
            None
        }
        _ => Some("it is not an absolute URI: a scheme, a colon, the rest"),
    }
}

fn email_flaw(address: &str) -> Option<&'static str> {
    match address.split_once('@') {
        Some((local, domain))
            if !local.is_empty()
                && address.chars().all(|c| c.is_ascii_graphic())
                && domain.split('.').all(is_label) =>
        {
            None
        }
        _ => Some("it is not an e-mail address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_have_no_flaw() {
        for name in [
            Name::Dns("localhost".into()),
            Name::Dns("*.api.example".into()),
            Name::Ip([127, 0, 0, 1].into()),
            Name::Uri("https://example.test/x?y".into()),
            Name::Uri("spiffe://dev.example/a/b".into()),
            Name::Email("a.b@mail.example".into()),
        ] {
            assert_eq!(name.flaw(), None, "{name}");
        }
    }

    #[test]
    fn bad_names_are_refused() {
        for name in [
            Name::Dns(String::new()),
            Name::Dns("a..b".into()),
            Name::Dns("a\0b".into()),
            Name::Dns("-a.example".into()),
            Name::Dns("a.*.example".into()),
            Name::Dns("127.0.0.1".into()),
            Name::Uri("no scheme".into()),
            Name::Uri("urn:a\0b".into()),
            Name::Uri("spiffe://Dev.example/a".into()),
            Name::Uri("spiffe://dev.example".into()),
            Name::Uri("spiffe://dev.example/a//b".into()),
            Name::Uri("spiffe://dev.example/../b".into()),
            Name::Email("nobody".into()),
            Name::Email("a@b\n".into()),
        ] {
            assert!(name.flaw().is_some(), "{name}");
        }
    }

    #[test]
    fn dns_names_are_compared_without_case() {
        assert!(Name::Dns("LocalHost".into()).same_as(&Name::Dns("localhost".into())));
        assert!(!Name::Email("localhost".into()).same_as(&Name::Dns("localhost".into())));
    }
}
