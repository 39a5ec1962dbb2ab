use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use countersign_tls::Handshake;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::accept::Acceptor;
use crate::{Audit, Connection, Limits, Live};

/// Serves a router over TLS to clients that present a certificate.
///
/// It speaks TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2. It is a loop of our own and not `axum::serve` or
/// axum-server, because it must end single connections gracefully and tell a refused client why;
/// decision 0001 has the reasons.
///
/// ```no_run
/// # async fn run(live: countersign_axum::Live, router: axum::Router) -> std::io::Result<()> {
/// use countersign_axum::audit::JsonLines;
/// use countersign_axum::{Audit, Server};
///
/// let (audit, writer) = Audit::start(JsonLines::new(std::io::stdout()))?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8443").await?;
/// let stop = async {
///     let _ = tokio::signal::ctrl_c().await;
/// };
/// Server::new(live, audit).serve(listener, router, stop).await;
/// writer.finish();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    acceptor: Acceptor,
}

impl Server {
    /// A server that judges by `live` and tells `audit`.
    pub fn new(live: Live, audit: Audit) -> Self {
        Self {
            acceptor: Acceptor::new(live, audit),
        }
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.acceptor.limits = limits;
        self
    }

    /// Accepts connections until `stop` resolves; then lets the requests in flight finish, within
    /// the limit, and answers.
    pub async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) {
        let drain = self.acceptor.limits.drain;
        let running = Running {
            acceptor: self.acceptor,
            router,
            ending: CancellationToken::new(),
            killed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, address)) => running.spawn(tcp, address),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of descriptors, mostly: trying at once would only burn the processor.
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        running.end(drain).await;
    }
}

#[derive(Clone)]
struct Running {
    acceptor: Acceptor,
    router: Router,
    ending: CancellationToken,
    killed: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    fn spawn(&self, tcp: TcpStream, address: SocketAddr) {
        let running = self.clone();
        self.tasks.spawn(async move {
            let killed = running.killed.clone();
            killed
                .run_until_cancelled_owned(running.serve(tcp, address))
                .await;
        });
    }

    async fn serve(self, tcp: TcpStream, address: SocketAddr) {
        let ending = self.ending.child_token();
        // A failed handshake has been audited where it failed.
        let Ok((tls, connection)) = self.acceptor.accept(tcp, address, ending).await else {
            return;
        };
        self.http(tls, connection).await;
    }

    async fn http(self, tls: TlsStream<TcpStream>, connection: Connection) {
        let builder = builder(&self.acceptor.limits, connection.handshake());
        let spoken = Spoken::default();
        let service = service(self.router, connection.clone(), spoken.clone());
        let mut http = pin!(builder.serve_connection(TokioIo::new(tls), service));
        tokio::select! {
            // How a client goes away is its own affair.
            _ = http.as_mut() => return,
            () = spoken.never_within(self.acceptor.limits.headers) => return,
            () = connection.ending() => http.as_mut().graceful_shutdown(),
        }
        let _ = http.await;
    }

    async fn end(self, drain: Duration) {
        self.ending.cancel();
        self.tasks.close();
        if timeout(drain, self.tasks.wait()).await.is_err() {
            self.killed.cancel();
            self.tasks.wait().await;
        }
    }
}

/// Gives each request its connection, and the router the request.
fn service(
    router: Router,
    connection: Connection,
    spoken: Spoken,
) -> impl Service<hyper::Request<Incoming>, Response = Response, Error = Infallible, Future: Send> {
    service_fn(move |mut request: hyper::Request<Incoming>| {
        spoken.now();
        request.extensions_mut().insert(connection.clone());
        let answer = router.clone().oneshot(request.map(Body::new));
        async { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    })
}

/// Whether the client has made a request. One that shakes hands and then says nothing would
/// otherwise be kept for ever: hyper waits for the HTTP/2 preface without a limit.
#[derive(Clone, Default)]
struct Spoken(Arc<AtomicBool>);

impl Spoken {
    fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Resolves after `limit`, and only if no request has come by then.
    async fn never_within(&self, limit: Duration) {
        sleep(limit).await;
        if self.0.load(Ordering::Relaxed) {
            std::future::pending().await
        }
    }
}

/// By what ALPN agreed on (RFC 7301): looking at the first bytes instead would wait for them.
fn builder(limits: &Limits, handshake: &Handshake) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(KEEP_ALIVE);
    match handshake.alpn.as_deref() {
        Some("h2") => builder.http2_only(),
        _ => builder.http1_only(),
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const MAX_STREAMS: u32 = 100;
