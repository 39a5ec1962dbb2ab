use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_tls::{Clock, Credential, SystemClock, TlsVersion};
use reqwest::redirect::{Action, Attempt, Policy};
use thiserror::Error;

use crate::classify::Caller;
use crate::confirm::{ConfirmLayer, LEAST};
use crate::request::note_redirect;
use crate::tls::TlsParts;
use crate::{Client, ServerTrust};

/// A [`Client`] in the making, begun by [`Client::builder`].
///
/// What it says about TLS, the scheme, proxies and redirects cannot be changed by
/// [`configure`](Self::configure).
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    credential: Option<Credential>,
    trust: Option<ServerTrust>,
    clock: Arc<dyn Clock>,
    tls_version: Option<TlsVersion>,
    http_version: HttpVersion,
    confirm_within: Duration,
    timeout: Option<Duration>,
    connect_timeout: Option<Duration>,
    resolve: Vec<(String, SocketAddr)>,
    configure: Vec<Configure>,
}

type Configure = Box<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            credential: None,
            trust: None,
            clock: Arc::new(SystemClock),
            tls_version: None,
            http_version: HttpVersion::Any,
            confirm_within: LEAST,
            timeout: None,
            connect_timeout: None,
            resolve: Vec::new(),
            configure: Vec::new(),
        }
    }

    /// Presents this credential to servers that ask for one; without it, the client is anonymous.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Believes only these servers. Required: there is no default.
    pub fn trust(mut self, trust: ServerTrust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// Judges certificates at the time of this clock, instead of the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Speaks only this version of TLS, instead of 1.2 and 1.3.
    pub fn tls_version(mut self, version: TlsVersion) -> Self {
        self.tls_version = Some(version);
        self
    }

    /// Speaks only this version of HTTP, instead of what the server prefers.
    pub fn http_version(mut self, version: HttpVersion) -> Self {
        self.http_version = version;
        self
    }

    /// How long, at the least, a server has to say whether it accepts the certificate; 250 ms
    /// unless told otherwise, and more if its handshake was slow.
    ///
    /// Nearly every server says so at once. One that issues no TLS 1.3 tickets says nothing, and
    /// then each new connection waits that long. A refusal that comes later may be lost.
    pub fn confirm_within(mut self, least: Duration) -> Self {
        self.confirm_within = least;
        self
    }

    /// Limits each call, from connecting to the last byte of the answer. Unlimited by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Limits connecting, the TLS handshake and its confirmation included. Unlimited by default.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = Some(limit);
        self
    }

    /// Connects to `address` for `host`; the certificate must still be for `host`.
    pub fn resolve(mut self, host: impl Into<String>, address: SocketAddr) -> Self {
        self.resolve.push((host.into(), address));
        self
    }

    /// Makes any other setting of reqwest. `Fn`, because it runs once for each credential that the
    /// client comes to use.
    pub fn configure(
        mut self,
        settings: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure.push(Box::new(settings));
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// No [`trust`](Self::trust) is given, or the settings cannot be used.
    ///
    /// ```
    /// use countersign_client::{BuildError, Client};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let error = Client::builder().build().await.unwrap_err();
    /// assert!(matches!(error, BuildError::NoTrust));
    /// # });
    /// ```
    #[expect(
        clippy::unused_async,
        reason = "sources of credentials that have to be awaited will come"
    )]
    pub async fn build(self) -> Result<Client, BuildError> {
        let http = self.to_reqwest()?;
        let caller = Caller::new(self.credential.as_ref(), self.clock);
        Ok(Client::new(http, caller))
    }

    fn to_reqwest(&self) -> Result<reqwest::Client, BuildError> {
        let tls = TlsParts {
            credential: self.credential.clone(),
            trust: self.trust.as_ref().ok_or(BuildError::NoTrust)?,
            clock: Arc::clone(&self.clock),
            version: self.tls_version,
            http: self.http_version,
        };
        // The first layer is the innermost, and must be: it reads from the connection.
        let confirm = ConfirmLayer {
            least: self.confirm_within,
        };
        let builder = reqwest::Client::builder().connector_layer(confirm);
        let builder = self
            .configure
            .iter()
            .fold(builder, |made, configure| configure(made));
        // What is said after the user's settings, those cannot undo.
        self.settings(builder)
            .tls_backend_preconfigured(tls.into_config()?)
            .https_only(true)
            .no_proxy()
            .redirect(Policy::custom(within_origin))
            .build()
            .map_err(|error| BuildError::Http {
                source: error.into(),
            })
    }

    fn settings(&self, mut builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder = match self.http_version {
            HttpVersion::Any => builder,
            HttpVersion::Http1 => builder.http1_only(),
            HttpVersion::Http2 => builder.http2_prior_knowledge(),
        };
        if let Some(limit) = self.timeout {
            builder = builder.timeout(limit);
        }
        if let Some(limit) = self.connect_timeout {
            builder = builder.connect_timeout(limit);
        }
        for (host, address) in &self.resolve {
            builder = builder.resolve(host, *address);
        }
        builder
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credential", &self.credential)
            .field("trust", &self.trust)
            .field("tls_version", &self.tls_version)
            .field("http_version", &self.http_version)
            .finish_non_exhaustive()
    }
}

/// Which version of HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpVersion {
    /// What the server prefers of both.
    #[default]
    Any,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only.
    Http2,
}

/// Why there is no client.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nothing says which servers to believe.
    #[error("no trust: say with `trust` which CA must have issued the server's certificate")]
    NoTrust,
    /// The version of TLS is none that can be spoken.
    #[error("TLS {version} cannot be spoken")]
    TlsVersion {
        /// The version.
        version: TlsVersion,
    },
    /// rustls does not accept the configuration.
    #[error("the TLS configuration is refused: {reason}")]
    Tls {
        /// In the words of rustls.
        reason: String,
    },
    /// reqwest does not accept the settings.
    #[error("the HTTP settings are refused")]
    Http {
        /// Why not.
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl BuildError {
    pub(crate) fn tls(error: impl fmt::Display) -> Self {
        Self::Tls {
            reason: error.to_string(),
        }
    }
}

/// Whoever is redirected to would be presented the certificate. A redirect that is not followed is
/// the answer.
fn within_origin(attempt: Attempt<'_>) -> Action {
    note_redirect();
    let next = attempt.url().origin();
    let within = attempt.previous().iter().all(|url| url.origin() == next);
    if within && attempt.previous().len() <= MOST_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// As many as reqwest follows unless told otherwise.
const MOST_REDIRECTS: usize = 10;
