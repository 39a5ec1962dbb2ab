use countersign_identity::CertificateError;
use thiserror::Error;

use crate::error::Subject;

/// Why a chain and a key are not a [`Credential`](crate::Credential).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// A certificate cannot be read.
    #[error("certificate {position} of the chain: {source}")]
    Certificate {
        /// Its place in the chain, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// The bytes are DER, and PEM is wanted.
    #[error("the bytes are DER, as certificates, keys and PKCS#12 stores are: wanted PEM")]
    Der,
    /// The key is encrypted, and there is no password.
    #[error("the private key is encrypted: a password is needed")]
    KeyEncrypted,
    /// The key is encrypted in a way that we cannot undo.
    #[error("the private key is encrypted with {scheme}, which is not supported")]
    KeyEncryption {
        /// How, by the name or the OID that the key states.
        scheme: String,
    },
    /// The key belongs to another certificate.
    #[error(
        "the private key does not belong to the first certificate, {}",
        Subject(subject)
    )]
    KeyMismatch {
        /// The subject of the first certificate.
        subject: String,
    },
    /// The password is wrong, or what it opens is damaged.
    #[error("the password does not open the private key")]
    KeyPassword,
    /// The key is malformed, or of a kind that we cannot use.
    #[error(
        "the private key cannot be used: wanted PKCS#8, PKCS#1 or SEC1 with an RSA, ECDSA or Ed25519 key"
    )]
    KeyUnusable,
    /// The key belongs to a certificate that is not the first of the chain.
    #[error(
        "the private key belongs to certificate {position} of the chain, {}: it must be the first",
        Subject(subject)
    )]
    LeafNotFirst {
        /// Its place in the chain, counted from 1.
        position: usize,
        /// Its subject.
        subject: String,
    },
    /// There is no certificate.
    #[error("no certificate: {found}")]
    NoCertificate {
        /// What there is.
        found: String,
    },
    /// There is no key.
    #[error("no private key: {found}")]
    NoKey {
        /// What there is.
        found: String,
    },
    /// The text is not PEM.
    #[error("malformed PEM: a section is cut short or is not base64")]
    Pem,
    /// The bytes are not a PKCS#12 store that we can read.
    #[error("not a PKCS#12 store that can be read: {reason}")]
    Pkcs12 {
        /// Why not.
        reason: String,
    },
    /// The password is wrong, or the store is damaged.
    #[error("the password does not open the PKCS#12 store")]
    Pkcs12Password,
    /// There is more than one key, and nothing says which to use.
    #[error("{count} private keys: wanted one")]
    SeveralKeys {
        /// How many.
        count: usize,
    },
    /// The signer does not sign.
    #[error("the signer failed: {reason}")]
    Signer {
        /// In its own words.
        reason: String,
    },
}

/// Which of its parts is not as it should be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Both,
    Chain,
    Key,
}

impl CredentialError {
    /// What to do about it, where there is something to say: one line.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Der => {
                "read it as PKCS#12 or DER, or convert it with `openssl pkcs12` or `openssl x509`"
            }
            Self::KeyEncrypted => "give the password, or decrypt the key with `openssl pkey`",
            Self::KeyEncryption { .. } => {
                "write the key again with `openssl pkcs8 -topk8 -v2 aes-256-cbc`"
            }
            Self::KeyMismatch { .. } => "chain and key are of two issues: take both from one",
            Self::LeafNotFirst { .. } => "put the certificate of the key first, then its issuers",
            Self::NoCertificate { found } if found.contains("TRUSTED CERTIFICATE") => {
                "write the certificate again with `openssl x509`, without -trustout"
            }
            Self::NoCertificate { found } | Self::NoKey { found } if found.contains("PKCS7") => {
                "a PKCS#7 file holds certificates only: unpack it with `openssl pkcs7 -print_certs`"
            }
            Self::NoKey { .. } => "name the file of the key, or append the key to the certificate",
            _ => return None,
        })
    }

    pub(crate) fn part(&self) -> Part {
        match self {
            Self::Certificate { .. } | Self::LeafNotFirst { .. } | Self::NoCertificate { .. } => {
                Part::Chain
            }
            Self::KeyEncrypted
            | Self::KeyEncryption { .. }
            | Self::KeyPassword
            | Self::KeyUnusable
            | Self::NoKey { .. }
            | Self::SeveralKeys { .. } => Part::Key,
            _ => Part::Both,
        }
    }
}
