//! A client by hand: rustls, and hyper on top of it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use countersign_axum::Credential;
use countersign_tls::{Alert, RustlsCredential, provider};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::{Service, World, now, soon};

pub(crate) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Http {
    One,
    Two,
}

pub(crate) const BOTH: [Http; 2] = [Http::One, Http::Two];

#[derive(Debug)]
struct Still;

impl TimeProvider for Still {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(now().as_second()).unwrap();
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
            seconds,
        )))
    }
}

impl World {
    /// What a client of this credential connects with.
    pub(crate) fn config(
        &self,
        http: Http,
        version: &'static SupportedProtocolVersion,
        credential: Option<&Credential>,
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from(self.servers.certificate_der());
        roots.add(root.into_owned()).unwrap();
        let builder = ClientConfig::builder_with_details(provider(), Arc::new(Still))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match credential {
            None => builder.with_no_client_auth(),
            Some(credential) => {
                let key = SingleCertAndKey::from(credential.certified_key());
                let key: Arc<dyn ResolvesClientCert> = Arc::new(key);
                builder.with_client_cert_resolver(key)
            }
        };
        config.alpn_protocols = vec![match http {
            Http::One => b"http/1.1".to_vec(),
            Http::Two => b"h2".to_vec(),
        }];
        Arc::new(config)
    }

    /// A connection of the client `name` of the CA `clients`.
    pub(crate) async fn connect(&self, service: &Service, http: Http, name: &str) -> Held {
        self.connect_as(service, http, &self.client(name)).await
    }

    pub(crate) async fn connect_as(
        &self,
        service: &Service,
        http: Http,
        credential: &Credential,
    ) -> Held {
        let config = self.config(http, &TLS13, Some(credential));
        let tls = shake(service.address, &config).await.unwrap();
        Held::new(http, tls).await
    }
}

pub(crate) async fn shake(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::clone(config));
    let host = "api.dev.example".try_into().unwrap();
    soon(connector.connect(host, tcp)).await
}

/// The alert in an error, if it is one.
pub(crate) fn alert(error: &std::io::Error) -> Option<Alert> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::AlertReceived(alert) => Some(Alert::from(*alert)),
        _ => None,
    }
}

enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// A connection that is kept.
pub(crate) struct Held {
    sender: Sender,
    done: JoinHandle<hyper::Result<()>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Held {
    pub(crate) async fn new(http: Http, tls: TlsStream<TcpStream>) -> Self {
        let io = TokioIo::new(tls);
        match http {
            Http::One => {
                let (sender, connection) = http1::handshake(io).await.unwrap();
                Self {
                    sender: Sender::One(sender),
                    done: tokio::spawn(connection),
                }
            }
            Http::Two => {
                let executor = TokioExecutor::new();
                let (sender, connection) = http2::handshake(executor, io).await.unwrap();
                Self {
                    sender: Sender::Two(sender),
                    done: tokio::spawn(connection),
                }
            }
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path).await
    }

    pub(crate) async fn ask(&mut self, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(&mut self, request: Request<Body>) -> hyper::Result<Answer> {
        let (parts, body) = self.open(request).await?.into_parts();
        let body = soon(body.collect()).await?.to_bytes();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        })
    }

    /// The answer, of which the body is still to come.
    pub(crate) async fn open(
        &mut self,
        mut request: Request<Body>,
    ) -> hyper::Result<Response<Incoming>> {
        match &mut self.sender {
            Sender::One(sender) => {
                let host = "api.dev.example".parse().unwrap();
                request.headers_mut().insert("host", host);
                soon(sender.ready()).await?;
                soon(sender.send_request(request)).await
            }
            Sender::Two(sender) => {
                let uri = format!("https://api.dev.example{}", request.uri());
                *request.uri_mut() = uri.parse().unwrap();
                soon(sender.ready()).await?;
                soon(sender.send_request(request)).await
            }
        }
    }

    /// Waits until the server has ended the connection, in order: nothing was cut off.
    pub(crate) async fn ended(self) {
        // The sender stays: it is not we who end it.
        soon(self.done).await.unwrap().unwrap();
        drop(self.sender);
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The code of a problem document, after a look at the rest of it.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem = self.problem();
        let text = |name: &str| problem.get(name).unwrap().as_str().unwrap().to_owned();
        let code = text("code");
        assert_eq!(text("type"), format!("urn:countersign:problem:{code}"));
        assert_eq!(
            problem.get("status").unwrap().as_u64(),
            Some(self.status.as_u16().into())
        );
        assert_eq!(self.header("x-request-id"), Some(&*text("correlation_id")));
        code
    }

    pub(crate) fn detail(&self) -> String {
        self.problem()
            .get("detail")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn problem(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}
