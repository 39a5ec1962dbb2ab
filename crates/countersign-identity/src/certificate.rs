use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::OID_X509_EXT_BASIC_CONSTRAINTS;
use x509_parser::prelude::{ASN1Time, FromDer};
use x509_parser::x509::X509Name;

use crate::{CertificateError, DistinguishedName, Pin, Thumbprint};

/// The facts of an X.509 certificate, read once.
///
/// Holding one says nothing about trust: anybody can make the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    subject: DistinguishedName,
    issuer: DistinguishedName,
    serial: String,
    not_before: Timestamp,
    not_after: Timestamp,
    alt_names: Vec<AltName>,
    purposes: Purposes,
    is_ca: bool,
    thumbprint: Thumbprint,
    pin: Pin,
}

impl Certificate {
    /// Reads a DER certificate.
    ///
    /// # Errors
    ///
    /// The bytes are not exactly one X.509 certificate of at most 64 KiB, or an extension that we
    /// rely on is malformed or repeated. A subjectAltName with one unreadable entry is refused
    /// whole: leaving the entry out could change who the certificate names.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_LEN {
            return Err(CertificateError::TooLarge {
                len: der.len(),
                max: MAX_LEN,
            });
        }
        let (rest, x509) =
            X509Certificate::from_der(der).map_err(|_| CertificateError::Encoding)?;
        if !rest.is_empty() {
            return Err(CertificateError::TrailingData { len: rest.len() });
        }
        Ok(Self {
            subject: name(x509.subject(), "subject")?,
            issuer: name(x509.issuer(), "issuer")?,
            serial: data_encoding::HEXLOWER.encode(x509.raw_serial()),
            not_before: timestamp(x509.validity().not_before),
            not_after: timestamp(x509.validity().not_after),
            alt_names: alt_names(&x509)?,
            purposes: purposes(&x509)?,
            is_ca: is_ca(&x509)?,
            thumbprint: Thumbprint::of(der),
            pin: Pin::of(x509.public_key().raw),
        })
    }

    /// The subject; often empty, and never to be mapped to a caller as text.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The issuer, as the certificate names it. Anybody can write this name.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// The serial number: lower-case hex of its DER content.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The first second at which the certificate is valid.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second at which the certificate is valid (RFC 5280, section 4.1.2.5: inclusive).
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The subject alternative names, in the order of the certificate.
    pub fn alt_names(&self) -> &[AltName] {
        &self.alt_names
    }

    /// What the extended key usage extension allows.
    pub fn purposes(&self) -> Purposes {
        self.purposes
    }

    /// Whether basic constraints mark it as a CA.
    pub fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// SHA-256 over the certificate.
    pub fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// SHA-256 over the public key.
    pub fn pin(&self) -> Pin {
        self.pin
    }
}

/// One entry of the subjectAltName extension.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AltName {
    /// A host name.
    Dns(String),
    /// A mailbox.
    Email(String),
    /// An address.
    Ip(IpAddr),
    /// A kind that identifies nobody here: otherName, directoryName, registeredID and the like.
    Other,
    /// A URI; a SPIFFE ID is one.
    Uri(String),
}

/// As [`Name`](crate::Name) is printed: kind, colon, value; a SPIFFE ID stands for itself.
impl fmt::Display for AltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Email(mailbox) => write!(f, "email:{mailbox}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Other => f.write_str("other"),
            Self::Uri(uri) if uri.starts_with("spiffe://") => f.write_str(uri),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
        }
    }
}

/// What the extended key usage extension allows (RFC 5280, section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purposes {
    /// There is no such extension: any purpose.
    Any,
    /// The purposes are listed.
    Listed {
        /// `clientAuth` is among them.
        client: bool,
        /// `serverAuth` is among them.
        server: bool,
    },
}

impl Purposes {
    /// Whether a client may present the certificate.
    pub fn allow_client(self) -> bool {
        matches!(self, Self::Any | Self::Listed { client: true, .. })
    }
}

fn name(name: &X509Name<'_>, field: &'static str) -> Result<DistinguishedName, CertificateError> {
    DistinguishedName::from_der(name.as_raw()).map_err(|_| CertificateError::Name { field })
}

fn alt_names(x509: &X509Certificate<'_>) -> Result<Vec<AltName>, CertificateError> {
    let extension = x509
        .subject_alternative_name()
        .map_err(in_extension("subjectAltName"))?;
    let Some(extension) = extension else {
        return Ok(Vec::new());
    };
    let entries = extension.value.general_names.iter().enumerate();
    entries
        .map(|(index, entry)| {
            alt_name(entry).ok_or(CertificateError::AltName {
                position: index + 1,
            })
        })
        .collect()
}

fn alt_name(entry: &GeneralName<'_>) -> Option<AltName> {
    Some(match entry {
        GeneralName::DNSName(name) => AltName::Dns(ascii(name)?),
        GeneralName::RFC822Name(mailbox) => AltName::Email(ascii(mailbox)?),
        GeneralName::URI(uri) => AltName::Uri(ascii(uri)?),
        GeneralName::IPAddress(bytes) => AltName::Ip(ip_address(bytes)?),
        GeneralName::Invalid(..) => return None,
        _ => AltName::Other,
    })
}

/// These three kinds are IA5String, and nobody needs a control character in one.
fn ascii(text: &str) -> Option<String> {
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    text.bytes().all(printable).then(|| text.to_owned())
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn purposes(x509: &X509Certificate<'_>) -> Result<Purposes, CertificateError> {
    let extension = x509
        .extended_key_usage()
        .map_err(in_extension("extKeyUsage"))?;
    Ok(match extension {
        None => Purposes::Any,
        Some(extension) => Purposes::Listed {
            client: extension.value.client_auth,
            server: extension.value.server_auth,
        },
    })
}

fn is_ca(x509: &X509Certificate<'_>) -> Result<bool, CertificateError> {
    let malformed = in_extension("basicConstraints");
    // `X509Certificate::basic_constraints` says "none" of one that it cannot read.
    let extension = x509
        .get_extension_unique(&OID_X509_EXT_BASIC_CONSTRAINTS)
        .map_err(&malformed)?;
    match extension.map(X509Extension::parsed_extension) {
        None => Ok(false),
        Some(ParsedExtension::BasicConstraints(constraints)) => Ok(constraints.ca),
        Some(_) => Err(malformed(X509Error::InvalidExtensions)),
    }
}

fn in_extension(extension: &'static str) -> impl Fn(X509Error) -> CertificateError {
    move |_| CertificateError::Extension { extension }
}

/// 9999-12-31T23:59:59Z, "no well-defined expiration date" (RFC 5280, section 4.1.2.5), lies beyond
/// what jiff can hold; it becomes the last moment that can be told.
fn timestamp(time: ASN1Time) -> Timestamp {
    Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::MAX)
}

/// A certificate with 2,000 names has about 40 KiB; rustls takes chains of up to 64 KiB.
const MAX_LEN: usize = 64 * 1024;
