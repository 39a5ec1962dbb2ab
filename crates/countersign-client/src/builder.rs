use std::error::Error as StdError;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_tls::{Clock, SystemClock, TlsVersion};
use thiserror::Error;

use crate::confirm::LEAST;
use crate::metrics::Metrics;
use crate::reload::{Reloader, Standing, checked};
use crate::rules::Demand;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::source::SourceError;
use crate::{Client, CredentialSource, Proxy, Retry, ServerTrust};

/// A [`Client`] in the making, begun by [`Client::builder`].
///
/// What it says about TLS, the scheme, proxies and redirects cannot be changed by
/// [`configure`](Self::configure).
#[must_use = "a builder does nothing until `build` is called"]
pub struct ClientBuilder {
    source: Option<CredentialSource>,
    trust: Option<ServerTrust>,
    settings: Settings,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            source: None,
            trust: None,
            settings: Settings {
                clock: Arc::new(SystemClock),
                tls_version: None,
                http_version: HttpVersion::Any,
                confirm_within: LEAST,
                timeout: None,
                connect_timeout: None,
                resolve: Vec::new(),
                proxy: None,
                demand: Demand::Nobody,
                retry: None,
                redirects: true,
                reload_when_refused: true,
                warn_before: WARN_BEFORE,
                poll_every: Some(POLL_EVERY),
                metrics: Metrics::default(),
                configure: Vec::new(),
            },
        }
    }

    /// Presents this credential to servers that ask for one; without it, the client is anonymous.
    ///
    /// A [`Credential`](countersign_tls::Credential) is presented as it is. What a
    /// [`CredentialSource`] gives is checked before it is used, now and after each renewal.
    #[doc(alias = "identity")]
    pub fn credential(mut self, source: impl Into<CredentialSource>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Believes only these servers. Required: there is no default.
    pub fn trust(mut self, trust: ServerTrust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// How often files and other sources are looked at for something newer; 30 s unless told
    /// otherwise, less up to a fifth of it, so that a fleet does not begin anew in one moment.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.settings.poll_every = Some(interval);
        self
    }

    /// Looks at sources only when [`Client::reload`] is called, or after a refusal.
    pub fn without_polling(mut self) -> Self {
        self.settings.poll_every = None;
        self
    }

    /// How long before the end of its certificate the client says so; three days unless told
    /// otherwise.
    pub fn warn_before_expiry(mut self, ahead: Duration) -> Self {
        self.settings.warn_before = ahead;
        self
    }

    /// Whether a refused certificate makes the client look for a newer one at once, and repeat the
    /// request with it, where that is safe. It does unless told otherwise.
    pub fn reload_when_refused(mut self, reload: bool) -> Self {
        self.settings.reload_when_refused = reload;
        self
    }

    /// Repeats calls that failed for reasons which may pass. Not done unless asked for.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.settings.retry = Some(retry);
        self
    }

    /// Calls servers through this proxy. Those of the environment are never used.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.settings.proxy = Some(proxy);
        self
    }

    /// Takes a redirect for the answer, and follows none. Those within the origin are followed unless told
    /// otherwise.
    pub fn without_redirects(mut self) -> Self {
        self.settings.redirects = false;
        self
    }

    /// Fails, before a request is sent, where the server does not ask for a certificate: then
    /// something in front of it ends TLS, and it does not learn who calls.
    ///
    /// A server that asks only once it knows the path, by renegotiation, asks too late.
    #[doc(alias = "require_client_auth")]
    pub fn require_certificate_request(mut self) -> Self {
        self.settings.demand = Demand::Everybody;
        self
    }

    /// Likewise, but only this host and others that are named so.
    pub fn require_certificate_request_of(mut self, host: impl Into<String>) -> Self {
        let host = host.into().to_ascii_lowercase();
        match &mut self.settings.demand {
            Demand::Everybody => {}
            Demand::Hosts(hosts) => hosts.push(host),
            nobody => *nobody = Demand::Hosts(vec![host]),
        }
        self
    }

    /// Counts what happens.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self, metrics: Metrics) -> Self {
        self.settings.metrics = metrics;
        self
    }

    /// Judges certificates at the time of this clock, instead of the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Speaks only this version of TLS, instead of 1.2 and 1.3.
    pub fn tls_version(mut self, version: TlsVersion) -> Self {
        self.settings.tls_version = Some(version);
        self
    }

    /// Speaks only this version of HTTP, instead of what the server prefers.
    pub fn http_version(mut self, version: HttpVersion) -> Self {
        self.settings.http_version = version;
        self
    }

    /// How long, at the least, a server has to say whether it accepts the certificate; 250 ms
    /// unless told otherwise, and more if its handshake was slow.
    ///
    /// Nearly every server says so at once. One that issues no TLS 1.3 tickets says nothing, and
    /// then each new connection waits that long. A refusal that comes later may be lost.
    pub fn confirm_within(mut self, least: Duration) -> Self {
        self.settings.confirm_within = least;
        self
    }

    /// Limits each call, from connecting to the last byte of the answer. Unlimited by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.settings.timeout = Some(limit);
        self
    }

    /// Limits connecting, the TLS handshake and its confirmation included. Unlimited by default.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.settings.connect_timeout = Some(limit);
        self
    }

    /// Connects to `address` for `host`; the certificate must still be for `host`. The port of the address counts
    /// only where the URL has none. Of two for one host the later counts.
    pub fn resolve(mut self, host: impl Into<String>, address: SocketAddr) -> Self {
        self.settings.resolve.push((host.into(), address));
        self
    }

    /// Makes any other setting of reqwest. `Fn`, because it runs once for each credential that the
    /// client comes to use.
    pub fn configure(
        mut self,
        settings: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.settings.configure.push(Box::new(settings));
        self
    }

    /// Makes the client. Nothing is sent; sources are read, and looked at from now on.
    ///
    /// # Errors
    ///
    /// No [`trust`](Self::trust) is given, the source gives no credential that can be used, or the
    /// settings cannot be.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// ```
    /// use countersign_client::{BuildError, Client};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let error = Client::builder().build().await.unwrap_err();
    /// assert!(matches!(error, BuildError::NoTrust));
    /// # });
    /// ```
    pub async fn build(self) -> Result<Client, BuildError> {
        let trust = self.trust.ok_or(BuildError::NoTrust)?;
        let mut standing = Standing::first(self.source.as_ref(), trust).await?;
        if let Some(source) = self.source.as_ref().filter(|source| source.may_change()) {
            let now = self.settings.clock.now();
            let found = standing.credential.take();
            let found = found.map(|found| checked(found, source, now));
            standing.credential = found.transpose()?;
        }
        let credential = standing.credential.clone();
        let first = self.settings.generation(1, credential, &standing.trust)?;
        self.settings.metrics.began(&first);
        let reloader = Reloader::new(self.source, standing);
        let shared = Arc::new(Shared::new(self.settings, first, reloader));
        shared.start_polling();
        Ok(Client::new(shared))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("credential", &self.source)
            .field("trust", &self.trust)
            .field("tls_version", &self.settings.tls_version)
            .field("http_version", &self.settings.http_version)
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
    /// The source gives no credential that can be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The proxy cannot be used.
    #[error("the proxy cannot be used: {reason}")]
    Proxy {
        /// Why not.
        reason: String,
    },
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
    /// A blocking client needs a runtime of its own, and there is none to be had.
    #[error("no runtime can be started: {source}")]
    Runtime {
        /// Why not.
        source: std::io::Error,
    },
    /// A blocking client is used where a runtime runs, and would stop it.
    #[error("a blocking client cannot be used within a runtime")]
    WithinRuntime,
}

impl BuildError {
    pub(crate) fn tls(error: impl fmt::Display) -> Self {
        Self::Tls {
            reason: error.to_string(),
        }
    }

    pub(crate) fn http(error: reqwest::Error) -> Self {
        Self::Http {
            source: error.into(),
        }
    }
}

const POLL_EVERY: Duration = Duration::from_secs(30);
const WARN_BEFORE: Duration = Duration::from_secs(3 * 24 * 60 * 60);
