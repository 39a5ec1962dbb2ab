//! Why did a call not do what was asked, in the words of a TPP?

use countersign_client::StatusCode;

/// Why a call did not do what was asked, by who must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// You: the bank does not accept the certificate: expired, revoked, blocked, malformed, or none of a TPP that it knows.
    #[error("the certificate is not accepted: {refusal}")]
    Certificate {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// You, or your authority: the certificate has not the role that the call needs.
    #[error("the certificate has not the role: {refusal}")]
    RoleMissing {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// You: the bank does not accept the access token.
    #[error("the access token is not accepted: {refusal}")]
    Token {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// The holder of the account: the consent is unknown, has ended, or is not for this. Ask for another.
    #[error("the consent does not hold: {refusal}")]
    Consent {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// Nobody, until tomorrow: the consent is for fewer accesses a day without its holder.
    #[error("the consent is used up for today: {refusal}")]
    UsedUp {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// You: the payment key is that of another payment.
    #[error("the key was used for another payment: {refusal}")]
    KeyReused {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// You: the bank does not take the request as it is.
    #[error("the request is refused: {refusal}")]
    Refused {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// Nobody: the bank failed, or has too much to do.
    #[error("the bank cannot answer now: {refusal}")]
    Unavailable {
        /// What the bank says.
        refusal: TppRefusal,
    },
    /// The call did not reach the bank, or its answer did not arrive. [`countersign_client::Error::hint`] says what may help.
    #[error("the bank was not reached")]
    Call {
        /// What happened.
        #[from]
        source: countersign_client::Error,
    },
    /// The makers of this SDK or of the bank's API: the answer makes no sense here.
    #[error("the answer is not as expected: {reason}")]
    Unexpected {
        /// What is wrong with it.
        reason: String,
    },
}

/// What the bank says of a refusal (NextGenPSD2, `tppMessages`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {text}")]
#[non_exhaustive]
pub struct TppRefusal {
    /// The status.
    pub status: StatusCode,
    /// The code, such as `ROLE_INVALID`.
    pub code: String,
    /// In words.
    pub text: String,
}

impl Error {
    /// What the bank says, where it was reached and refused.
    pub fn refusal(&self) -> Option<&TppRefusal> {
        match self {
            Self::Certificate { refusal }
            | Self::RoleMissing { refusal }
            | Self::Token { refusal }
            | Self::Consent { refusal }
            | Self::UsedUp { refusal }
            | Self::KeyReused { refusal }
            | Self::Refused { refusal }
            | Self::Unavailable { refusal } => Some(refusal),
            Self::Call { .. } | Self::Unexpected { .. } => None,
        }
    }

    pub(crate) fn unexpected(reason: impl ToString) -> Self {
        Self::Unexpected {
            reason: reason.to_string(),
        }
    }
}

impl From<TppRefusal> for Error {
    fn from(refusal: TppRefusal) -> Self {
        let family = refusal.code.split('_').next().unwrap_or_default();
        match (refusal.code.as_str(), family) {
            ("ROLE_INVALID", _) => Self::RoleMissing { refusal },
            ("ACCESS_EXCEEDED", _) => Self::UsedUp { refusal },
            ("STATUS_INVALID", _) => Self::KeyReused { refusal },
            (_, "CERTIFICATE") => Self::Certificate { refusal },
            (_, "TOKEN") => Self::Token { refusal },
            (_, "CONSENT") => Self::Consent { refusal },
            _ if refusal.status.is_server_error() => Self::Unavailable { refusal },
            _ => Self::Refused { refusal },
        }
    }
}
