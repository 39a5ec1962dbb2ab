use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use data_encoding::HEXLOWER;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use rand::RngExt;
use rand::rngs::SmallRng;

use crate::Fault;
use crate::asking::Asking;
use crate::connection::not_ours;

/// The id that joins a request, its answer and its audit event.
///
/// Taken from `x-request-id`, which comes back as it was sent, or else from the trace id of `traceparent` (W3C Trace
/// Context), where well-formed; made otherwise. Handlers take it as an argument.
#[derive(Clone)]
pub struct CorrelationId(Text);

#[derive(Clone)]
enum Text {
    /// By us, of letters and digits: kept in place, for most requests bring none.
    Made([u8; 32]),
    Brought(Arc<str>),
}

impl CorrelationId {
    /// The id of the request that has these extensions: for what is no handler, and cannot take it as an argument. None
    /// where no guard stands before.
    pub fn asking(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Asking>()?.id.as_ref()
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        // It always is text.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The same, without a look at it.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Text::Made(text) => text,
            Text::Brought(text) => text.as_bytes(),
        }
    }

    /// The one that the request brought, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let (mut id, mut trace) = (None, None);
        // In one turn: to look a name up, each of its bytes is hashed first.
        for (name, value) in headers {
            let known = match name {
                name if name == REQUEST_ID => &mut id,
                name if name == TRACE_PARENT => &mut trace,
                _ => continue,
            };
            known.get_or_insert(value);
        }
        let brought = text(id)
            .filter(|id| is_plain(id))
            .or_else(|| text(trace).and_then(trace_id));
        match brought {
            Some(id) => Self(Text::Brought(id.into())),
            None => Self::new(NUMBERS.with_borrow_mut(SmallRng::random)),
        }
    }

    /// In hexadecimal.
    fn new(number: u128) -> Self {
        let mut text = [0; 32];
        HEXLOWER.encode_mut(&number.to_be_bytes(), &mut text);
        Self(Text::Made(text))
    }

    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Ok(mut value) = HeaderValue::from_bytes(self.as_bytes()) {
            // Never indexed (RFC 7541, section 7.1.3): no other answer has this value, and in the table of the connection it would
            // take the place of what comes again.
            value.set_sensitive(true);
            headers.insert(REQUEST_ID, value);
        }
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CorrelationId")
            .field(&self.as_str())
            .finish()
    }
}

impl PartialEq for CorrelationId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for CorrelationId {}

impl Hash for CorrelationId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl<S: Sync> FromRequestParts<S> for CorrelationId {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let id = Self::asking(&parts.extensions);
        id.cloned().ok_or_else(not_ours)
    }
}

fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok()
}

/// `version "-" trace-id "-" parent-id "-" flags` (Trace Context, section 3.2.2); not all zero.
fn trace_id(traceparent: &str) -> Option<&str> {
    let mut fields = traceparent.split('-');
    let (_version, trace_id) = (fields.next()?, fields.next()?);
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = trace_id.len() == 32
        && trace_id.bytes().all(hex)
        && trace_id.bytes().any(|byte| byte != b'0')
        && fields.count() >= 2;
    fits.then_some(trace_id)
}

/// Nothing that a log or a header could take for structure.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=128).contains(&id.len()) && id.bytes().all(plain)
}

thread_local! {
    /// Different ones are all that is asked of them: a client may bring any it likes.
    static NUMBERS: RefCell<SmallRng> = RefCell::new(rand::make_rng());
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        CorrelationId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_well_formed_id_is_kept() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(id("traceparent", &parent), trace);
        assert_eq!(id("x-request-id", "order-17.b_3"), "order-17.b_3");
    }

    #[test]
    fn one_that_is_made_is_the_number_in_hexadecimal() {
        let number = 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978_u128;
        let made = CorrelationId::new(number);
        assert_eq!(made.as_str(), format!("{number:032x}"));
    }

    #[test]
    fn anything_else_is_replaced() {
        let zeros = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        for (name, value) in [
            ("traceparent", zeros.as_str()),
            ("traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-1-01"),
            ("traceparent", "4bf92f3577b34da6a3ce929d0e0e4736"),
            ("x-request-id", ""),
            ("x-request-id", "a b"),
            ("x-request-id", "{\"outcome\":\"allowed\"}"),
            ("x-request-id", &"x".repeat(129)),
        ] {
            let made = id(name, value);
            assert_eq!(made.len(), 32, "{value}");
            assert_ne!(made, value);
        }
    }
}
