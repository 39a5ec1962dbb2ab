//! For what may the key of a certificate be used?

use std::fmt;

use crate::Oid;
use crate::der::{self, Der};

/// What the extended key usage extension allows (RFC 5280, section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purposes {
    /// There is no such extension: any purpose.
    Any,
    /// The purposes are listed.
    #[non_exhaustive]
    Listed {
        /// `anyExtendedKeyUsage` is among them. It opens no door here: rustls does not take it for
        /// `clientAuth` either.
        any: bool,
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

    pub(crate) fn of(listed: Option<&[Oid]>) -> Self {
        let Some(listed) = listed else {
            return Self::Any;
        };
        let has = |wanted: &[u8]| listed.iter().any(|oid| oid.as_bytes() == wanted);
        Self::Listed {
            any: has(ANY),
            client: has(CLIENT),
            server: has(SERVER),
        }
    }
}

/// Reads the value of an extKeyUsage extension: the purposes, in the order of the certificate.
pub(crate) fn extended_key_usage(value: &[u8]) -> Option<Box<[Oid]>> {
    let mut entries = Der::new(Der::only(value, der::SEQUENCE)?);
    let mut purposes = Vec::new();
    while !entries.is_empty() {
        purposes.push(Oid::from_content(entries.content(der::OBJECT_IDENTIFIER)?)?);
    }
    (!purposes.is_empty()).then(|| purposes.into())
}

/// What the key usage extension allows (RFC 5280, section 4.2.1.3).
///
/// Printed as RFC 5280 spells the usages, separated by commas.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyUsages(u16);

/// One use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyUsage {
    /// To sign anything but certificates and revocation lists: a handshake, too.
    DigitalSignature,
    /// To sign what the signer cannot deny later; nonRepudiation of old.
    ContentCommitment,
    /// To encrypt keys, as RSA key exchange did.
    KeyEncipherment,
    /// To encrypt data.
    DataEncipherment,
    /// To agree on keys.
    KeyAgreement,
    /// To sign certificates.
    KeyCertSign,
    /// To sign revocation lists.
    CrlSign,
    /// With keyAgreement: only to encrypt.
    EncipherOnly,
    /// With keyAgreement: only to decrypt.
    DecipherOnly,
}

impl KeyUsages {
    /// Whether the key may be used so.
    pub fn allow(self, usage: KeyUsage) -> bool {
        self.0 >> (usage as u16) & 1 == 1
    }

    /// Reads the value of a keyUsage extension: a BIT STRING, its first bit the first usage.
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let (unused, bytes) = Der::only(value, der::BIT_STRING)?.split_first()?;
        if *unused > 7 || bytes.is_empty() || bytes.len() > 2 {
            return None;
        }
        let flags = bytes.iter().enumerate();
        let flags = flags.map(|(place, byte)| u16::from(byte.reverse_bits()) << (8 * place));
        Some(Self(flags.fold(0, |all, flag| all | flag)))
    }
}

impl fmt::Display for KeyUsages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = KeyUsage::ALL.into_iter().filter(|usage| self.allow(*usage));
        let allowed: Vec<_> = allowed.map(KeyUsage::as_str).collect();
        f.pad(&allowed.join(", "))
    }
}

impl fmt::Debug for KeyUsages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyUsages({self})")
    }
}

impl KeyUsage {
    /// All, in the order of their bits.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::ContentCommitment,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// As RFC 5280 spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::ContentCommitment => "contentCommitment",
            Self::KeyEncipherment => "keyEncipherment",
            Self::DataEncipherment => "dataEncipherment",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
            Self::EncipherOnly => "encipherOnly",
            Self::DecipherOnly => "decipherOnly",
        }
    }
}

/// The basic constraints extension (RFC 5280, section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BasicConstraints {
    /// Whether it is a CA's certificate.
    pub is_ca: bool,
    /// How many intermediate certificates may stand below it; none: any number.
    pub path_len: Option<u32>,
}

