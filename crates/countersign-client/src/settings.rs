//! What does every generation of a client have in common? All but its credential and its trust.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_tls::{Clock, Credential, TlsVersion};
use reqwest::redirect::{Action, Attempt, Policy};

use crate::classify::Caller;
use crate::confirm::ConfirmLayer;
use crate::generation::Generation;
use crate::metrics::Metrics;
use crate::rules::{Demand, Rules};
use crate::sending::note_redirect;
use crate::tls::TlsParts;
use crate::{BuildError, HttpVersion, Proxy, Retry, ServerTrust};

pub(crate) struct Settings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tls_version: Option<TlsVersion>,
    pub(crate) http_version: HttpVersion,
    pub(crate) confirm_within: Duration,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) resolve: Vec<(String, SocketAddr)>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) demand: Demand,
    pub(crate) retry: Option<Retry>,
    pub(crate) redirects: bool,
    pub(crate) reload_when_refused: bool,
    pub(crate) warn_before: Duration,
    pub(crate) poll_every: Option<Duration>,
    pub(crate) metrics: Metrics,
    pub(crate) configure: Vec<Configure>,
}

pub(crate) type Configure =
    Box<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

impl Settings {
    /// A client of reqwest with its own connections and its own sessions.
    pub(crate) fn generation(
        &self,
        number: u64,
        credential: Option<Credential>,
        trust: &ServerTrust,
    ) -> Result<Generation, BuildError> {
        let proxy = self.proxy.as_ref().map(Proxy::over_tls).transpose()?;
        let rules = Rules::new(proxy.flatten(), self.demand.clone());
        let caller = Caller::new(credential.as_ref(), Arc::clone(&self.clock), rules);
        let caller = Arc::new(caller);
        let http = self.to_reqwest(&caller, credential, trust)?;
        Ok(Generation::new(number, http, caller))
    }

    fn to_reqwest(
        &self,
        caller: &Arc<Caller>,
        credential: Option<Credential>,
        trust: &ServerTrust,
    ) -> Result<reqwest::Client, BuildError> {
        let tls = TlsParts {
            credential,
            trust,
            clock: Arc::clone(&self.clock),
            version: self.tls_version,
            http: self.http_version,
        };
        // The first layer is the innermost, and must be: it reads from the connection.
        let builder = reqwest::Client::builder().connector_layer(ConfirmLayer {
            least: self.confirm_within,
            caller: Arc::clone(caller),
        });
        let builder = self
            .configure
            .iter()
            .fold(builder, |made, configure| configure(made));
        // What is said after the user's settings, those cannot undo.
        let builder = self
            .apply(builder)
            .tls_backend_preconfigured(tls.into_config()?);
        let builder = match self.redirects {
            true => kept_within(builder),
            false => kept_within(builder).redirect(Policy::none()),
        };
        let builder = self.proxied(builder)?;
        builder.build().map_err(BuildError::http)
    }

    fn proxied(
        &self,
        builder: reqwest::ClientBuilder,
    ) -> Result<reqwest::ClientBuilder, BuildError> {
        let builder = builder.no_proxy();
        Ok(match &self.proxy {
            Some(proxy) => builder.proxy(proxy.to_reqwest()?),
            None => builder,
        })
    }

    fn apply(&self, mut builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
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

/// The credential stays with the origin that was called, and under TLS.
pub(crate) fn kept_within(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
        .https_only(true)
        .redirect(Policy::custom(within_origin))
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
