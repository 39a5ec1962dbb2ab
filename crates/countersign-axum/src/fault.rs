use axum::body::Body;
use axum::response::{IntoResponse, Response};
use countersign_identity::{IdentityError, Psd2Error};
use countersign_policy::Denial;
use countersign_problem::{Code, MEDIA_TYPE, Problem};
use countersign_tls::PeerError;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::CorrelationId;

/// An answer that is a problem: a [`Code`] and what is wrong this time.
///
/// Handlers return it, `Result<_, Fault>`. Within an [`Api`](crate::Api) it becomes a problem
/// document that carries the correlation id of the request.
///
/// ```
/// use countersign_axum::{Code, Fault};
///
/// async fn find(id: &str) -> Result<String, Fault> {
///     Err(Fault::new(Code::NotFound, format!("no transaction `{id}`")))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    code: Code,
    detail: String,
    challenge: Option<HeaderValue>,
    word: Option<&'static str>,
}

impl Fault {
    /// A fault of kind `code`; the caller gets to read `detail`.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            challenge: None,
            word: None,
        }
    }

    /// The same, with a finer word of the service's own, for the [`Renderer`](crate::Renderer) of its routes.
    ///
    /// ```
    /// use countersign_axum::{Code, Fault};
    ///
    /// let fault = Fault::new(Code::RequestInvalid, "there is no scope `pay`").worded("invalid_scope");
    /// assert_eq!(fault.word(), Some("invalid_scope"));
    /// ```
    #[must_use]
    pub fn worded(mut self, word: &'static str) -> Self {
        self.word = Some(word);
        self
    }

    /// The same, with this value of `WWW-Authenticate` in place of that which belongs to the code.
    ///
    /// ```
    /// use countersign_axum::{Code, Fault};
    /// use http::HeaderValue;
    ///
    /// let challenge = HeaderValue::from_static(r#"Bearer realm="api""#);
    /// Fault::new(Code::TokenMissing, "there is no `Authorization`").challenging(challenge);
    /// ```
    #[must_use]
    pub fn challenging(mut self, challenge: HeaderValue) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// What is wrong.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is wrong this time.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The finer word, where the service gave one.
    pub fn word(&self) -> Option<&'static str> {
        self.word
    }

    /// The answer, with the id under which the audit log has more.
    pub(crate) fn render(&self, id: &CorrelationId) -> Response {
        let mut response = self.document(id);
        self.complete(&mut response);
        response
    }

    /// Adds the headers that go with the code, whoever wrote the rest.
    pub(crate) fn complete(&self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == Code::Overloaded {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        let standing = || self.code.challenge().map(HeaderValue::from_static);
        if let Some(challenge) = self.challenge.clone().or_else(standing) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
    }

    fn document(&self, id: &CorrelationId) -> Response {
        let problem = Problem::new(self.code, self.detail.clone(), id.as_str());
        // A document of strings and one number: it cannot fail to encode.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let status = StatusCode::from_u16(self.code.status());
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let media_type = HeaderValue::from_static(MEDIA_TYPE);
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response
    }
}

/// Leaves itself in the response, for the guard to render.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status());
        let mut response = status
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            .into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Denial> for Fault {
    fn from(denial: Denial) -> Self {
        Self::new(denial.code(), denial.to_string())
    }
}

impl From<&IdentityError> for Fault {
    fn from(error: &IdentityError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<Psd2Error> for Fault {
    fn from(error: Psd2Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<PeerError> for Fault {
    fn from(error: PeerError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
