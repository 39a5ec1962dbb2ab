use countersign_problem::Code;
use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError as RustlsError};
use thiserror::Error;

use crate::Alert;
use crate::clock::{from_unix_time, to_unix_time};

/// Why no trust vouches for the certificate of a client.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no certificate.
    #[error("the client presented no certificate")]
    Anonymous,
    /// A signature in the chain is not by the key of the issuer that it names.
    #[error("a certificate of the chain is not signed by the key of the issuer that it names")]
    BadSignature,
    /// A rule for chains is broken: path length, name constraints, CA bit and the like.
    #[error("the chain breaks a rule of RFC 5280: {rule}")]
    Chain {
        /// The rule, in the words of webpki.
        rule: String,
    },
    /// A certificate of the chain has ended.
    #[error("a certificate of the chain expired at {not_after}")]
    Expired {
        /// When it ended.
        not_after: Timestamp,
    },
    /// A certificate of the chain cannot be read.
    #[error("a certificate of the chain cannot be read")]
    Malformed,
    /// A certificate of the chain has not begun.
    #[error("a certificate of the chain is not valid before {not_before}")]
    NotYetValid {
        /// When it begins.
        not_before: Timestamp,
    },
    /// The client did not prove that it holds the key of the certificate.
    #[error("the client did not prove that it holds the private key")]
    PossessionUnproven,
    /// A certificate of the chain is not made for client authentication.
    #[error("the extended key usage does not allow client authentication")]
    Purpose,
    /// The issuer, or a list of ours, has withdrawn a certificate of the chain.
    #[error("a certificate of the chain is revoked")]
    Revoked,
    /// A certificate of the chain is signed by an algorithm that we do not take, such as SHA-1.
    #[error("a certificate of the chain is signed by an algorithm that is not accepted")]
    SignatureAlgorithm,
    /// No path leads to an anchor: another CA, or an intermediate that was not sent.
    #[error(
        "no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing"
    )]
    UnknownIssuer,
    /// The certificate is of a form that clients may not present here.
    #[error("the certificate cannot be used by a client: {reason}")]
    Unsuitable {
        /// Why not, in the words of webpki.
        reason: String,
    },
}

impl Refusal {
    /// The word for it that both ends share.
    pub fn code(&self) -> Code {
        match self {
            Self::Anonymous => Code::CertificateRequired,
            Self::Expired { .. } => Code::CertificateExpired,
            Self::NotYetValid { .. } => Code::CertificateNotYetValid,
            Self::Revoked => Code::CertificateRevoked,
            Self::BadSignature
            | Self::Chain { .. }
            | Self::PossessionUnproven
            | Self::UnknownIssuer => Code::CertificateUntrusted,
            Self::Malformed
            | Self::Purpose
            | Self::SignatureAlgorithm
            | Self::Unsuitable { .. } => Code::CertificateUnsuitable,
        }
    }

    /// The alert by which rustls tells the client.
    pub fn alert(&self) -> Alert {
        match self {
            Self::Anonymous => Alert::CERTIFICATE_REQUIRED,
            Self::PossessionUnproven => Alert::DECRYPT_ERROR,
            other => AlertDescription::from(other.to_rustls()).into(),
        }
    }

    /// The refusal in the error of a handshake that failed without a certificate to look at; where
    /// there was one, [`observe`](crate::observe) tells.
    pub fn in_handshake_error(error: &rustls::Error) -> Option<Self> {
        matches!(error, rustls::Error::NoCertificatesPresented).then_some(Self::Anonymous)
    }

    /// How much it tells: where several trusts refuse, the one that came furthest is heard.
    pub(crate) fn weight(&self) -> u8 {
        match self {
            Self::Anonymous | Self::UnknownIssuer => 0,
            Self::BadSignature => 1,
            _ => 2,
        }
    }

    pub(crate) fn to_rustls(&self) -> RustlsError {
        match self {
            // Neither is said of a certificate that was there.
            Self::Anonymous | Self::UnknownIssuer => RustlsError::UnknownIssuer,
            Self::BadSignature | Self::PossessionUnproven | Self::SignatureAlgorithm => {
                RustlsError::BadSignature
            }
            Self::Chain { .. } | Self::Unsuitable { .. } => {
                RustlsError::Other(rustls::OtherError(std::sync::Arc::new(self.clone())))
            }
            Self::Expired { not_after } => RustlsError::ExpiredContext {
                time: to_unix_time(*not_after),
                not_after: to_unix_time(*not_after),
            },
            Self::Malformed => RustlsError::BadEncoding,
            Self::NotYetValid { not_before } => RustlsError::NotValidYetContext {
                time: to_unix_time(*not_before),
                not_before: to_unix_time(*not_before),
            },
            Self::Purpose => RustlsError::InvalidPurpose,
            Self::Revoked => RustlsError::Revoked,
        }
    }
}

impl From<webpki::Error> for Refusal {
    fn from(error: webpki::Error) -> Self {
        use webpki::Error as E;
        match error {
            E::CertExpired { not_after, .. } => Self::Expired {
                not_after: from_unix_time(not_after),
            },
            E::CertNotValidYet { not_before, .. } => Self::NotYetValid {
                not_before: from_unix_time(not_before),
            },
            E::CertRevoked => Self::Revoked,
            E::UnknownIssuer => Self::UnknownIssuer,
            E::InvalidSignatureForPublicKey | E::SignatureAlgorithmMismatch => Self::BadSignature,
            E::UnsupportedSignatureAlgorithmContext(_)
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Self::SignatureAlgorithm,
            E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Self::Purpose,
            E::BadDer | E::BadDerTime | E::TrailingData(_) | E::ExtensionValueInvalid => {
                Self::Malformed
            }
            E::CaUsedAsEndEntity
            | E::UnsupportedCertVersion
            | E::UnsupportedCriticalExtension
            | E::InvalidSerialNumber
            | E::InvalidCertValidity => Self::Unsuitable {
                reason: error.to_string(),
            },
            rule => Self::Chain {
                rule: rule.to_string(),
            },
        }
    }
}
