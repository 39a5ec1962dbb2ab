use std::sync::Arc;

use bytes::Bytes;
use countersign_problem::{MEDIA_TYPE, Problem};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{StatusCode, Url, Version};
use serde::de::DeserializeOwned;

use crate::classify::Caller;
use crate::{Error, Kind};

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
        let url = self.url().clone();
        let Self { caller, http } = self;
        http.bytes()
            .await
            .map_err(|error| caller.classify(error, true).at(&url))
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

    /// This answer, unless its status is an error.
    pub(crate) async fn into_success(mut self) -> Result<Self, Error> {
        let status = self.status();
        if !status.is_client_error() && !status.is_server_error() {
            return Ok(self);
        }
        let kind = match self.problem().await {
            Some(problem) if is_denial(status) => Kind::Denied(problem),
            problem => Kind::Status { status, problem },
        };
        Err(Error::new(kind).at(self.url()))
    }

    /// The problem document that the body is, if it is one of ours. What is too large, does not
    /// arrive or has an unknown code is none: the status stands for itself.
    async fn problem(&mut self) -> Option<Problem> {
        if !is_problem(self.headers()) {
            return None;
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await.ok()? {
            if body.len() + chunk.len() > LARGEST_PROBLEM {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).ok()
    }
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
