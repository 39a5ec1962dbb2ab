//! Why did a call not do what was asked, in the words of this API?

use countersign_client::{Code, Kind};

/// Why a call did not do what was asked, by who must act.
///
/// What [`countersign_client`] says of it is its source, and [`hint`](Self::hint) says what may help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// You: the server does not accept your certificate, or you have none.
    #[error("the certificate is not accepted")]
    Certificate {
        /// What it says.
        source: countersign_client::Error,
    },
    /// The operator of the API: your certificate is accepted, and nobody is registered under its name, or
    /// who is was disabled.
    #[error("the caller is not registered")]
    NotRegistered {
        /// What the server says.
        source: countersign_client::Error,
    },
    /// The operator of the API: it knows you, and you lack the permission.
    #[error("the caller may not do this")]
    NotPermitted {
        /// What the server says.
        source: countersign_client::Error,
    },
    /// You: the server does not take the request as it is, and says why.
    #[error("the request is invalid: {reason}")]
    Invalid {
        /// What it wants.
        reason: String,
        /// What the server says.
        source: countersign_client::Error,
    },
    /// You: the idempotency key is that of another transaction.
    #[error("the idempotency key was used for another transaction")]
    KeyReused {
        /// What the server says.
        source: countersign_client::Error,
    },
    /// Nobody: it did not work out now, and may later. Whether a transaction was made is unknown; repeat it under its
    /// [key](crate::IdempotencyKey).
    #[error("the API cannot be reached now")]
    Unavailable {
        /// What happened.
        source: countersign_client::Error,
    },
    /// You: the server is not the one that you trust, or does not ask who you are.
    #[error("the server is not to be trusted with this call")]
    Server {
        /// What is wrong with it.
        source: countersign_client::Error,
    },
    /// The makers of this SDK or of the API: the answer makes no sense here.
    #[error("the answer is not as expected: {reason}")]
    Unexpected {
        /// What is wrong with it.
        reason: String,
    },
    /// Something else.
    #[error("the call failed")]
    Other {
        /// What happened.
        source: countersign_client::Error,
    },
}

impl Error {
    /// What may help, where there is something to say: one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotRegistered { .. } => {
                Some("send the operator the certificate that is presented".to_owned())
            }
            Self::NotPermitted { .. } => Some("ask the operator for the permission".to_owned()),
            other => other.call()?.hint(),
        }
    }

    /// By which the operator finds the call in the log.
    pub fn correlation_id(&self) -> Option<&str> {
        Some(self.call()?.problem()?.correlation_id())
    }

    /// What [`countersign_client`] says of it.
    pub fn call(&self) -> Option<&countersign_client::Error> {
        match self {
            Self::Certificate { source }
            | Self::NotRegistered { source }
            | Self::NotPermitted { source }
            | Self::Invalid { source, .. }
            | Self::KeyReused { source }
            | Self::Unavailable { source }
            | Self::Server { source }
            | Self::Other { source } => Some(source),
            Self::Unexpected { .. } => None,
        }
    }

    pub(crate) fn unexpected(reason: impl ToString) -> Self {
        Self::Unexpected {
            reason: reason.to_string(),
        }
    }
}

impl From<countersign_client::Error> for Error {
    fn from(source: countersign_client::Error) -> Self {
        match source.code() {
            Some(code) => Self::of_code(code, source),
            None => Self::of_kind(source),
        }
    }
}

impl Error {
    fn of_code(code: Code, source: countersign_client::Error) -> Self {
        match code {
            Code::PrincipalUnknown | Code::PrincipalDisabled => Self::NotRegistered { source },
            Code::PermissionMissing => Self::NotPermitted { source },
            Code::Conflict => Self::KeyReused { source },
            Code::RequestInvalid => Self::Invalid {
                reason: source
                    .problem()
                    .map(|problem| problem.detail().to_owned())
                    .unwrap_or_default(),
                source,
            },
            Code::Overloaded => Self::Unavailable { source },
            _ => Self::of_kind(source),
        }
    }

    fn of_kind(source: countersign_client::Error) -> Self {
        match source.kind() {
            // What the other codes of a denial are about is the name in the certificate.
            Kind::Refused(_) | Kind::Denied(_) => Self::Certificate { source },
            Kind::Trust(_) | Kind::CertificateNotRequested => Self::Server { source },
            Kind::Decode => Self::unexpected(source),
            Kind::Transport(_) => Self::Unavailable { source },
            Kind::Status { status, .. } if status.is_server_error() => Self::Unavailable { source },
            _ => Self::Other { source },
        }
    }
}
