use countersign_identity::{CertificateError, NameError};
use countersign_policy::PrincipalName;
use thiserror::Error;

/// Why a client cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The name is malformed.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The distinguished name has no part: it would be the subject of many.
    #[error("a subject without any part names nobody")]
    EmptySubject,
    /// It is not of its kind.
    #[error("`{text}` is no {wanted}")]
    Subject {
        /// The text.
        text: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// The key set is not JSON of that form.
    #[error("the key set of the client cannot be read: {reason}")]
    KeySet {
        /// Why not.
        reason: String,
    },
    /// The key set has no key.
    #[error("the key set of the client has no key")]
    NoKeys,
    /// A key comes without its certificate, which is what is compared.
    #[error("key {place} has no `x5c`")]
    NoCertificate {
        /// Counted from 1.
        place: usize,
    },
    /// A private key is nothing to register.
    #[error("key {place} is private")]
    Private {
        /// Counted from 1.
        place: usize,
    },
    /// A certificate cannot be read.
    #[error("the certificate of key {place} cannot be read: {source}")]
    Certificate {
        /// Counted from 1.
        place: usize,
        /// Why not.
        source: CertificateError,
    },
    /// The key is not that of its certificate (RFC 7517, section 4.7).
    #[error("key {place} is not the one of its certificate")]
    OtherKey {
        /// Counted from 1.
        place: usize,
    },
    /// A principal is registered twice.
    #[error("the client `{principal}` is registered twice")]
    Twice {
        /// The principal.
        principal: PrincipalName,
    },
}