impl BasicConstraints {
    /// Reads the value of the extension. FALSE, which DER leaves out, is often written.
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let mut parts = Der::new(Der::only(value, der::SEQUENCE)?);
        let mut rest = parts;
        let is_ca = match rest.content(der::BOOLEAN) {
            Some([0xff]) => true,
            Some([0]) => false,
            Some(_) => return None,
            None => {
                rest = parts;
                false
            }
        };
        parts = rest;
        let path_len = match parts.is_empty() {
            true => None,
            false => Some(unsigned(parts.content(der::INTEGER)?)?),
        };
        parts.is_empty().then_some(Self { is_ca, path_len })
    }
}

fn unsigned(content: &[u8]) -> Option<u32> {
    let digits = match content {
        [] | [0x80..=0xff, ..] | [0, 0..0x80, ..] => return None,
        [0, digits @ ..] if !digits.is_empty() => digits,
        digits => digits,
    };
    let number = digits
        .iter()
        .fold(0, |n: u64, byte| n << 8 | u64::from(*byte));
    (digits.len() <= 4).then(|| u32::try_from(number).ok())?
}

/// 2.5.29.37.0
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];
/// 1.3.6.1.5.5.7.3.1 and 2
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_constraints_are_read_strictly() {
        let read =
            |der: &[u8]| BasicConstraints::read(der).map(|found| (found.is_ca, found.path_len));
        for (der, found) in [
            (&b"\x30\0"[..], Some((false, None))),
            (b"\x30\x03\x01\x01\0", Some((false, None))),
            (b"\x30\x03\x01\x01\xff", Some((true, None))),
            (b"\x30\x06\x01\x01\xff\x02\x01\0", Some((true, Some(0)))),
            (b"\x30\x06\x01\x01\xff\x02\x01\x05", Some((true, Some(5)))),
            (
                b"\x30\x07\x01\x01\xff\x02\x02\0\x80",
                Some((true, Some(128))),
            ),
            (b"\x30\x03\x02\x01\x01", Some((false, Some(1)))),
            (b"\x30\x03\x01\x01\x01", None),
            (b"\x30\x06\x01\x01\xff\x02\x01\xff", None),
            (b"\x30\x07\x01\x01\xff\x02\x02\0\x01", None),
            (b"\x30\x05\x01\x01\xff\x02\0", None),
            (b"\x30\x0a\x01\x01\xff\x02\x05\x01\0\0\0\0", None),
            (b"\x30\x06\x02\x01\0\x01\x01\xff", None),
            (b"\x30\0\0", None),
            (b"", None),
        ] {
            assert_eq!(read(der), found, "{der:02x?}");
        }
    }

    #[test]
    fn key_usages_are_the_bits_from_the_first() {
        for (der, found) in [
            (&b"\x03\x02\x07\x80"[..], Some("digitalSignature")),
            (b"\x03\x02\x01\x06", Some("keyCertSign, cRLSign")),
            (b"\x03\x03\x07\x08\x80", Some("keyAgreement, decipherOnly")),
            (b"\x03\x02\0\x01", Some("encipherOnly")),
            (b"\x03\x02\x07\0", Some("")),
            (b"\x03\x01\0", None),
            (b"\x03\x02\x08\x80", None),
            (b"\x03\x04\0\x80\0\0", None),
            (b"\x03\0", None),
            (b"\x04\x02\x07\x80", None),
        ] {
            let read = KeyUsages::read(der).map(|usages| usages.to_string());
            assert_eq!(read.as_deref(), found, "{der:02x?}");
        }
    }

    #[test]
    fn a_list_of_purposes_has_at_least_one() {
        assert!(extended_key_usage(b"\x30\x04\x06\x02\x2a\x03").is_some());
        for der in [
            &b"\x30\0"[..],
            b"\x30\x02\x06\0",
            b"\x30\x02\x05\0",
            b"\x30\x04\x06\x02\x2a\x03\0",
        ] {
            assert_eq!(extended_key_usage(der), None, "{der:02x?}");
        }
    }
}
