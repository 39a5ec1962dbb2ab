use std::hash::{Hash, Hasher};

use jiff::Timestamp;

use crate::{
    AltName, BasicConstraints, CertificateError, DistinguishedName, KeyKind, KeyUsages, Oid, Pin,
    Purposes, SignatureAlgorithm, Thumbprint,
};

mod read;

/// The facts of an X.509 certificate, read once.
///
/// Holding one says nothing about trust: anybody can make the bytes. Two are equal if their bytes
/// are, which the thumbprint tells.
#[derive(Clone, Debug)]
pub struct Certificate {
    version: u32,
    subject: DistinguishedName,
    issuer: DistinguishedName,
    serial: String,
    not_before: Timestamp,
    not_after: Timestamp,
    alt_names: Vec<AltName>,
    extended_key_usage: Option<Box<[Oid]>>,
    key_usage: Option<KeyUsages>,
    basic_constraints: Option<BasicConstraints>,
    signature_algorithm: SignatureAlgorithm,
    key_kind: KeyKind,
    authority_key_id: Option<Box<[u8]>>,
    subject_key_id: Option<Box<[u8]>>,
    qc_statements: Option<Box<[u8]>>,
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
    /// whole: leaving the entry out could change who the certificate names. What a qcStatements
    /// extension says is read only when it is asked for.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        read::certificate(der)
    }

    /// The version, counted from 1. A certificate of version 1 or 2 has no extensions, and rustls
    /// takes none as a client's.
    pub fn version(&self) -> u32 {
        self.version
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
        Purposes::of(self.extended_key_usage())
    }

    /// The purposes that the extended key usage extension lists, in its order. None, if there is no
    /// such extension.
    pub fn extended_key_usage(&self) -> Option<&[Oid]> {
        self.extended_key_usage.as_deref()
    }

    /// What the key usage extension allows. None, if there is no such extension.
    pub fn key_usage(&self) -> Option<KeyUsages> {
        self.key_usage
    }

    /// The basic constraints. None, if there is no such extension.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.basic_constraints
    }

    /// Whether basic constraints mark it as a CA.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|found| found.is_ca)
    }

    /// By which algorithm the issuer signed.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.signature_algorithm
    }

    /// Of which kind the public key is, and how large.
    pub fn key_kind(&self) -> &KeyKind {
        &self.key_kind
    }

    /// The key identifier of the authority key identifier extension, if there is one that can be
    /// read.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// The subject key identifier, if there is one that can be read.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// The value of the qcStatements extension as it stands there, if there is one.
    /// [`QcStatements`](crate::QcStatements) reads it.
    pub fn qc_statements(&self) -> Option<&[u8]> {
        self.qc_statements.as_deref()
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

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.thumbprint == other.thumbprint
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.thumbprint.hash(state);
    }
}
