//! Where in a request does its token stand?

use http::header::AUTHORIZATION;
use http::request::Parts;

/// The token in `Authorization: Bearer`; none where there is nothing of that kind (RFC 6750, section 2.1).
///
/// # Errors
///
/// What is wrong: there are two, it has letters that no token has, or it stands in the query, where logs would
/// keep it.
pub(super) fn token(request: &Parts) -> Result<Option<&str>, &'static str> {
    if request.uri.query().is_some_and(has_token) {
        return Err("an access token in the query is not accepted");
    }
    let mut all = request.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err("there is more than one `Authorization`");
    }
    let header = header.to_str();
    let header = header.map_err(|_| "`Authorization` cannot be read")?;
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    let token = token.trim_start_matches(' ');
    match scheme.eq_ignore_ascii_case("bearer") {
        false => Ok(None),
        true if is_token(token) => Ok(Some(token)),
        true => Err("the token in `Authorization: Bearer` is malformed"),
    }
}

/// A name in a query may be written with `%`; that of the parameter has no reason to be.
fn has_token(query: &str) -> bool {
    let names = query.split('&').map(|pair| pair.split('=').next());
    names.flatten().any(|name| name == "access_token")
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_token(text: &str) -> bool {
    let letters = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !letters.is_empty() && letters.bytes().all(allowed)
}
