use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::der::{self, Der, Value};
use crate::{CertificateError, DistinguishedName, Oid};

/// One entry of the subjectAltName extension (RFC 5280, section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AltName {
    /// A distinguished name beside the subject.
    Directory(DistinguishedName),
    /// A host name.
    Dns(Arc<str>),
    /// A mailbox.
    Email(Arc<str>),
    /// An address.
    Ip(IpAddr),
    /// A kind that nobody uses: x400Address or ediPartyName.
    Other,
    /// A kind that others define, such as the principal name of Windows; its value is not read.
    OtherName(Oid),
    /// An object identifier.
    RegisteredId(Oid),
    /// A URI; a SPIFFE ID is one.
    Uri(Arc<str>),
}

/// As [`Name`](crate::Name) is printed: kind, colon, value; a SPIFFE ID stands for itself.
impl fmt::Display for AltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(name) => write!(f, "directory:{name}"),
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Email(mailbox) => write!(f, "email:{mailbox}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Other => f.write_str("other"),
            Self::OtherName(kind) => write!(f, "other:{kind}"),
            Self::RegisteredId(oid) => write!(f, "registered:{oid}"),
            Self::Uri(uri) if uri.starts_with("spiffe://") => f.write_str(uri),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
        }
    }
}

impl AltName {
    /// Reads the value of a subjectAltName extension. All of it or nothing.
    pub(crate) fn read_all(value: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let mut entries = Der::new(Der::only(value, der::SEQUENCE).ok_or(MALFORMED)?);
        let mut names = Vec::new();
        while !entries.is_empty() {
            let entry = entries.value().ok_or(MALFORMED)?;
            let position = names.len() + 1;
            names.push(Self::read(entry).ok_or(CertificateError::AltName { position })?);
        }
        Ok(names)
    }

    fn read(entry: Value<'_>) -> Option<Self> {
        let content = entry.content;
        Some(match entry.tag {
            OTHER_NAME => Self::OtherName(other_name(content)?),
            RFC822_NAME => Self::Email(ascii(content)?),
            DNS_NAME => Self::Dns(ascii(content)?),
            X400_ADDRESS | EDI_PARTY_NAME => Self::Other,
            DIRECTORY_NAME => Self::Directory(DistinguishedName::from_der(content).ok()?),
            UNIFORM_RESOURCE_IDENTIFIER => Self::Uri(ascii(content)?),
            IP_ADDRESS => Self::Ip(ip_address(content)?),
            REGISTERED_ID => Self::RegisteredId(Oid::from_content(content)?),
            _ => return None,
        })
    }
}

/// OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT ANY }, tagged implicitly.
fn other_name(content: &[u8]) -> Option<Oid> {
    let mut parts = Der::new(content);
    let kind = Oid::from_content(parts.content(der::OBJECT_IDENTIFIER)?)?;
    let mut value = Der::new(parts.content(0xa0)?);
    value.value()?;
    (parts.is_empty() && value.is_empty()).then_some(kind)
}

/// These kinds are IA5String, and nobody needs a control character in one.
fn ascii(text: &[u8]) -> Option<Arc<str>> {
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let text = text.iter().all(printable).then_some(text)?;
    str::from_utf8(text).ok().map(Arc::from)
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

const MALFORMED: CertificateError = CertificateError::Extension {
    extension: "subjectAltName",
};

const OTHER_NAME: u8 = 0xa0;
const RFC822_NAME: u8 = 0x81;
const DNS_NAME: u8 = 0x82;
const X400_ADDRESS: u8 = 0xa3;
const DIRECTORY_NAME: u8 = 0xa4;
const EDI_PARTY_NAME: u8 = 0xa5;
const UNIFORM_RESOURCE_IDENTIFIER: u8 = 0x86;
const IP_ADDRESS: u8 = 0x87;
const REGISTERED_ID: u8 = 0x88;
