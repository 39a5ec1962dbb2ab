//! Where is the API?

use std::str::FromStr;

use countersign_client::Url;
use thiserror::Error;

/// The https URL below which the API is served.
///
/// ```
/// use sdk_transactions::{BaseUrl, BaseUrlError};
///
/// assert!("https://api.example/partners".parse::<BaseUrl>().is_ok());
/// assert_eq!("http://api.example".parse::<BaseUrl>(), Err(BaseUrlError::NotHttps));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The URL of what is below it; each segment is encoded, so that none can be two.
    pub(crate) fn join(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Url = text.parse().map_err(|_| BaseUrlError::Malformed)?;
        if url.scheme() != "https" {
            return Err(BaseUrlError::NotHttps);
        }
        match (url.query(), url.fragment()) {
            (None, None) => Ok(Self(url)),
            _ => Err(BaseUrlError::MoreThanAPath),
        }
    }
}

/// Why a text is no [`BaseUrl`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is no URL.
    #[error("it is not a URL")]
    Malformed,
    /// A certificate can be presented over `https` only.
    #[error("the scheme is not `https`")]
    NotHttps,
    /// Calls have a query of their own.
    #[error("it has a query or a fragment")]
    MoreThanAPath,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_stays_one_whatever_is_in_it() {
        for (base, wanted) in [
            ("https://a.example", "https://a.example/v1/..%2Fwhoami%3Fx"),
            (
                "https://a.example/p/",
                "https://a.example/p/v1/..%2Fwhoami%3Fx",
            ),
            (
                "https://a.example/p",
                "https://a.example/p/v1/..%2Fwhoami%3Fx",
            ),
        ] {
            let base: BaseUrl = base.parse().unwrap_or_else(|_| unreachable!());
            assert_eq!(base.join(&["v1", "../whoami?x"]).as_str(), wanted);
        }
    }
}
