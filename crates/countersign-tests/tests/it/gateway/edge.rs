//! A gateway before a service, and callers that write by hand.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use countersign_axum::{Audit, AuditEvent};
use countersign_pki::Issued;
use countersign_server::{Addresses, Config, Gateway, GatewayParts, UpstreamPlace};
use countersign_tests::{BILLING, World};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::service::Service;
use crate::raw::tls_config;

/// A world, and a gateway in it.
pub(super) struct Edge {
    pub(super) world: World,
    pub(super) service: Service,
    pub(super) gateway: Gateway,
    pub(super) events: UnboundedReceiver<AuditEvent>,
    _folder: TempDir,
}

pub(super) const ROUTES: &str = r#"
[[routes]]
method = "GET"
path = "/v1/read/{id}"
permission = "transactions:read"

[[routes]]
method = "*"
path = "/v1/read/{id}"
permission = "transactions:write"

[[routes]]
method = "*"
path = "/v1/{name}"
access = "open"

[[routes]]
method = "GET"
path = "/whoami"
access = "open"

[[routes]]
method = "GET"
path = "/public/{*rest}"
access = "public"
"#;

impl Edge {
    /// Before a service in the clear, named in these dialects.
    pub(super) async fn start(dialects: &str) -> Self {
        let more = format!("identity = {dialects}");
        Self::before_service(World::start().await.unwrap(), &more).await
    }

    pub(super) async fn before_service(world: World, more: &str) -> Self {
        let service = Service::default();
        let place = format!("http://{}", service.listen().await);
        let mut edge = Self::before(world, &place, more).await;
        edge.service = service;
        edge
    }

    /// Before whatever is at `place`.
    pub(super) async fn before(world: World, place: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parts = parts(&world, folder.path(), place, more).await.unwrap();
        let (sink, events) = unbounded_channel();
        let (audit, _writer) = Audit::start(sink).unwrap();
        let live = world.live().clone();
        let gateway = Gateway::start(Addresses::loopback(), parts, live, audit);
        Self {
            gateway: gateway.await.unwrap(),
            service: Service::default(),
            world,
            events,
            _folder: folder,
        }
    }

    pub(super) fn issue(&self, name: &str) -> Issued {
        let now = self.world.clock.now();
        self.world.issuing.client(now).uri(name).issue().unwrap()
    }

    /// A connection on which HTTP is written by hand.
    pub(super) async fn connect(
        &self,
        issued: Option<&Issued>,
        alpn: &str,
    ) -> TlsStream<TcpStream> {
        let config = tls_config(&self.world.root, issued, self.world.clock.now(), alpn);
        let tcp = TcpStream::connect(self.gateway.address()).await.unwrap();
        let host = "localhost".try_into().unwrap();
        TlsConnector::from(config).connect(host, tcp).await.unwrap()
    }

    /// What is answered to `text` over HTTP/1.1, as it came.
    pub(super) async fn write(&self, issued: Option<&Issued>, text: &[u8]) -> String {
        let mut tls = self.connect(issued, "http/1.1").await;
        tls.write_all(text).await.unwrap();
        let mut answer = Vec::new();
        // How the other end closes is its own affair.
        let _ = soon(tls.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The answer to `request`, over HTTP/2 or HTTP/1.1.
    pub(super) async fn ask(
        &self,
        issued: Option<&Issued>,
        alpn: &str,
        request: Request<Body>,
    ) -> Answer {
        let tls = self.connect(issued, alpn).await;
        Sender::new(alpn, tls).await.send(request).await
    }

    pub(super) async fn get(&self, name: &str, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.ask(Some(&self.issue(name)), "h2", request).await
    }
}

/// What makes a gateway of `world` before `place`; its configuration is read from a file, as everybody's.
pub(super) async fn parts(
    world: &World,
    folder: &Path,
    place: &str,
    more: &str,
) -> Result<GatewayParts, countersign_server::UpstreamError> {
    let file = folder.join("gateway.toml");
    let text = format!("{HEAD}{ROUTES}\n[upstream]\n{more}\n");
    std::fs::write(&file, text).unwrap();
    std::fs::write(folder.join("root.pem"), world.root.certificate_pem()).unwrap();
    let config = Config::from_file(&file).unwrap().front.unwrap();
    let place: UpstreamPlace = place.parse().unwrap();
    GatewayParts::new(config, place, world.clock.clone()).await
}

const HEAD: &str = r#"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"
credential = { chain = "server.pem", key = "server-key.pem" }
trusts = []
"#;

/// A connection that speaks HTTP.
pub(super) enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

impl Sender {
    pub(super) async fn new(alpn: &str, tls: TlsStream<TcpStream>) -> Self {
        let io = TokioIo::new(tls);
        if alpn == "h2" {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            return Self::Two(sender);
        }
        let (sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        Self::One(sender)
    }

    /// The answer, once its head is there.
    pub(super) async fn begin(
        &mut self,
        mut request: Request<Body>,
    ) -> http::Response<hyper::body::Incoming> {
        let answer = match self {
            Self::One(sender) => {
                let host = "localhost".parse().unwrap();
                request.headers_mut().insert("host", host);
                soon(sender.send_request(request)).await
            }
            Self::Two(sender) => {
                let uri = format!("https://localhost{}", request.uri());
                *request.uri_mut() = uri.parse().unwrap();
                soon(sender.send_request(request)).await
            }
        };
        answer.unwrap()
    }

    pub(super) async fn send(&mut self, request: Request<Body>) -> Answer {
        let (parts, body) = self.begin(request).await.into_parts();
        let body = soon(body.collect()).await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    /// What the service said that it was asked.
    #[track_caller]
    pub(super) fn told(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    #[track_caller]
    pub(super) fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        let member = |name: &str| problem.get(name).unwrap();
        assert_eq!(member("status"), self.status.as_u16());
        member("code").as_str().unwrap().to_owned()
    }
}

/// The headers that the service was told.
pub(super) fn fields(told: &Value) -> Vec<(String, String)> {
    serde_json::from_value(told.get("headers").unwrap().clone()).unwrap()
}

/// The values of a header among them.
pub(super) fn values(told: &Value, name: &str) -> Vec<String> {
    let found = fields(told).into_iter().filter(|field| field.0 == name);
    found.map(|field| field.1).collect()
}

pub(super) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(10), future).await.unwrap()
}

pub(super) const CALLER: &str = BILLING;
pub(super) const BOTH: [&str; 2] = ["h2", "http/1.1"];
