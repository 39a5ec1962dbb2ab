//! A PKI in memory, and a server that counts what reaches its handler.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign_client::{Client, ClientBuilder, Credential, HttpVersion, ServerTrust, TlsVersion};
use countersign_identity::{NameRules, Scheme, TrustName};
use countersign_pki::{Authority, Issued};
use countersign_tls::{Anchors, SystemClock, Trust, TrustSnapshot};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(crate) const BOTH_TLS: [TlsVersion; 2] = [TlsVersion::Tls12, TlsVersion::Tls13];
pub(crate) const BOTH_HTTP: [HttpVersion; 2] = [HttpVersion::Http1, HttpVersion::Http2];

pub(crate) fn days_from_now(days: i64) -> Timestamp {
    let moment = Timestamp::now() + SignedDuration::from_hours(24 * days);
    Timestamp::from_second(moment.as_second()).unwrap()
}

pub(crate) fn credential(issued: &Issued) -> Credential {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
}

/// The CAs of the server and of its clients.
pub(crate) struct World {
    pub(crate) server_ca: Authority,
    pub(crate) client_ca: Authority,
}

impl World {
    pub(crate) fn new() -> Self {
        let (from, until) = (days_from_now(-100), days_from_now(100));
        Self {
            server_ca: Authority::root_valid("Server CA", from, until).unwrap(),
            client_ca: Authority::root_valid("Client CA", from, until).unwrap(),
        }
    }

    pub(crate) fn server(&self) -> Issued {
        let request = self.server_ca.server(Timestamp::now()).dns("localhost");
        request.ip(Ipv4Addr::LOCALHOST).issue().unwrap()
    }

    pub(crate) fn caller(&self) -> Credential {
        let request = self.client_ca.client(Timestamp::now());
        credential(&request.uri("spiffe://dev.example/a").issue().unwrap())
    }

    pub(crate) fn trust(&self) -> ServerTrust {
        ServerTrust::pinned_ca_pem(self.server_ca.certificate_pem().as_bytes()).unwrap()
    }

    /// A client that trusts the server, and waits for a verdict as long as a test machine that is
    /// busy may need.
    pub(crate) fn client(&self) -> ClientBuilder {
        Client::builder()
            .trust(self.trust())
            .confirm_within(Duration::from_secs(20))
    }

    /// The configuration of a server that lets in the clients of the client CA.
    pub(crate) fn server_config(&self, server: &Issued) -> Arc<ServerConfig> {
        let anchors = Anchors::from_pem(self.client_ca.certificate_pem().as_bytes()).unwrap();
        let rules = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse().unwrap()]);
        let trust = Trust::new(TrustName::new("dev").unwrap(), anchors, rules);
        TrustSnapshot::new(credential(server), vec![trust], Arc::new(SystemClock))
            .unwrap()
            .server_config()
    }

    pub(crate) async fn serve(&self) -> Server {
        Server::start(self.server_config(&self.server())).await
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    handled: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let handled = Arc::new(AtomicUsize::new(0));
        tokio::spawn(accept(listener, config.into(), Arc::clone(&handled)));
        Self { address, handled }
    }

    /// How many requests have reached the handler.
    pub(crate) fn handled(&self) -> usize {
        self.handled.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, handled: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&handled)));
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, handled: Arc<AtomicUsize>) {
    stream.set_nodelay(true).unwrap();
    let stream = match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => stream,
        Err((_, stream)) => return linger(stream).await,
    };
    let service = service_fn(move |request| {
        handled.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, Infallible>(answer(&request)) }
    });
    let served = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // A client that hangs up is no error of the server.
    drop(served);
}

/// Reads until the client is done, or the kernel would reset the connection and with it discard the
/// alert.
async fn linger(mut stream: TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        while stream.read(&mut [0; 4096]).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), drain).await;
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let problem = |status, body: &str| {
        Response::builder()
            .status(status)
            .header("content-type", "application/problem+json; charset=utf-8")
            .body(Full::from(body.to_owned()))
    };
    let plain = |status: u16, body: &str| {
        Response::builder()
            .status(status)
            .body(Full::from(body.to_owned()))
    };
    let redirect = |location: &str| {
        Response::builder()
            .status(307)
            .header("location", location)
            .body(Full::default())
    };
    match request.uri().path() {
        "/ok" => plain(200, r#"{"greeting":"hello"}"#),
        "/query" => plain(200, request.uri().query().unwrap_or_default()),
        "/text" => plain(200, "hello"),
        "/denied" => problem(403, &denial("permission-missing", "lacks\\nit")),
        "/new-code" => problem(403, &denial("not-invented-yet", "x")),
        "/endless" => problem(403, &denial("permission-missing", &"x".repeat(64 * 1024))),
        "/unprocessable" => problem(400, &denial("request-invalid", "no amount")),
        "/plain-403" => plain(403, "no"),
        "/to-ok" => redirect("/ok"),
        "/to-itself" => redirect("/to-itself"),
        "/to-target" => redirect(request.uri().query().unwrap_or_default()),
        _ => plain(404, "nothing here"),
    }
    .unwrap()
}

fn denial(code: &str, detail: &str) -> String {
    format!(
        r#"{{"type":"urn:countersign:problem:{code}","title":"t","status":403,"detail":"{detail}","code":"{code}","correlation_id":"7f3a"}}"#
    )
}
