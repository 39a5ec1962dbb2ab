//! How do keys with certificates stand in JSON (RFC 7517)?

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::RegistrationError;

/// A key of a set, as far as it is of interest.
pub(super) struct Key {
    pub(super) private: bool,
    /// The first of `x5c`, in DER.
    pub(super) certificate: Option<Vec<u8>>,
    /// The key in the form that certificates have; none where it is of a kind that they do not have here.
    pub(super) spki: Option<Vec<u8>>,
}

pub(super) fn read(json: &[u8]) -> Result<Vec<Key>, RegistrationError> {
    let set: SetDocument = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    set.keys.into_iter().map(KeyDocument::read).collect()
}

#[derive(Deserialize)]
struct SetDocument {
    keys: Vec<KeyDocument>,
}

#[derive(Deserialize)]
struct KeyDocument {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x5c: Option<Vec<String>>,
    d: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl KeyDocument {
    fn read(self) -> Result<Key, RegistrationError> {
        let first = self.x5c.as_ref().and_then(|chain| chain.first());
        // Here it is base64 and not base64url (RFC 7517, section 4.7).
        let certificate = first.map(|text| BASE64.decode(text.as_bytes()));
        Ok(Key {
            private: self.d.is_some() || self.k.is_some(),
            certificate: certificate.transpose().map_err(|error| malformed(&error))?,
            spki: self.spki(),
        })
    }

    fn spki(&self) -> Option<Vec<u8>> {
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => self.point(P256, 32),
            ("EC", Some("P-384")) => self.point(P384, 48),
            ("OKP", Some("Ed25519")) => {
                let key = octets(self.x.as_ref())?;
                (key.len() == 32).then(|| [ED25519, &key].concat())
            }
            ("RSA", None) => {
                let (n, e) = (octets(self.n.as_ref())?, octets(self.e.as_ref())?);
                let key = der(0x30, &[integer(&n), integer(&e)].concat());
                let bits = der(0x03, &[&[0][..], &key].concat());
                Some(der(0x30, &[RSA, &bits].concat()))
            }
            _ => None,
        }
    }

    /// An uncompressed point behind `before`.
    fn point(&self, before: &[u8], len: usize) -> Option<Vec<u8>> {
        let (x, y) = (octets(self.x.as_ref())?, octets(self.y.as_ref())?);
        let whole = x.len() == len && y.len() == len;
        whole.then(|| [before, &[4], &x, &y].concat())
    }
}

fn octets(text: Option<&String>) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text?.as_bytes()).ok()
}

/// A positive INTEGER of DER.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0);
    let bytes = bytes
        .get(start.unwrap_or(bytes.len())..)
        .unwrap_or_default();
    let negative = bytes.first().is_none_or(|first| *first >= 0x80);
    let sign: &[u8] = if negative { &[0] } else { &[] };
    der(0x02, &[sign, bytes].concat())
}

/// A value of DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag];
    let octets = content.len().to_be_bytes();
    let start = octets
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(octets.len());
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => value.push(short),
        _ => {
            let count = u8::try_from(octets.len() - start).unwrap_or_default();
            value.push(0x80 | count);
            value.extend(octets.iter().skip(start));
        }
    }
    value.extend_from_slice(content);
    value
}

fn malformed(error: &dyn std::fmt::Display) -> RegistrationError {
    RegistrationError::KeySet {
        reason: error.to_string(),
    }
}

/// SubjectPublicKeyInfo up to the point: id-ecPublicKey with the curve, BIT STRING.
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P384: &[u8] = &[
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
];
const ED25519: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// The algorithm alone: rsaEncryption, NULL.
const RSA: &[u8] = &[
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
