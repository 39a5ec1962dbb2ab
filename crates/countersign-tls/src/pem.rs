//! PEM text in, sections out.

use std::collections::BTreeMap;
use std::fmt;

use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a PEM text holds, in the order of the text. Sections of other kinds are only counted.
pub(crate) struct Sections {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    pub(crate) keys: Vec<PrivateKeyDer<'static>>,
    pub(crate) encrypted_key: bool,
    pub(crate) found: Found,
}

impl Sections {
    pub(crate) fn read(text: &[u8]) -> Result<Self, NotPem> {
        let mut sections = Self {
            certificates: Vec::new(),
            keys: Vec::new(),
            encrypted_key: has_encrypted_key(text),
            found: Found::default(),
        };
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
            let (kind, der) = section.map_err(|_| NotPem {
                encrypted_key: sections.encrypted_key,
            })?;
            sections.add(kind, der);
        }
        Ok(sections)
    }

    fn add(&mut self, kind: SectionKind, der: Vec<u8>) {
        *self.found.0.entry(label(kind)).or_default() += 1;
        match kind {
            SectionKind::Certificate => self.certificates.push(der.into()),
            SectionKind::PrivateKey => self.keys.push(PrivateKeyDer::Pkcs8(der.into())),
            SectionKind::RsaPrivateKey => self.keys.push(PrivateKeyDer::Pkcs1(der.into())),
            SectionKind::EcPrivateKey => self.keys.push(PrivateKeyDer::Sec1(der.into())),
            _ => {}
        }
    }
}

/// A section begins and does not end, or is not base64.
pub(crate) struct NotPem {
    /// Which a key of the older forms is not, once it is encrypted: headers stand before its base64.
    pub(crate) encrypted_key: bool,
}

/// How many sections of each kind there are: what to say when the wanted one is not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found(BTreeMap<&'static str, usize>);

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

/// PKCS#8 has a label of its own for it, the older forms a header.
fn has_encrypted_key(text: &[u8]) -> bool {
    let contains = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    contains(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || contains(b"Proc-Type: 4,ENCRYPTED")
}

fn label(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::Certificate => "CERTIFICATE",
        SectionKind::PrivateKey => "PRIVATE KEY",
        SectionKind::RsaPrivateKey => "RSA PRIVATE KEY",
        SectionKind::EcPrivateKey => "EC PRIVATE KEY",
        SectionKind::PublicKey => "PUBLIC KEY",
        SectionKind::Crl => "X509 CRL",
        SectionKind::Csr => "CERTIFICATE REQUEST",
        _ => "another kind",
    }
}
