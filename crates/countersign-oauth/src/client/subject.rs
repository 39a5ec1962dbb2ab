use std::fmt;
use std::net::IpAddr;

use countersign_identity::{AltName, Certificate, DistinguishedName};

use super::RegistrationError;

/// The one name that the certificate of a client must have (RFC 8705, section 2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Dn(DistinguishedName),
    Dns(String),
    Email(String),
    Ip(IpAddr),
    Uri(String),
}

impl Subject {
    /// `tls_client_auth_subject_dn`: a distinguished name as RFC 4514 writes it. Names are compared as RFC 4517,
    /// section 4.2.15 says, and never by their text.
    ///
    /// # Errors
    ///
    /// It is malformed, or has no part.
    pub fn dn(text: &str) -> Result<Self, RegistrationError> {
        let name: DistinguishedName = text.parse()?;
        match name.is_empty() {
            true => Err(RegistrationError::EmptySubject),
            false => Ok(Self(Kind::Dn(name))),
        }
    }

    /// `tls_client_auth_san_dns`: a host name, whole and in whatever case. A wildcard is none.
    ///
    /// # Errors
    ///
    /// It is no host name.
    pub fn dns(text: &str) -> Result<Self, RegistrationError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let is_label = |label: &str| !label.is_empty() && label.bytes().all(plain);
        match text.split('.').all(is_label) {
            true => Ok(Self(Kind::Dns(text.to_owned()))),
            false => Err(wanted(text, "host name")),
        }
    }

    /// `tls_client_auth_san_uri`: a URI, to the letter.
    ///
    /// # Errors
    ///
    /// It is no URI.
    pub fn uri(text: &str) -> Result<Self, RegistrationError> {
        let has_scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !rest.is_empty()
        });
        match has_scheme && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Self(Kind::Uri(text.to_owned()))),
            false => Err(wanted(text, "URI")),
        }
    }

    /// `tls_client_auth_san_ip`: an address. One of IPv4 that is written as IPv6 is another.
    ///
    /// # Errors
    ///
    /// It is no address.
    pub fn ip(text: &str) -> Result<Self, RegistrationError> {
        let address = text.parse().map_err(|_| wanted(text, "address"))?;
        Ok(Self(Kind::Ip(address)))
    }

    /// `tls_client_auth_san_email`: a mailbox, whose host may be in whatever case.
    ///
    /// # Errors
    ///
    /// It is no mailbox.
    pub fn email(text: &str) -> Result<Self, RegistrationError> {
        let whole =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
        let is_one = text
            .rsplit_once('@')
            .is_some_and(|(local, host)| whole(local) && whole(host) && !local.contains('@'));
        match is_one {
            true => Ok(Self(Kind::Email(text.to_owned()))),
            false => Err(wanted(text, "mailbox")),
        }
    }

    /// Why `certificate` is not one with this name; none where it is.
    pub(super) fn mismatch(&self, certificate: &Certificate) -> Option<String> {
        if let Kind::Dn(name) = &self.0 {
            let differences = name.differences(certificate.subject());
            let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
            return (!name.matches(certificate.subject()))
                .then(|| format!("the subject is another: {}", told.join("; ")));
        }
        let mut names = certificate.alt_names().iter();
        let has = names.any(|name| self.is(name));
        (!has).then(|| format!("the certificate has no {self}"))
    }

    fn is(&self, name: &AltName) -> bool {
        match (&self.0, name) {
            (Kind::Dns(wanted), AltName::Dns(found)) => wanted.eq_ignore_ascii_case(found),
            (Kind::Email(wanted), AltName::Email(found)) => same_mailbox(wanted, found),
            (Kind::Ip(wanted), AltName::Ip(found)) => wanted == found,
            (Kind::Uri(wanted), AltName::Uri(found)) => **wanted == **found,
            _ => false,
        }
    }
}

fn same_mailbox(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, host)), Some((other_local, other_host))) => {
            local == other_local && host.eq_ignore_ascii_case(other_host)
        }
        _ => false,
    }
}

fn wanted(text: &str, wanted: &'static str) -> RegistrationError {
    let text = text.escape_debug().to_string();
    RegistrationError::Subject { text, wanted }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Dn(name) => write!(f, "subject `{name}`"),
            Kind::Dns(name) => write!(f, "`dns:{name}`"),
            Kind::Email(mailbox) => write!(f, "`email:{mailbox}`"),
            Kind::Ip(address) => write!(f, "`ip:{address}`"),
            Kind::Uri(uri) => write!(f, "`uri:{uri}`"),
        }
    }
}
