//! What does a certificate say of itself beyond its names?

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Version;

pub(super) struct Facts {
    pub(super) is_version_1: bool,
    /// Absent key usage allows everything.
    pub(super) may_sign: bool,
    /// The bits of an RSA key.
    pub(super) rsa_bits: Option<usize>,
    pub(super) weak_signature: Option<&'static str>,
}

impl Facts {
    pub(super) fn of(der: &[u8]) -> Option<Self> {
        let (_, x509) = X509Certificate::from_der(der).ok()?;
        let usage = x509.key_usage().ok().flatten();
        Some(Self {
            is_version_1: x509.version() == X509Version::V1,
            may_sign: usage.is_none_or(|usage| usage.value.digital_signature()),
            rsa_bits: rsa_bits(&x509),
            weak_signature: weak_signature(&x509),
        })
    }
}

fn rsa_bits(x509: &X509Certificate<'_>) -> Option<usize> {
    match x509.public_key().parsed().ok()? {
        PublicKey::RSA(key) => Some(key.key_size()),
        _ => None,
    }
}

fn weak_signature(x509: &X509Certificate<'_>) -> Option<&'static str> {
    match x509.signature_algorithm.algorithm.to_id_string().as_str() {
        MD5_WITH_RSA => Some("MD5"),
        SHA1_WITH_RSA | SHA1_WITH_ECDSA => Some("SHA-1"),
        _ => None,
    }
}

const MD5_WITH_RSA: &str = "1.2.840.113549.1.1.4";
const SHA1_WITH_RSA: &str = "1.2.840.113549.1.1.5";
const SHA1_WITH_ECDSA: &str = "1.2.840.10045.4.1";
