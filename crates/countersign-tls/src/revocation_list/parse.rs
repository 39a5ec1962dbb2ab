//! The bytes of a list, read once from front to back.

use std::sync::{Mutex, OnceLock};

use countersign_identity::DistinguishedName;
use jiff::Timestamp;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::{ASN1Time, FromDer};

use super::scope::Scope;
use super::{List, Number, Unproven};
use crate::CrlError;
use crate::der::{BOOLEAN, Element, GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, UTC_TIME};
use crate::link::timestamp;
use crate::serials::Serials;
use crate::signed::Signed;

const OID: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const EXTENSIONS: u8 = 0xa0;
const VERSION_2: [u8; 1] = [1];

/// The identifiers of extensions, as their DER content.
mod oid {
    pub(super) const CRL_NUMBER: [u8; 3] = [0x55, 0x1d, 20];
    pub(super) const REASON: [u8; 3] = [0x55, 0x1d, 21];
    pub(super) const INVALIDITY_DATE: [u8; 3] = [0x55, 0x1d, 24];
    pub(super) const DELTA: [u8; 3] = [0x55, 0x1d, 27];
    pub(super) const DISTRIBUTION_POINT: [u8; 3] = [0x55, 0x1d, 28];
    pub(super) const CERTIFICATE_ISSUER: [u8; 3] = [0x55, 0x1d, 29];
}

pub(super) fn list(der: &[u8]) -> Result<List, CrlError> {
    let signed = Signed::read(der).ok_or(CrlError::Encoding)?;
    let mut parts = signed.message.inside();
    match parts.take(INTEGER) {
        Some(version) if version.content == VERSION_2 => {}
        _ => return Err(CrlError::Version),
    }
    let algorithm = parts.expect(SEQUENCE).ok_or(CrlError::Encoding)?;
    if algorithm.content != signed.algorithm {
        return Err(CrlError::Encoding);
    }
    let issuer = parts.expect(SEQUENCE).ok_or(CrlError::Encoding)?;
    let this_update = time(&mut parts)?.ok_or(CrlError::Encoding)?;
    let next_update = time(&mut parts)?.ok_or(CrlError::NoNextUpdate)?;
    let revoked = parts.take(SEQUENCE).map(entries).transpose()?;
    let about = parts.take(EXTENSIONS).map(About::read).transpose()?;
    if !parts.is_empty() {
        return Err(CrlError::Encoding);
    }
    let About { number, scope } = about.unwrap_or_default();
    Ok(List {
        issuer: DistinguishedName::from_der(issuer.whole).map_err(|_| CrlError::Encoding)?,
        raw_issuer: issuer.whole.to_vec(),
        number,
        this_update,
        next_update,
        scope,
        revoked: revoked.unwrap_or_default(),
        signer: OnceLock::new(),
        unproven: Mutex::new(Unproven {
            der: der.to_vec(),
            strangers: Vec::new(),
        }),
    })
}

fn time(parts: &mut Reader<'_>) -> Result<Option<Timestamp>, CrlError> {
    let time = parts
        .take(UTC_TIME)
        .or_else(|| parts.take(GENERALIZED_TIME));
    let Some(time) = time else {
        return Ok(None);
    };
    let (_, time) = ASN1Time::from_der(time.whole).map_err(|_| CrlError::Encoding)?;
    Ok(Some(timestamp(time)))
}

/// Nothing is made for an entry but the bytes of its serial number.
fn entries(list: Element<'_>) -> Result<Serials, CrlError> {
    let mut serials = Serials::default();
    let mut entries = list.inside();
    while !entries.is_empty() {
        let entry = entries.expect(SEQUENCE).ok_or(CrlError::Encoding)?;
        let mut parts = entry.inside();
        let serial = parts.expect(INTEGER).ok_or(CrlError::Encoding)?;
        let since = parts.any().ok_or(CrlError::Encoding)?;
        let extensions = parts.take(SEQUENCE);
        if ![UTC_TIME, GENERALIZED_TIME].contains(&since.tag) || !parts.is_empty() {
            return Err(CrlError::Encoding);
        }
        if let Some(extensions) = extensions {
            check_entry(extensions.inside())?;
        }
        serials.push(serial.content);
    }
    serials.sort();
    Ok(serials)
}

/// Why and since when is not asked: revoked is revoked.
fn check_entry(mut extensions: Reader<'_>) -> Result<(), CrlError> {
    while !extensions.is_empty() {
        let extension = Extension::read(&mut extensions)?;
        if extension.oid == oid::CERTIFICATE_ISSUER {
            return Err(CrlError::Indirect);
        }
        let known = [oid::REASON, oid::INVALIDITY_DATE];
        if extension.critical && !known.iter().any(|oid| extension.oid == oid) {
            return Err(extension.refused());
        }
    }
    Ok(())
}

/// What the extensions say about the whole list.
#[derive(Default)]
struct About {
    number: Option<Number>,
    scope: Scope,
}

impl About {
    fn read(tagged: Element<'_>) -> Result<Self, CrlError> {
        let list = Element::only(tagged.content, SEQUENCE).ok_or(CrlError::Encoding)?;
        let mut about = Self::default();
        let mut seen = Vec::new();
        let mut extensions = list.inside();
        while !extensions.is_empty() {
            let extension = Extension::read(&mut extensions)?;
            if seen.contains(&extension.oid) {
                return Err(CrlError::Encoding);
            }
            seen.push(extension.oid);
            about.add(&extension)?;
        }
        Ok(about)
    }

    fn add(&mut self, extension: &Extension<'_>) -> Result<(), CrlError> {
        if extension.oid == oid::DELTA {
            return Err(CrlError::Delta);
        } else if extension.oid == oid::DISTRIBUTION_POINT {
            self.scope = Scope::read(extension.value)?;
        } else if extension.critical {
            // A number that is critical is against RFC 5280, section 5.2.3, too.
            return Err(extension.refused());
        } else if extension.oid == oid::CRL_NUMBER {
            let number = Element::only(extension.value, INTEGER).ok_or(CrlError::Encoding)?;
            self.number = Some(Number::of(number.content));
        }
        Ok(())
    }
}

impl Number {
    fn of(bytes: &[u8]) -> Self {
        Self(
            bytes
                .iter()
                .copied()
                .skip_while(|byte| *byte == 0)
                .collect(),
        )
    }
}

struct Extension<'a> {
    oid: &'a [u8],
    critical: bool,
    value: &'a [u8],
}

impl<'a> Extension<'a> {
    fn read(extensions: &mut Reader<'a>) -> Result<Self, CrlError> {
        let parts = extensions.expect(SEQUENCE).ok_or(CrlError::Encoding)?;
        let mut parts = parts.inside();
        let oid = parts.expect(OID).ok_or(CrlError::Encoding)?.content;
        let critical = parts.take(BOOLEAN);
        let value = parts.expect(OCTET_STRING).ok_or(CrlError::Encoding)?;
        match parts.is_empty() {
            true => Ok(Self {
                oid,
                critical: critical.is_some_and(|critical| critical.content != [0]),
                value: value.content,
            }),
            false => Err(CrlError::Encoding),
        }
    }

    fn refused(&self) -> CrlError {
        CrlError::CriticalExtension {
            oid: Oid::new(self.oid.into()).to_id_string(),
        }
    }
}
