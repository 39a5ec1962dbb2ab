use std::collections::BTreeMap;

use axum::body::to_bytes;
use axum::extract::Request;
use countersign_axum::{Code, Fault};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};

use super::Refusal;
use super::fault::INVALID_REQUEST;

/// The parameters of a request to an endpoint (RFC 6749, section 3.2): in the body, each once.
#[derive(Debug)]
pub(super) struct Form {
    parameters: BTreeMap<String, String>,
    /// Whether the header has credentials, too.
    authorized: bool,
}

impl Form {
    /// Reads the body; what is wrong with it is `invalid_request`.
    pub(super) async fn read(request: Request) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        if head.uri.query().is_some() {
            return Err(wrong(
                "parameters stand in the body, and the query is empty",
            ));
        }
        if !is_form(&head.headers) {
            return Err(wrong(
                "the body must be of type application/x-www-form-urlencoded",
            ));
        }
        let body = to_bytes(body, LONGEST).await;
        let body = body.map_err(|_| {
            Fault::new(Code::BodyTooLarge, "the form is too long").worded(INVALID_REQUEST)
        })?;
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&body) {
            let name = name.into_owned();
            if parameters.contains_key(&name) {
                return Err(wrong(format!("the parameter {name} stands there twice")));
            }
            parameters.insert(name, value.into_owned());
        }
        Ok(Self {
            parameters,
            authorized: head.headers.contains_key(AUTHORIZATION),
        })
    }

    /// A parameter; one without a value is as one that is not there.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.parameter(name);
        value.ok_or_else(|| wrong(format!("the parameter {name} is missing")))
    }

    /// A client that has a certificate proves itself by that, and by nothing beside it (RFC 6749, section 2.3).
    pub(super) fn proves_nothing_else(&self) -> Result<(), Refusal> {
        let beside = BESIDE
            .iter()
            .find(|name| self.parameters.contains_key(**name));
        match beside {
            Some(name) => Err(Refusal::client(format!("the client sends a {name}, too"))),
            None if self.authorized => {
                Err(Refusal::client("the client sends `Authorization`, too"))
            }
            None => Ok(()),
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| {
        essence
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn wrong(why: impl Into<String>) -> Refusal {
    Refusal::request(INVALID_REQUEST, why)
}

const BESIDE: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];
/// In bytes: a token and a little more.
const LONGEST: usize = 32 * 1024;
