use countersign_problem::Code;
use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError as RustlsError};
use thiserror::Error;

use crate::block_list::BlockedBy;
use crate::clock::{from_unix_time, to_unix_time};
use crate::{Alert, KeyKind};

/// Why no trust vouches for the certificate of a client.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no certificate.
    #[error("the client presented no certificate")]
    Anonymous,
    /// The anchor to which the path leads has ended.
    #[error("the anchor of the path expired at {not_after}")]
    AnchorExpired {
        /// When it ended.
        not_after: Timestamp,
    },
    /// The anchor to which the path leads has not begun.
    #[error("the anchor of the path is not valid before {not_before}")]
    AnchorNotYetValid {
        /// When it begins.
        not_before: Timestamp,
    },
    /// A signature in the chain is not by the key of the issuer that it names.
    #[error("a certificate of the chain is not signed by the key of the issuer that it names")]
    BadSignature,
    /// A block list of ours has a certificate of the chain.
    #[error("a certificate of the chain is on the block list, by its {by}")]
    Blocked {
        /// Which of its marks is on the list.
        by: BlockedBy,
    },
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
    /// A key of the chain is of a kind that the trust does not take.
    #[error("a key of the chain is of a kind that is not accepted: {kind}")]
    KeyKind {
        /// Which kind it is of.
        kind: KeyKind,
    },
    /// The key may not sign, and so not prove that anybody holds it.
    #[error("the key usage of the certificate does not include digitalSignature")]
    KeyUsage,
    /// A certificate of the chain cannot be read.
    #[error("a certificate of the chain cannot be read")]
    Malformed,
    /// A certificate of the chain has not begun.
    #[error("a certificate of the chain is not valid before {not_before}")]
    NotYetValid {
        /// When it begins.
        not_before: Timestamp,
    },
    /// A rule for paths is broken that webpki leaves to us.
    #[error("the path breaks a rule: {rule}")]
    Path {
        /// The rule.
        rule: PathRule,
    },
    /// The client did not prove that it holds the key of the certificate.
    #[error("the client did not prove that it holds the private key")]
    PossessionUnproven,
    /// A certificate of the chain is not made for client authentication.
    #[error("the extended key usage does not allow client authentication")]
    Purpose,
    /// The issuer has withdrawn a certificate of the chain.
    #[error("a certificate of the chain is revoked by its issuer: serial number {serial}")]
    Revoked {
        /// Its serial number: lower-case hex of its DER content.
        serial: String,
    },
    /// Nobody can tell whether a certificate of the chain is revoked.
    #[error("whether a certificate of the chain is revoked is not known: {why}")]
    RevocationUnknown {
        /// Why not.
        why: UnknownRevocation,
    },
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

/// What a path must obey, besides what webpki asks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathRule {
    /// The anchor allows fewer intermediates below itself.
    #[error("the anchor allows {allowed} intermediates below it")]
    AnchorPathLength {
        /// How many.
        allowed: u32,
    },
    /// An intermediate may not sign certificates.
    #[error("the key usage of an intermediate does not include keyCertSign")]
    IssuerMayNotSign,
    /// An intermediate does not say which key signed it (RFC 5280, section 4.2.1.1).
    #[error("an intermediate has no authority key identifier")]
    NoAuthorityKeyId,
    /// An intermediate has no name.
    #[error("the subject of an intermediate is empty")]
    NoSubject,
    /// The trust allows fewer intermediates.
    #[error("the trust allows {allowed} intermediates")]
    TooManyIntermediates {
        /// How many.
        allowed: u8,
    },
}

/// Why it is not known whether a certificate is revoked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnknownRevocation {
    /// The issuer may not sign lists.
    #[error("the key usage of the issuer does not include cRLSign")]
    IssuerMayNotSign,
    /// There is no list for it.
    #[error("there is no revocation list of its issuer for it")]
    Missing,
    /// The newest list should have been replaced.
    #[error("the revocation list is stale since {next_update}")]
    Stale {
        /// When it should have been replaced.
        next_update: Timestamp,
    },
    /// There are lists in the name of its issuer, signed by somebody else.
    #[error("the revocation list is not signed by the issuer")]
    WrongSigner,
}

impl From<UnknownRevocation> for Refusal {
    fn from(why: UnknownRevocation) -> Self {
        Self::RevocationUnknown { why }
    }
}

impl From<PathRule> for Refusal {
    fn from(rule: PathRule) -> Self {
        Self::Path { rule }
    }
}

impl Refusal {
    /// The word for it that both ends share.
    pub fn code(&self) -> Code {
        match self {
            Self::Anonymous => Code::CertificateRequired,
            Self::Expired { .. } => Code::CertificateExpired,
            Self::NotYetValid { .. } => Code::CertificateNotYetValid,
            Self::Revoked { .. } | Self::Blocked { .. } => Code::CertificateRevoked,
            Self::RevocationUnknown { .. } => Code::RevocationUnknown,
            Self::AnchorExpired { .. }
            | Self::AnchorNotYetValid { .. }
            | Self::BadSignature
            | Self::Chain { .. }
            | Self::Path { .. }
            | Self::PossessionUnproven
            | Self::UnknownIssuer => Code::CertificateUntrusted,
            Self::KeyKind { .. }
            | Self::KeyUsage
            | Self::Malformed
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
            // Alerts know no more of a path than that it does not lead to a CA that counts.
            Self::Anonymous
            | Self::AnchorExpired { .. }
            | Self::AnchorNotYetValid { .. }
            | Self::Path { .. }
            | Self::UnknownIssuer => RustlsError::UnknownIssuer,
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
            Self::KeyKind { .. } | Self::KeyUsage | Self::Purpose => RustlsError::InvalidPurpose,
            Self::Blocked { .. } | Self::Revoked { .. } => RustlsError::Revoked,
            Self::RevocationUnknown { .. } => RustlsError::UnknownRevocationStatus,
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
