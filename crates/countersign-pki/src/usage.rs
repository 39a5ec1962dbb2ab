//! What may the holder's key be used for? Key usage, extended key usage and basic constraints.

use crate::der;
use crate::error::IssueError;

/// What the holder of a certificate may do with it: the extended key usage (RFC 5280, 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Usage {
    /// Be a TLS server.
    Server,
    /// Be a TLS client.
    Client,
    /// Anything (anyExtendedKeyUsage); neither rustls nor OpenSSL takes it for TLS.
    Any,
    /// Sign code.
    CodeSigning,
    /// Protect e-mail.
    EmailProtection,
    /// Stamp the time.
    TimeStamping,
    /// Answer for an authority whether its certificates are revoked.
    OcspSigning,
    /// Another purpose, by its object identifier.
    Other(&'static [u64]),
}

impl Usage {
    fn oid(self) -> &'static [u64] {
        match self {
            Self::Server => &[1, 3, 6, 1, 5, 5, 7, 3, 1],
            Self::Client => &[1, 3, 6, 1, 5, 5, 7, 3, 2],
            Self::CodeSigning => &[1, 3, 6, 1, 5, 5, 7, 3, 3],
            Self::EmailProtection => &[1, 3, 6, 1, 5, 5, 7, 3, 4],
            Self::TimeStamping => &[1, 3, 6, 1, 5, 5, 7, 3, 8],
            Self::OcspSigning => &[1, 3, 6, 1, 5, 5, 7, 3, 9],
            Self::Any => &[2, 5, 29, 37, 0],
            Self::Other(oid) => oid,
        }
    }

    /// Its name in RFC 5280, where it has one.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Server => "serverAuth",
            Self::Client => "clientAuth",
            Self::CodeSigning => "codeSigning",
            Self::EmailProtection => "emailProtection",
            Self::TimeStamping => "timeStamping",
            Self::OcspSigning => "OCSPSigning",
            Self::Any => "anyExtendedKeyUsage",
            Self::Other(_) => "another",
        }
    }

    /// The content of the extension.
    pub(crate) fn list(usage: &[Self]) -> Result<Vec<u8>, IssueError> {
        let mut purposes = Vec::new();
        for purpose in usage {
            let arcs = purpose.oid();
            if !der::is_oid(arcs) {
                let arcs = arcs.to_vec();
                return Err(IssueError::NotAnOid { arcs });
            }
            purposes.push(der::oid(arcs));
        }
        Ok(der::sequence(purposes))
    }
}

/// What the key itself may do (RFC 5280, 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyUsage {
    /// Sign in a protocol: what a TLS 1.3 client or server does.
    DigitalSignature,
    /// Sign a document so that it cannot be denied later; once called nonRepudiation.
    ContentCommitment,
    /// Encrypt keys: RSA key transport.
    KeyEncipherment,
    /// Encrypt data.
    DataEncipherment,
    /// Agree on keys.
    KeyAgreement,
    /// Sign certificates.
    KeyCertSign,
    /// Sign revocation lists.
    CrlSign,
    /// Only encrypt, when agreeing on keys.
    EncipherOnly,
    /// Only decrypt, when agreeing on keys.
    DecipherOnly,
}

impl KeyUsage {
    /// All of them, in the order of their bits.
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

    /// As RFC 5280 spells it: `cRLSign`.
    pub const fn as_str(self) -> &'static str {
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

    /// The usage of that name.
    ///
    /// ```
    /// use countersign_pki::KeyUsage;
    ///
    /// assert_eq!(KeyUsage::named("keyCertSign"), Some(KeyUsage::KeyCertSign));
    /// assert_eq!(KeyUsage::named("signing"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|usage| usage.as_str() == name)
    }

    /// The content of the extension.
    pub(crate) fn flags(usage: &[Self]) -> Vec<u8> {
        der::named_bits(usage.iter().map(|usage| *usage as u8))
    }
}

/// Whether it is an authority's certificate (RFC 5280, 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BasicConstraints {
    /// It does not say: the extension is left out.
    Absent,
    /// It says that it is none.
    Leaf,
    /// It is one, with any number of further authorities below it.
    Authority,
    /// It is one, with at most so many authorities below it.
    AuthorityAbove(u8),
}

impl BasicConstraints {
    /// The content of the extension, if there is one.
    pub(crate) fn to_der(self) -> Option<Vec<u8>> {
        match self {
            Self::Absent => None,
            // `cA` is FALSE by default, and a default is not written (X.690, 11.5).
            Self::Leaf => Some(der::value(der::SEQUENCE, [])),
            Self::Authority => Some(der::sequence([der::boolean(true)])),
            Self::AuthorityAbove(n) => {
                Some(der::sequence([der::boolean(true), der::integer(&[n])]))
            }
        }
    }

    /// How many authorities may follow; `None` is any number.
    pub(crate) fn path_len(self) -> Option<u32> {
        match self {
            Self::AuthorityAbove(n) => Some(n.into()),
            _ => None,
        }
    }
}
