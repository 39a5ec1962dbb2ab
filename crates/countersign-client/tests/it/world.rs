//! A PKI in memory, and a server that counts what reaches its handler and knows who calls.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use countersign_client::{
    Client, ClientBuilder, Clock, Credential, HttpVersion, ServerTrust, TlsVersion,
};
use countersign_identity::{Certificate, NameRules, Scheme, TrustName};
use countersign_pki::{Authority, Crl, Issued};
use countersign_tls::{Anchors, RustlsCredential, SystemClock, Trust, TrustSnapshot};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use jiff::{SignedDuration, Timestamp};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use rustls::{ConfigBuilder, RootCertStore, ServerConfig, WantsVerifier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
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

/// A clock that stands still until it is set.
#[derive(Debug)]
pub(crate) struct Hands(Mutex<Timestamp>);

impl Hands {
    pub(crate) fn at(time: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time)))
    }

    pub(crate) fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap() = time;
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
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

    /// The same, by rustls' own verifier, with this revocation list; one that is stale is none.
    pub(crate) fn server_config_with_list(&self, list: &Crl) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.client_ca.certificate_der().into()).unwrap();
        let provider = countersign_tls::provider();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .with_crls([list.der().to_vec().into()])
            .enforce_revocation_expiration()
            .build()
            .unwrap();
        self.server_config_that(|config| config.with_client_cert_verifier(verifier))
    }

    /// A server that does not ask for a certificate.
    pub(crate) fn silent_config(&self) -> Arc<ServerConfig> {
        self.server_config_that(ConfigBuilder::<ServerConfig, _>::with_no_client_auth)
    }

    pub(crate) fn server_config_that(
        &self,
        judges: impl FnOnce(
            ConfigBuilder<ServerConfig, WantsVerifier>,
        ) -> ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>,
    ) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(countersign_tls::provider())
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .unwrap();
        let key = credential(&self.server()).certified_key();
        let key = SingleCertAndKey::from(key);
        let mut config = judges(builder).with_cert_resolver(Arc::new(key));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// A server of this world that lets in the clients of another.
    pub(crate) fn server_config_for(&self, other: &Self) -> Arc<ServerConfig> {
        other.server_config(&self.server())
    }

    pub(crate) async fn serve(&self) -> Server {
        Server::start(self.server_config(&self.server())).await
    }
}

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

/// What a server knows.
struct State {
    handled: AtomicUsize,
    flaky: AtomicUsize,
    /// The serial of each connection's certificate, in order.
    callers: Mutex<Vec<Option<String>>>,
    /// The open connections, by serial.
    open: watch::Sender<Vec<String>>,
    /// Once true, streams end.
    released: watch::Sender<bool>,
}

impl Server {
    pub(crate) async fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            handled: AtomicUsize::new(0),
            flaky: AtomicUsize::new(0),
            callers: Mutex::default(),
            open: watch::Sender::default(),
            released: watch::Sender::new(false),
        });
        tokio::spawn(accept(listener, config.into(), Arc::clone(&state)));
        Self { address, state }
    }

    /// How many requests have reached the handler.
    pub(crate) fn handled(&self) -> usize {
        self.state.handled.load(Ordering::SeqCst)
    }

    /// Who connected: the serial of each connection's certificate.
    pub(crate) fn callers(&self) -> Vec<Option<String>> {
        self.state.callers.lock().unwrap().clone()
    }

    /// Lets the answers of `/stream` end.
    pub(crate) fn release_streams(&self) {
        self.state.released.send_replace(true);
    }

    /// Waits until no connection of this certificate is open.
    pub(crate) async fn all_closed(&self, serial: &str) {
        let mut open = self.state.open.subscribe();
        let none = open.wait_for(|open| !open.iter().any(|other| other == serial));
        timeout(Duration::from_secs(10), none)
            .await
            .expect("a connection stays open")
            .unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, state: Arc<State>) {
    stream.set_nodelay(true).unwrap();
    let stream = match acceptor.accept(stream).into_fallible().await {
        Ok(stream) => stream,
        Err((_, stream)) => return linger(stream).await,
    };
    let chain = stream.get_ref().1.peer_certificates();
    let leaf = chain.and_then(<[_]>::first);
    let serial = leaf.map(|der| Certificate::from_der(der).unwrap().serial().to_owned());
    state.callers.lock().unwrap().push(serial.clone());
    let serial = serial.unwrap_or_default();
    state.open.send_modify(|open| open.push(serial.clone()));
    let service = service_fn(|request| {
        state.handled.fetch_add(1, Ordering::SeqCst);
        let answer = answer(&request, &serial, &state);
        async move { Ok::<_, Infallible>(answer) }
    });
    let served = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // A client that hangs up is no error of the server.
    drop(served);
    state.open.send_modify(|open| {
        let index = open.iter().position(|other| *other == serial).unwrap();
        open.remove(index);
    });
}

