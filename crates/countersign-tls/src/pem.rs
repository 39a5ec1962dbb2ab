//! PEM text in, sections out: RFC 7468, and the headers of RFC 1421 that an encrypted key may have.

use std::collections::BTreeMap;
use std::fmt;

use data_encoding::BASE64;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

/// What a PEM text holds, in the order of the text. Sections of other kinds are only counted.
pub(crate) struct Sections {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) keys: Vec<KeySection>,
    pub(crate) found: Found,
}

/// A private key, as it stands in a PEM text.
pub(crate) enum KeySection {
    Plain(PrivateKeyDer<'static>),
    /// PKCS#8, encrypted (RFC 5958, section 3).
    Encrypted(Vec<u8>),
    /// Encrypted in the older way, by which OpenSSL still writes keys that are not PKCS#8.
    Legacy(LegacyKey),
}

/// A key below headers that say how it is encrypted.
pub(crate) struct LegacyKey {
    pub(crate) label: String,
    /// Cipher, comma, initialisation vector in hex.
    pub(crate) dek_info: String,
    pub(crate) data: Vec<u8>,
}

impl Sections {
    pub(crate) fn read(text: &[u8]) -> Result<Self, NotPem> {
        let mut sections = Self {
            certificates: Vec::new(),
            keys: Vec::new(),
            found: Found::default(),
        };
        if is_der(text) {
            return Err(NotPem { der: true });
        }
        let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        while let Some(line) = lines.next() {
            if let Some(label) = label_after(line, "-----BEGIN ") {
                sections.add(Section::read(label, &mut lines)?);
            }
        }
        Ok(sections)
    }

    fn add(&mut self, section: Section) {
        *self.found.0.entry(section.label.clone()).or_default() += 1;
        match section.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => self.certificates.push(section.der.into()),
            _ => self.keys.extend(section.into_key()),
        }
    }
}

/// One section: its label, the headers that it may have, its content.
struct Section {
    label: String,
    dek_info: Option<String>,
    der: Vec<u8>,
}

impl Section {
    fn read<'a>(label: &str, lines: &mut impl Iterator<Item = &'a [u8]>) -> Result<Self, NotPem> {
        let mut dek_info = None;
        let mut base64 = Zeroizing::new(Vec::new());
        for line in lines {
            if label_after(line, "-----END ") == Some(label) {
                let der = BASE64.decode(&base64);
                return Ok(Self {
                    label: label.to_owned(),
                    dek_info,
                    der: der.map_err(|_| NotPem { der: false })?,
                });
            }
            match header(line) {
                Some(("DEK-Info", value)) => dek_info = Some(value.to_owned()),
                Some(_) => {}
                None => base64.extend_from_slice(line),
            }
        }
        Err(NotPem { der: false })
    }

    fn into_key(self) -> Option<KeySection> {
        match (self.label.as_str(), self.dek_info) {
            ("ENCRYPTED PRIVATE KEY", _) => Some(KeySection::Encrypted(self.der)),
            (label, Some(dek_info)) if label.ends_with("PRIVATE KEY") => {
                Some(KeySection::Legacy(LegacyKey {
                    label: self.label,
                    dek_info,
                    data: self.der,
                }))
            }
            (label, _) => plain_key(label, self.der).map(KeySection::Plain),
        }
    }
}

/// The key in a section that is labelled so.
pub(crate) fn plain_key(label: &str, der: Vec<u8>) -> Option<PrivateKeyDer<'static>> {
    Some(match label {
        "PRIVATE KEY" => PrivateKeyDer::Pkcs8(der.into()),
        "RSA PRIVATE KEY" => PrivateKeyDer::Pkcs1(der.into()),
        "EC PRIVATE KEY" => PrivateKeyDer::Sec1(der.into()),
        _ => return None,
    })
}

/// A section begins and does not end, or is not base64; or the text is none.
pub(crate) struct NotPem {
    /// It looks like DER.
    pub(crate) der: bool,
}

/// How many sections of each kind there are: what to say when the wanted one is not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found(BTreeMap<String, usize>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("found no PEM section");
        }
        for (index, (label, count)) in self.0.iter().enumerate() {
            let before = if index == 0 { "found " } else { ", " };
            write!(f, "{before}{count} x {label}")?;
        }
        Ok(())
    }
}

/// A SEQUENCE of more than 127 bytes, which is how certificates, keys and PKCS#12 stores begin, and no text does.
fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x80..=0x84, ..])
}

fn label_after<'a>(line: &'a [u8], start: &str) -> Option<&'a str> {
    let label = line
        .strip_prefix(start.as_bytes())?
        .strip_suffix(b"-----")?;
    // It is printed in errors.
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    label.iter().all(printable).then_some(())?;
    std::str::from_utf8(label).ok()
}

/// No line of base64 has a colon.
fn header(line: &[u8]) -> Option<(&str, &str)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    Some((name, value.trim()))
}
