//! What do the bytes of a certificate say?

use jiff::Timestamp;
use x509_parser::certificate::{X509Certificate, X509CertificateParser};
use x509_parser::nom::Parser as _;
use x509_parser::prelude::ASN1Time;
use x509_parser::x509::X509Name;

use super::Certificate;
use crate::der::{self, Der};
use crate::usage::{self, BasicConstraints, KeyUsages};
use crate::{
    AltName, CertificateError, DistinguishedName, KeyKind, Oid, Pin, SignatureAlgorithm, Thumbprint,
};

pub(super) fn certificate(der: &[u8]) -> Result<Certificate, CertificateError> {
    let x509 = parse(der)?;
    let spki = x509.public_key().raw;
    let algorithm = Oid::from_content(x509.signature_algorithm.algorithm.as_bytes());
    let extensions = Extensions(&x509);
    Ok(Certificate {
        version: x509.version().0.saturating_add(1),
        subject: name(x509.subject(), "subject")?,
        issuer: name(x509.issuer(), "issuer")?,
        serial: data_encoding::HEXLOWER.encode(x509.raw_serial()),
        not_before: timestamp(x509.validity().not_before),
        not_after: timestamp(x509.validity().not_after),
        alt_names: match extensions.value(SUBJECT_ALT_NAME)? {
            Some(value) => AltName::read_all(value)?,
            None => Vec::new(),
        },
        extended_key_usage: extensions.read(EXT_KEY_USAGE, usage::extended_key_usage)?,
        key_usage: extensions.read(KEY_USAGE, KeyUsages::read)?,
        basic_constraints: extensions.read(BASIC_CONSTRAINTS, BasicConstraints::read)?,
        signature_algorithm: algorithm
            .map(SignatureAlgorithm::new)
            .ok_or(CertificateError::Encoding)?,
        key_kind: KeyKind::read(spki).ok_or(CertificateError::Encoding)?,
        authority_key_id: extensions
            .value(AUTHORITY_KEY_ID)?
            .and_then(authority_key_id),
        subject_key_id: extensions.value(SUBJECT_KEY_ID)?.and_then(subject_key_id),
        qc_statements: extensions.value(QC_STATEMENTS)?.map(Into::into),
        thumbprint: Thumbprint::of(der),
        pin: Pin::of(spki),
    })
}

/// Extensions are not parsed here: those that we want, we read ourselves.
fn parse(der: &[u8]) -> Result<X509Certificate<'_>, CertificateError> {
    if der.len() > MAX_LEN {
        return Err(CertificateError::TooLarge {
            len: der.len(),
            max: MAX_LEN,
        });
    }
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    let (rest, x509) = parser.parse(der).map_err(|_| CertificateError::Encoding)?;
    if !rest.is_empty() {
        return Err(CertificateError::TrailingData { len: rest.len() });
    }
    Ok(x509)
}

fn name(name: &X509Name<'_>, field: &'static str) -> Result<DistinguishedName, CertificateError> {
    DistinguishedName::from_der(name.as_raw()).map_err(|_| CertificateError::Name { field })
}

struct Extensions<'a>(&'a X509Certificate<'a>);

/// An extension: its object identifier, and how RFC 5280 spells it.
type Extension = (&'static [u8], &'static str);

impl<'a> Extensions<'a> {
    /// The value of the extension, which must not stand there twice (RFC 5280, section 4.2).
    fn value(&self, (oid, extension): Extension) -> Result<Option<&'a [u8]>, CertificateError> {
        let all = self.0.extensions().iter();
        let mut values = all.filter(|found| found.oid.as_bytes() == oid);
        match (values.next(), values.next()) {
            (found, None) => Ok(found.map(|found| found.value)),
            _ => Err(CertificateError::Extension { extension }),
        }
    }

    /// What `read` makes of the value.
    fn read<T>(
        &self,
        extension: Extension,
        read: impl FnOnce(&'a [u8]) -> Option<T>,
    ) -> Result<Option<T>, CertificateError> {
        let malformed = CertificateError::Extension {
            extension: extension.1,
        };
        let value = self.value(extension)?;
        value.map(|value| read(value).ok_or(malformed)).transpose()
    }
}

/// AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OPTIONAL, … } (RFC 5280, section 4.2.1.1)
fn authority_key_id(value: &[u8]) -> Option<Box<[u8]>> {
    let mut parts = Der::new(Der::only(value, der::SEQUENCE)?);
    parts.content(0x80).map(Into::into)
}

fn subject_key_id(value: &[u8]) -> Option<Box<[u8]>> {
    Der::only(value, der::OCTET_STRING).map(Into::into)
}

/// 9999-12-31T23:59:59Z, "no well-defined expiration date" (RFC 5280, section 4.1.2.5), lies beyond
/// what jiff can hold; it becomes the last moment that can be told.
fn timestamp(time: ASN1Time) -> Timestamp {
    Timestamp::from_second(time.timestamp()).unwrap_or(Timestamp::MAX)
}

/// A certificate with 2,000 names has about 40 KiB; rustls takes chains of up to 64 KiB.
const MAX_LEN: usize = 64 * 1024;

const AUTHORITY_KEY_ID: Extension = (&[0x55, 0x1d, 35], "authorityKeyIdentifier");
const BASIC_CONSTRAINTS: Extension = (&[0x55, 0x1d, 19], "basicConstraints");
const EXT_KEY_USAGE: Extension = (&[0x55, 0x1d, 37], "extKeyUsage");
const KEY_USAGE: Extension = (&[0x55, 0x1d, 15], "keyUsage");
const QC_STATEMENTS: Extension = (&[0x2b, 6, 1, 5, 5, 7, 1, 3], "qcStatements");
const SUBJECT_ALT_NAME: Extension = (&[0x55, 0x1d, 17], "subjectAltName");
const SUBJECT_KEY_ID: Extension = (&[0x55, 0x1d, 14], "subjectKeyIdentifier");