/// Reads until the client is done, or the kernel would reset the connection and with it discard the
/// alert.
async fn linger(mut stream: TcpStream) {
    let drain = async {
        stream.shutdown().await?;
        while stream.read(&mut [0; 4096]).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(Duration::from_secs(1), drain).await;
}

type Answer = BoxBody<Bytes, Infallible>;

fn answer(request: &Request<Incoming>, serial: &str, state: &State) -> Response<Answer> {
    let problem = |status, body: &str| {
        Response::builder()
            .status(status)
            .header("content-type", "application/problem+json; charset=utf-8")
            .body(whole(body))
    };
    let plain = |status: u16, body: &str| Response::builder().status(status).body(whole(body));
    let redirect = |location: &str| {
        Response::builder()
            .status(307)
            .header("location", location)
            .body(whole(""))
    };
    match request.uri().path() {
        "/ok" => plain(200, r#"{"greeting":"hello"}"#),
        "/query" => plain(200, request.uri().query().unwrap_or_default()),
        "/text" => plain(200, "hello"),
        "/whose" => plain(200, serial),
        "/stream" => Response::builder().body(stream(serial, state.released.subscribe())),
        "/flaky" if state.flaky.fetch_add(1, Ordering::SeqCst) < 2 => plain(503, "busy"),
        "/flaky" => plain(200, "at last"),
        "/busy" => Response::builder()
            .status(503)
            .header("retry-after", "3600")
            .body(whole("")),
        "/nginx-none" => plain(400, &nginx("No required SSL certificate was sent")),
        "/nginx-bad" => plain(400, &nginx("The SSL certificate error")),
        "/nginx-other" => plain(400, &nginx("400 Request Header Or Cookie Too Large")),
        "/expired" => problem(401, &denial("certificate-expired", "it has ended")),
        "/unchecked" => problem(401, &denial("revocation-unknown", "no list")),
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

/// The page of nginx 1.22, as it answers it.
fn nginx(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>400 {title}</title></head>\r\n<body>\r\n\
         <center><h1>400 Bad Request</h1></center>\r\n<center>{title}</center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

fn whole(body: &str) -> Answer {
    Full::from(body.to_owned()).boxed()
}

/// The serial, then silence until released, then the serial again.
fn stream(serial: &str, mut released: watch::Receiver<bool>) -> Answer {
    let (sender, receiver) = mpsc::channel(1);
    let chunk = Bytes::from(format!("{serial}\n"));
    tokio::spawn(async move {
        let _ = sender.send(chunk.clone()).await;
        let _ = released.wait_for(|released| *released).await;
        let _ = sender.send(chunk).await;
    });
    Chunks(receiver).boxed()
}

struct Chunks(mpsc::Receiver<Bytes>);

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk))))
    }
}

fn denial(code: &str, detail: &str) -> String {
    format!(
        r#"{{"type":"urn:countersign:problem:{code}","title":"t","status":403,"detail":"{detail}","code":"{code}","correlation_id":"7f3a"}}"#
    )
}
