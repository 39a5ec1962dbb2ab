use std::fmt;
use std::str::FromStr;

use http::Uri;
use thiserror::Error;

/// The name of an authorization server: an https URL without query and fragment (RFC 8414, section 2), and without a
/// slash at its end, for its endpoints are appended to it.
///
/// ```
/// use countersign_oauth::Issuer;
///
/// let bank: Issuer = "https://bank.example/tokens".parse()?;
/// assert_eq!(bank.endpoint("token"), "https://bank.example/tokens/oauth/token");
/// assert!("https://bank.example/".parse::<Issuer>().is_err());
/// # Ok::<(), countersign_oauth::IssuerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    /// With its slash; empty where there is none.
    path: String,
}

impl Issuer {
    /// The URL, to the letter.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of an endpoint.
    pub fn endpoint(&self, name: &str) -> String {
        format!("{}/oauth/{name}", self.text)
    }

    /// A path below that of the issuer.
    pub(super) fn below(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    /// Where its metadata is looked for: RFC 8414 inserts between host and path, OpenID Connect appends.
    pub(super) fn well_known(&self) -> [String; 2] {
        [
            format!("/.well-known/oauth-authorization-server{}", self.path),
            self.below("/.well-known/openid-configuration"),
        ]
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, IssuerError> {
        let wrong = || IssuerError {
            text: text.escape_debug().to_string(),
        };
        let after = text.strip_prefix("https://");
        // The parser forgets a fragment.
        let after = after.filter(|after| !after.contains('#'));
        let after = after.ok_or_else(wrong)?;
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let path = after.find('/').and_then(|start| after.get(start..));
        let path = path.unwrap_or_default();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let segments = path.split('/').skip(1);
        let named =
            |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
        let host = uri
            .authority()
            .is_some_and(|host| !host.as_str().contains('@'));
        match host && segments.into_iter().all(named) && uri.query().is_none() {
            true => Ok(Self {
                text: text.to_owned(),
                path: path.to_owned(),
            }),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text is no name of an authorization server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is no issuer: wanted an https URL of host and plain path, with no slash at its end"
)]
#[non_exhaustive]
pub struct IssuerError {
    /// The text.
    pub text: String,
}
