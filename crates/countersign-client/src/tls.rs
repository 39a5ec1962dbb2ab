//! Which rustls configuration does a client have? The one place where it is made.

use std::sync::Arc;

use countersign_tls::{Clock, Credential, TlsVersion, provider, time_provider};
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ClientSessionMemoryCache, Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use crate::handshake::{Presenter, Tickets, Witness};
use crate::pins::Pins;
use crate::{BuildError, HttpVersion, ServerTrust};

/// All that a handshake depends on.
pub(crate) struct TlsParts<'a> {
    pub(crate) credential: Option<Credential>,
    pub(crate) trust: &'a ServerTrust,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) version: Option<TlsVersion>,
    pub(crate) http: HttpVersion,
}

impl TlsParts<'_> {
    pub(crate) fn into_config(self) -> Result<ClientConfig, BuildError> {
        self.into_config_judged_by(|verifier| verifier)
    }

    /// With a verifier made of that which this configuration would have.
    pub(crate) fn into_config_judged_by<V: ServerCertVerifier + 'static>(
        self,
        judged: impl FnOnce(Witness) -> V,
    ) -> Result<ClientConfig, BuildError> {
        let provider = provider();
        let roots = Arc::new(self.trust.roots().map_err(BuildError::tls)?);
        let verifier = judged(Witness {
            verifier: verifier(&roots, &provider)?,
            pins: self.pins(&roots),
        });
        let mut config = ClientConfig::builder_with_details(provider, time_provider(self.clock))
            .with_protocol_versions(&versions(self.version)?)
            .map_err(BuildError::tls)?
            // rustls calls every verifier but its own dangerous; ours asks its own, and listens.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(Presenter(self.credential)));
        // A configuration that reqwest is given, it takes as it is: without this, no HTTP/2.
        config.alpn_protocols = alpn(self.http);
        let tickets = ClientSessionMemoryCache::new(REMEMBERED_SERVERS);
        config.resumption = Resumption::store(Arc::new(Tickets(Arc::new(tickets))));
        Ok(config)
    }

    fn pins(&self, roots: &Arc<RootCertStore>) -> Option<Pins> {
        let wanted = self.trust.pins().to_vec();
        (!wanted.is_empty()).then(|| Pins {
            wanted,
            roots: Arc::clone(roots),
        })
    }
}

fn verifier(
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, BuildError> {
    WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
        .build()
        .map_err(BuildError::tls)
}

fn versions(
    only: Option<TlsVersion>,
) -> Result<Vec<&'static SupportedProtocolVersion>, BuildError> {
    match only {
        None => Ok(vec![&TLS13, &TLS12]),
        Some(TlsVersion::Tls12) => Ok(vec![&TLS12]),
        Some(TlsVersion::Tls13) => Ok(vec![&TLS13]),
        Some(version) => Err(BuildError::TlsVersion { version }),
    }
}

fn alpn(version: HttpVersion) -> Vec<Vec<u8>> {
    let (h2, http1) = (b"h2".to_vec(), b"http/1.1".to_vec());
    match version {
        HttpVersion::Any => vec![h2, http1],
        HttpVersion::Http1 => vec![http1],
        HttpVersion::Http2 => vec![h2],
    }
}

/// As many as rustls remembers unless told otherwise.
const REMEMBERED_SERVERS: usize = 256;
