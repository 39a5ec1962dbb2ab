use countersign_identity::Thumbprint;
use countersign_problem::Code;
use jiff::Timestamp;
use thiserror::Error;

use super::KeyId;

/// Why a token cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no signed token of three parts, or one of these cannot be read.
    #[error("the {part} of the token is malformed: {reason}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The header has a member that is obeyed by none of us (RFC 7515, section 4.1.11), or that would let the
    /// token bring its own key.
    #[error("the header of the token has `{member}`, which is not accepted")]
    Header {
        /// The member.
        member: &'static str,
    },
    /// It is a token of another type (RFC 9068, section 4).
    #[error("the token is of type `{}`, wanted `at+jwt`", found.escape_debug())]
    Type {
        /// Its type.
        found: String,
    },
    /// It is signed by an algorithm that is not allowed (FAPI 2.0, section 5.4.1).
    #[error("the token is signed by `{}`, wanted ES256, PS256 or EdDSA", found.escape_debug())]
    Algorithm {
        /// The name of the algorithm.
        found: String,
    },
    /// The authorization server has no such key.
    #[error("the token is signed by the key `{key}`, which is not among those of the issuer")]
    UnknownKey {
        /// The `kid`.
        key: KeyId,
    },
    /// The signature is not that of the key.
    #[error("the signature of the token does not verify")]
    Signature,
    /// It is of another authorization server.
    #[error("the token is of the issuer `{}`", found.escape_debug())]
    Issuer {
        /// Its issuer.
        found: String,
    },
    /// It is for other APIs.
    #[error("the token is for `{}`", found.join("`, `").escape_debug())]
    Audience {
        /// For which.
        found: Vec<String>,
    },
    /// It does not count any more.
    #[error("the token expired at {at}")]
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// It does not count yet.
    #[error("the token is not valid before {from}")]
    NotYetValid {
        /// From when on.
        from: Timestamp,
    },
    /// It was withdrawn, or the authorization server says that it does not count.
    #[error("the token is not active")]
    Inactive,
    /// It was issued to somebody else than the caller.
    #[error("the token was issued to `{}`, and it is presented by another", client.escape_debug())]
    Client {
        /// To whom it was issued.
        client: String,
    },
    /// It is bound to no certificate: anybody could use it.
    #[error("the token is bound to no certificate")]
    Unbound,
    /// It is bound to another certificate.
    #[error("the token is bound to the certificate {bound_to}, and {presented} is presented")]
    NotBound {
        /// The certificate of its holder.
        bound_to: Thumbprint,
        /// That of the connection.
        presented: Thumbprint,
    },
    /// It is bound to a certificate, and the caller has none.
    #[error("the token is bound to the certificate {bound_to}, and none is presented")]
    NoCertificate {
        /// The certificate of its holder.
        bound_to: Thumbprint,
    },
}

impl TokenError {
    /// The code by which it is refused.
    pub fn code(&self) -> Code {
        match self {
            Self::Unbound | Self::NotBound { .. } | Self::NoCertificate { .. } => {
                Code::TokenNotBound
            }
            _ => Code::TokenInvalid,
        }
    }
}
