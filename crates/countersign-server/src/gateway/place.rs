//! Where is the service behind the gateway?

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;
use thiserror::Error;

/// Where the service behind a gateway is.
///
/// ```
/// use countersign_server::UpstreamPlace;
///
/// let place: UpstreamPlace = "http://127.0.0.1:3000".parse()?;
/// assert_eq!(place.to_string(), "http://127.0.0.1:3000");
/// assert!("unix:/run/app.sock".parse::<UpstreamPlace>().is_ok());
/// assert!("http://127.0.0.1:3000/base".parse::<UpstreamPlace>().is_err());
/// # Ok::<(), countersign_server::NoUpstream>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpstreamPlace {
    /// In the clear.
    Http(Authority),
    /// Over TLS.
    Https(Authority),
    /// A Unix socket, in the clear.
    Unix(PathBuf),
}

/// The text says of no service where it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is none of `http://HOST:PORT`, `https://HOST:PORT`, `unix:/PATH`")]
pub struct NoUpstream {
    /// The text.
    pub text: String,
}

impl UpstreamPlace {
    /// Whether it is in the clear at an address beyond this machine. A host that is no address is told when it is
    /// resolved.
    pub(super) fn is_exposed(&self) -> bool {
        let Self::Http(authority) = self else {
            return false;
        };
        let host = authority.host().trim_matches(['[', ']']);
        host.parse().is_ok_and(|ip: IpAddr| !ip.is_loopback())
    }

    /// What the service is called in a request.
    pub(super) fn authority(&self) -> Authority {
        match self {
            Self::Http(authority) | Self::Https(authority) => authority.clone(),
            Self::Unix(_) => Authority::from_static("localhost"),
        }
    }
}

impl FromStr for UpstreamPlace {
    type Err = NoUpstream;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let none = || NoUpstream {
            text: text.to_owned(),
        };
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return match path.is_absolute() {
                true => Ok(Self::Unix(path)),
                false => Err(none()),
            };
        }
        let uri: Uri = text.parse().map_err(|_| none())?;
        let bare = uri.path() == "/" && uri.query().is_none() && !text.contains('@');
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(authority)) if bare => Ok(Self::Http(authority.clone())),
            (Some("https"), Some(authority)) if bare => Ok(Self::Https(authority.clone())),
            _ => Err(none()),
        }
    }
}

impl fmt::Display for UpstreamPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(authority) => write!(f, "http://{authority}"),
            Self::Https(authority) => write!(f, "https://{authority}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}
