//! What does the service answer?

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use countersign_client::{BuildError, Client as TlsClient, CredentialSource, ServerTrust, Url};
use countersign_tls::{Clock, LoadError};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::Client as PlainClient;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;

use super::UpstreamPlace;
use super::connector::Connector;
use super::failure::Failure;
use super::naming::Naming;
use super::paced::{Progress, paced};
use crate::UpstreamConfig;

/// The service behind the gateway.
#[derive(Debug)]
pub(super) struct Upstream {
    way: Way,
    authority: Authority,
    pub(super) namings: Vec<Naming>,
    pause: Duration,
}

#[derive(Debug)]
enum Way {
    Plain(Box<PlainClient<Connector, Body>>),
    Tls(TlsClient),
}

/// Why there is no way to the service.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// It is in the clear, and not on this machine.
    #[error("`{place}` is beyond the loopback, and in the clear")]
    Exposed {
        /// The place.
        place: UpstreamPlace,
    },
    /// Over TLS, and nothing says which servers to believe.
    #[error("`{place}` is over TLS: wanted `anchors`, the CAs that vouch for it")]
    NoAnchors {
        /// The place.
        place: UpstreamPlace,
    },
    /// The anchors cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What would be presented is no credential.
    #[error(transparent)]
    Client(#[from] BuildError),
}

impl Upstream {
    pub(super) async fn new(
        config: &UpstreamConfig,
        place: UpstreamPlace,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, UpstreamError> {
        if place.is_exposed() && !config.beyond_loopback {
            return Err(UpstreamError::Exposed { place });
        }
        let authority = place.authority();
        let way = match &place {
            UpstreamPlace::Https(_) => Way::Tls(tls(config, &place, clock).await?),
            UpstreamPlace::Http(_) | UpstreamPlace::Unix(_) => {
                Way::Plain(Box::new(plain(config, place)))
            }
        };
        Ok(Self {
            way,
            authority,
            namings: config.namings.clone(),
            pause: config.timeout,
        })
    }

    /// Sends `request`, whose URL is a path, and answers the head as soon as it is there. `progress` is that of its body.
    pub(super) async fn send(
        &self,
        request: Request<Body>,
        progress: &Progress,
    ) -> Result<Response<Body>, Failure> {
        let asked = async {
            match &self.way {
                Way::Plain(client) => self.send_plain(client, request).await,
                Way::Tls(client) => self.send_tls(client, request).await,
            }
        };
        let answer = progress.within(self.pause, asked).await;
        let late = || Failure::late("no answer within the time");
        finished(answer.ok_or_else(late)??)
    }

    async fn send_plain(
        &self,
        client: &PlainClient<Connector, Body>,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = self.uri(Scheme::HTTP, path)?;
        *request.version_mut() = Version::HTTP_11;
        let answer = client.request(request).await.map_err(Failure::plain)?;
        Ok(answer.map(|body| paced(body, self.pause)))
    }

    async fn send_tls(
        &self,
        client: &TlsClient,
        request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        let path = request.uri().path_and_query().cloned();
        let sent = request.uri().path().to_owned();
        let url = self.uri(Scheme::HTTPS, path)?.to_string();
        let url = Url::parse(&url).map_err(Failure::unwritable)?;
        // What the library of URLs would tidy is not what was decided on.
        if url.path() != sent {
            return Err(Failure::unwritable("the path can be read in two ways"));
        }
        let (parts, body) = request.into_parts();
        let mut request = countersign_client::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        if !hyper::body::Body::is_end_stream(&body) {
            let body = countersign_client::Body::wrap_stream(body.into_data_stream());
            *request.body_mut() = Some(body);
        }
        let answer = client.execute(request).await.map_err(Failure::tls)?;
        Ok(answer.into_http().map(|body| paced(body, self.pause)))
    }

    fn uri(&self, scheme: Scheme, path: Option<PathAndQuery>) -> Result<Uri, Failure> {
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(self.authority.clone());
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        uri.path_and_query(path)
            .build()
            .map_err(Failure::unwritable)
    }
}

fn plain(config: &UpstreamConfig, place: UpstreamPlace) -> PlainClient<Connector, Body> {
    let connector = Connector {
        place,
        beyond_loopback: config.beyond_loopback,
        within: config.connect,
    };
    PlainClient::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector)
}

async fn tls(
    config: &UpstreamConfig,
    place: &UpstreamPlace,
    clock: Arc<dyn Clock>,
) -> Result<TlsClient, UpstreamError> {
    let anchors = config.anchors.as_ref();
    let anchors = anchors.ok_or_else(|| UpstreamError::NoAnchors {
        place: place.clone(),
    })?;
    let mut builder = TlsClient::builder()
        .trust(ServerTrust::pinned_ca_pem_file(anchors)?)
        .connect_timeout(config.connect)
        .clock(clock)
        .without_redirects();
    if let Some((chain, key)) = &config.credential {
        builder = builder.credential(CredentialSource::pem_files(chain, key));
    }
    Ok(builder.build().await?)
}

/// Nobody asked to speak something else from now on.
fn finished(answer: Response<Body>) -> Result<Response<Body>, Failure> {
    match answer.status() {
        StatusCode::SWITCHING_PROTOCOLS => {
            Err(Failure::unreadable("the service switches protocols"))
        }
        _ => Ok(answer),
    }
}

const IDLE: Duration = Duration::from_secs(30);
