use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::NameError;

/// A SPIFFE ID of a workload: a trust domain and a path.
///
/// Parsed by the SPIFFE ID standard, section 2: lower-case scheme and trust domain, no port, no
/// user, no query, no fragment, no percent-encoding, no empty or dot segment, at most 2048 bytes.
/// What is not in that form is refused and not repaired, so that equal means equal bytes.
///
/// ```
/// use countersign_identity::SpiffeId;
///
/// let id: SpiffeId = "spiffe://prod.example/ns/payments/sa/billing".parse()?;
/// assert_eq!(id.trust_domain(), "prod.example");
/// assert_eq!(id.path(), "/ns/payments/sa/billing");
/// assert!("spiffe://Prod.example/billing".parse::<SpiffeId>().is_err());
/// assert!("spiffe://prod.example".parse::<SpiffeId>().is_err());
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpiffeId {
    uri: Arc<str>,
    path_start: usize,
}

impl SpiffeId {
    /// The trust domain, without scheme.
    pub fn trust_domain(&self) -> &str {
        self.uri
            .get(SCHEME.len()..self.path_start)
            .unwrap_or_default()
    }

    /// The path, with its leading slash.
    pub fn path(&self) -> &str {
        self.uri.get(self.path_start..).unwrap_or_default()
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.uri
    }
}

impl FromStr for SpiffeId {
    type Err = NameError;

    fn from_str(uri: &str) -> Result<Self, Self::Err> {
        Self::read(uri)
    }
}

impl SpiffeId {
    /// Keeps a text that is shared, instead of a copy.
    pub(crate) fn read<T: AsRef<str> + Into<Arc<str>>>(text: T) -> Result<Self, NameError> {
        let uri = text.as_ref();
        let malformed = |wanted| NameError::Malformed {
            name: uri.to_owned(),
            wanted,
        };
        if uri.len() > MAX_LEN {
            return Err(malformed("a SPIFFE ID of at most 2048 bytes"));
        }
        let rest = uri
            .strip_prefix(SCHEME)
            .ok_or_else(|| malformed("a URI that begins with `spiffe://`"))?;
        let (domain, path) = rest
            .split_once('/')
            .ok_or_else(|| malformed("a SPIFFE ID with a path"))?;
        if domain.is_empty() || domain.len() > 255 || !domain.bytes().all(is_domain_byte) {
            return Err(malformed(
                "a trust domain of lower-case letters, digits, dots, dashes and underscores",
            ));
        }
        if !path.split('/').all(is_segment) {
            return Err(malformed(
                "path segments of letters, digits, dots, dashes and underscores, none empty, `.` or `..`",
            ));
        }
        let path_start = SCHEME.len() + domain.len();
        Ok(Self {
            uri: text.into(),
            path_start,
        })
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

fn is_domain_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')
}

fn is_segment(segment: &str) -> bool {
    let allowed =
        |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
}

const SCHEME: &str = "spiffe://";
const MAX_LEN: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_canonical_is_refused() {
        for uri in [
            "",
            "spiffe:/",
            "spiffe://",
            "spiffe:///billing",
            "spiffe://prod.example",
            "spiffe://prod.example/",
            "spiffe://prod.example/a/",
            "spiffe://prod.example//a",
            "spiffe://prod.example/a/./b",
            "spiffe://prod.example/a/../b",
            "spiffe://prod.example/a%2Fb",
            "spiffe://prod.example/a?b",
            "spiffe://prod.example/a#b",
            "spiffe://prod.example:443/a",
            "spiffe://admin@prod.example/a",
            "spiffe://Prod.example/a",
            "SPIFFE://prod.example/a",
            "https://prod.example/a",
            "spiffe://prod.example/\0",
            "spiffe://prod.example/ä",
        ] {
            assert!(uri.parse::<SpiffeId>().is_err(), "{uri:?}");
        }
    }

    #[test]
    fn a_length_of_2048_bytes_is_the_limit() {
        let id = |len: usize| format!("spiffe://a/{}", "x".repeat(len - 11));
        assert!(id(2048).parse::<SpiffeId>().is_ok());
        assert!(id(2049).parse::<SpiffeId>().is_err());
    }
}
