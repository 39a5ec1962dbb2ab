use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use countersign_problem::{Code, MEDIA_TYPE, Problem};
use reqwest::header::{CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use reqwest::{StatusCode, Url, Version};
use serde::de::DeserializeOwned;

use crate::classify::{Caller, Said};
use crate::retry::retry_after;
use crate::{Body, Error, Kind};

/// An answer: its head, and a body that is still to be read.
#[derive(Debug)]
pub struct Response {
    caller: Arc<Caller>,
    http: reqwest::Response,
}

impl Response {
    pub(crate) fn new(caller: Arc<Caller>, http: reqwest::Response) -> Self {
        Self { caller, http }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.http.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.http.headers()
    }

    /// The version of HTTP.
    pub fn version(&self) -> Version {
        self.http.version()
    }

    /// The URL that answered: another than was called, after a redirect within the origin.
    pub fn url(&self) -> &Url {
        self.http.url()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// [`Kind::Decode`] if it is not such JSON, [`Kind::Transport`] if it does not arrive.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let url = self.url().clone();
        let body = self.bytes().await?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::new(Kind::Decode).because(error).at(&url))
    }

    /// Reads the body as UTF-8; what is not becomes U+FFFD.
    ///
    /// # Errors
    ///
    /// [`Kind::Transport`] if it does not arrive.
    pub async fn text(self) -> Result<String, Error> {
        let body = self.bytes().await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// [`Kind::Transport`] if it does not arrive.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        let mut answer = self;
        let Some(first) = answer.chunk().await? else {
            return Ok(Bytes::new());
        };
        // Most bodies come in one part, which is kept as it is.
        let Some(second) = answer.chunk().await? else {
            return Ok(first);
        };
        let mut body = BytesMut::from(first);
        body.extend_from_slice(&second);
        while let Some(next) = answer.chunk().await? {
            body.extend_from_slice(&next);
        }
        Ok(body.freeze())
    }

    /// Reads the next part of the body, as it arrives; `None` after the last.
    ///
    /// # Errors
    ///
    /// [`Kind::Transport`] if it does not arrive.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let next = self.http.chunk().await;
        next.map_err(|error| self.caller.classify(error, true).at(self.http.url()))
    }

    /// Reads the body of a server whose word one does not take for its size; `None` if it has more than `most` bytes
    /// or does not arrive.
    pub async fn body_within(&mut self, most: usize) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await.ok()? {
            if body.len() + chunk.len() > most {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        Some(body)
    }

    /// Whether its status is an error.
    pub(crate) fn is_failure(&self) -> bool {
        let status = self.status();
        status.is_client_error() || status.is_server_error()
    }

    /// Whether the access token was not accepted (RFC 6750, section 3.1): then nothing else was done.
    pub(crate) fn refuses_the_token(&self) -> bool {
        let challenges = self.headers().get_all(WWW_AUTHENTICATE).iter();
        let mut texts = challenges.filter_map(|challenge| challenge.to_str().ok());
        self.status() == StatusCode::UNAUTHORIZED
            && texts.any(|challenge| challenge.contains(r#"error="invalid_token""#))
    }

    /// Whether it says that it is a problem document.
    pub(crate) fn is_problem(&self) -> bool {
        is_problem(self.headers())
    }

    /// The answer in the types of `http`, to be passed on as it arrives.
    pub fn into_http(self) -> http::Response<Body> {
        self.http.into()
    }

    /// This answer, unless its status is an error.
    pub(crate) async fn into_success(mut self) -> Result<Self, Error> {
        if !self.is_failure() {
            return Ok(self);
        }
        let status = self.status();
        let retry_after = retry_after(self.headers());
        let kind = match self.problem().await {
            Some(problem) if is_about_the_certificate(&problem) => {
                self.refused(Said::Problem(problem))
            }
            Some(problem) if is_denial(status) => Kind::Denied(problem),
            None if may_be_a_gateway(status) => self.of_a_gateway().await,
            problem => Kind::Status { status, problem },
        };
        let token_refused = self.refuses_the_token();
        let error = Error::new(kind).retry_after_of(retry_after);
        let error = error.token_refused(token_refused);
        Err(error.at(self.url()))
    }

    /// The problem document that the body is, if it is one of ours. What is too large, does not
    /// arrive or has an unknown code is none: the status stands for itself.
    async fn problem(&mut self) -> Option<Problem> {
        if !is_problem(self.headers()) {
            return None;
        }
        let body = self.body_within(LARGEST_PROBLEM).await?;
        serde_json::from_slice(&body).ok()
    }

    /// nginx lets every handshake pass, and then answers a page that says one of two things.
    async fn of_a_gateway(&mut self) -> Kind {
        let status = self.status();
        let body = self.body_within(LARGEST_PAGE).await.unwrap_or_default();
        let page = String::from_utf8_lossy(&body);
        if page.contains("No required SSL certificate was sent") || status.as_u16() == 496 {
            return self.refused(Said::NoCertificate);
        }
        if page.contains("The SSL certificate error") || status.as_u16() == 495 {
            return self.refused(Said::BadCertificate);
        }
        Kind::Status {
            status,
            problem: None,
        }
    }

    fn refused(&self, said: Said) -> Kind {
        let host = self.url().host_str().unwrap_or_default();
        Kind::Refused(self.caller.refused_over_http(self.status(), host, said))
    }
}

/// The codes that speak of the certificate alone, and not of who holds it.
fn is_about_the_certificate(problem: &Problem) -> bool {
    matches!(
        problem.code(),
        Code::CertificateRequired
            | Code::CertificateExpired
            | Code::CertificateNotYetValid
            | Code::CertificateRevoked
            | Code::CertificateUntrusted
            | Code::CertificateUnsuitable
            | Code::RevocationUnknown
    )
}

/// nginx answers 400, and has 495 and 496 for those who configure a page of their own.
fn may_be_a_gateway(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 495 | 496)
}

fn is_denial(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Media types are compared without case, and may have parameters (RFC 9110, section 8.3.1).
fn is_problem(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(MEDIA_TYPE))
}

/// Ours has less than one KiB.
const LARGEST_PROBLEM: usize = 64 * 1024;
/// nginx's own has less than half a KiB.
const LARGEST_PAGE: usize = 8 * 1024;
