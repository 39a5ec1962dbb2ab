//! How is a fault written in the words of OAuth (RFC 6749, section 5.2)?

use axum::response::{IntoResponse, Response};
use countersign_axum::{Code, CorrelationId, Fault};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::document;

/// Writes `fault` as an OAuth error. All that has to do with who the client is reads the same: nobody learns
/// from it which clients there are.
pub(super) fn render(fault: &Fault, _: &CorrelationId) -> Response {
    let (status, word) = words(fault);
    let said = match word {
        INVALID_CLIENT => "the client is not proven by this certificate".to_owned(),
        _ => described(fault.detail()),
    };
    let body = document::error(word, &said);
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

fn words(fault: &Fault) -> (StatusCode, &'static str) {
    match (fault.word(), fault.code()) {
        (Some(INVALID_CLIENT), _) => (StatusCode::UNAUTHORIZED, INVALID_CLIENT),
        (Some(word), Code::BodyTooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, word),
        (Some(word), _) => (StatusCode::BAD_REQUEST, word),
        (None, Code::Overloaded) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
        (None, Code::Internal) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
        (None, code) => match StatusCode::from_u16(code.status()) {
            Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) | Err(_) => {
                (StatusCode::UNAUTHORIZED, INVALID_CLIENT)
            }
            Ok(status) => (status, INVALID_REQUEST),
        },
    }
}

/// In the characters that `error_description` may have.
fn described(text: &str) -> String {
    let allowed = |letter: &char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
    let letters = text.chars();
    letters
        .map(|letter| if allowed(&letter) { letter } else { '\'' })
        .collect()
}

pub(super) const INVALID_CLIENT: &str = "invalid_client";
pub(super) const INVALID_REQUEST: &str = "invalid_request";
pub(super) const INVALID_SCOPE: &str = "invalid_scope";
pub(super) const INVALID_TARGET: &str = "invalid_target";
pub(super) const UNSUPPORTED_GRANT: &str = "unsupported_grant_type";
