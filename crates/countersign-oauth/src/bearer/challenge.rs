//! What is a caller told whose token will not do (RFC 6750, section 3)?

use countersign_axum::{Code, Fault};
use http::HeaderValue;

use crate::{Scope, TokenError};

pub(super) struct Challenge<'a> {
    realm: &'a str,
}

impl<'a> Challenge<'a> {
    pub(super) fn new(realm: &'a str) -> Self {
        Self { realm }
    }

    /// There is no token: no error is told, for nothing was tried.
    pub(super) fn missing(&self) -> Fault {
        let detail = "the request has no access token in `Authorization: Bearer`";
        self.fault(Code::TokenMissing, detail, "")
    }

    pub(super) fn invalid(&self, error: &TokenError) -> Fault {
        let detail = error.to_string();
        let said = described(&detail);
        let told = format!(r#", error="invalid_token", error_description="{said}""#);
        self.fault(error.code(), &detail, &told)
    }

    pub(super) fn of_request(&self, detail: &str) -> Fault {
        let said = described(detail);
        let told = format!(r#", error="invalid_request", error_description="{said}""#);
        self.fault(Code::RequestInvalid, detail, &told)
    }

    pub(super) fn insufficient(&self, wanted: &Scope) -> Fault {
        let detail = format!("the token lacks the scope `{wanted}`");
        let told = format!(r#", error="insufficient_scope", scope="{wanted}""#);
        self.fault(Code::PermissionMissing, &detail, &told)
    }

    fn fault(&self, code: Code, detail: &str, told: &str) -> Fault {
        let challenge = format!(r#"Bearer realm="{}"{told}"#, described(self.realm));
        let fault = Fault::new(code, detail);
        match HeaderValue::try_from(challenge) {
            Ok(challenge) => fault.challenging(challenge),
            Err(_) => fault,
        }
    }
}

/// In the characters that a description may have (RFC 6750, section 3).
fn described(text: &str) -> String {
    let allowed = |letter: &char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
    text.chars()
        .map(|letter| if allowed(&letter) { letter } else { '\'' })
        .collect()
}
