use axum::response::{IntoResponse, Response};
use countersign_axum::audit::Action;
use countersign_axum::{Code, Fault};

/// What an endpoint would not do: a fault for the caller, and what the audit log is told of it.
#[derive(Debug)]
pub(super) struct Refusal {
    fault: Box<Fault>,
    action: Option<Action>,
}

impl Refusal {
    /// `invalid_client` (RFC 6749, section 5.2). The caller does not read why.
    pub(super) fn client(why: impl Into<String>) -> Self {
        Fault::new(Code::PrincipalUnknown, why)
            .worded(super::fault::INVALID_CLIENT)
            .into()
    }

    /// `word`, because of what the caller asks for.
    pub(super) fn request(word: &'static str, why: impl Into<String>) -> Self {
        Fault::new(Code::RequestInvalid, why).worded(word).into()
    }

    /// It cannot be done now.
    pub(super) fn unavailable(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "the authorization server cannot answer");
        Fault::new(Code::Overloaded, "the storage does not answer").into()
    }

    /// It cannot be done, and the server is to blame.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "the authorization server fails");
        Fault::new(Code::Internal, "the token cannot be made").into()
    }

    /// The same, of `action`.
    pub(super) fn of(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self {
            fault: Box::new(fault),
            action: None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self.action {
            Some(action) => (action, *self.fault).into_response(),
            None => (*self.fault).into_response(),
        }
    }
}
