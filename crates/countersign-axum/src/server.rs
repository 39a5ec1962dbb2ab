use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use countersign_tls::Handshake;
use http::HeaderMap;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::accept::Acceptor;
use crate::activity::Activity;
use crate::admission::Admission;
use crate::bounded_body::BoundedBody;
use crate::claims::Claims;
use crate::{Audit, Code, Connection, CorrelationId, Fault, Limits, Live};

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
        self.acceptor.limit(limits);
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
        let limits = self.acceptor.limits;
        let running = Running {
            acceptor: self.acceptor,
            router,
            admission: Admission::new(&limits),
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
        running.end(limits.drain).await;
    }
}

#[derive(Clone)]
struct Running {
    acceptor: Acceptor,
    router: Router,
    admission: Admission,
    ending: CancellationToken,
    killed: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    fn spawn(&self, tcp: TcpStream, address: SocketAddr) {
        let Some(admitted) = self.admission.admit(address.ip()) else {
            tracing::warn!(%address, "too many connections: one more is not taken");
            return;
        };
        let held = self.acceptor.audit.metrics().hold();
        let running = self.clone();
        self.tasks.spawn(async move {
            let killed = running.killed.clone();
            killed
                .run_until_cancelled_owned(running.serve(tcp, address))
                .await;
            drop((admitted, held));
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
        let Acceptor { live, limits, .. } = self.acceptor;
        let activity = Activity::default();
        let service = Answering {
            router: self.router,
            connection: connection.clone(),
            live: live.clone(),
            activity: activity.clone(),
            requests: self.admission.requests(),
            limits,
        };
        let builder = builder(&limits, connection.handshake());
        let http = builder.serve_connection(TokioIo::new(tls), service.into_service());
        let mut http = pin!(http);
        tokio::select! {
            // In this order: a clock that leaps may find a certificate both near its end and past it.
            biased;
            // How a client goes away is its own affair.
            _ = http.as_mut() => return,
            () = connection.ending() => {}
            fault = connection.distrusted(&live) => {
                connection.tell_distrusted(&live, &fault).await;
                // Whatever is asked next is refused, and that ends it at once.
                tokio::select! {
                    _ = http.as_mut() => return,
                    () = connection.ending() => {}
                    () = sleep(limits.grace) => {}
                }
            }
            () = connection.nearly_ended(&live, limits.announce) => {}
            () = activity.never(&limits) => return,
            () = activity.ceased(&limits) => {}
        }
        http.as_mut().graceful_shutdown();
        tokio::select! {
            _ = http.as_mut() => return,
            _ = connection.distrusted(&live) => {}
        }
        // What is not answered by now is cut off.
        let _ = timeout(limits.grace, http).await;
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

/// Answers the requests of one connection.
#[derive(Clone)]
struct Answering {
    router: Router,
    connection: Connection,
    live: Live,
    activity: Activity,
    requests: Arc<Semaphore>,
    limits: Limits,
}

impl Answering {
    fn into_service(
        self,
    ) -> impl Service<hyper::Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
    {
        service_fn(move |request| {
            let this = self.clone();
            async move { Ok(this.answer(request).await) }
        })
    }

    /// Gives the request its connection and its limits, and the router the request.
    async fn answer(self, mut request: hyper::Request<Incoming>) -> Response {
        self.activity.request();
        let Ok(_one) = self.requests.try_acquire() else {
            let fault = Fault::new(
                Code::Overloaded,
                "the server has too many requests to answer",
            );
            return refuse(fault, request.headers());
        };
        if let Err(fault) = self.limits.admit(&request) {
            return refuse(fault, request.headers());
        }
        self.take_claims(&mut request);
        request.extensions_mut().insert(self.connection);
        let request = request.map(|body| Body::new(BoundedBody::new(body, &self.limits)));
        let answer = self.router.oneshot(request).await;
        answer.unwrap_or_else(|never| match never {})
    }
}

impl Answering {
    /// What says who a client is reaches no layer and no handler, whoever says it.
    fn take_claims(&self, request: &mut hyper::Request<Incoming>) {
        let snapshot = self.live.load();
        let claims = Claims::take(request.headers_mut(), snapshot.forwarding());
        if !claims.is_empty() {
            request.extensions_mut().insert(claims);
        }
    }
}

/// The answer to a request that is refused before anybody looks at who makes it.
fn refuse(fault: Fault, headers: &HeaderMap) -> Response {
    let id = CorrelationId::of(headers);
    let mut response = fault.render(&id);
    id.write(response.headers_mut());
    response
}

/// By what ALPN agreed on (RFC 7301): looking at the first bytes instead would wait for them.
fn builder(limits: &Limits, handshake: &Handshake) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // Twice what we take, so that it is we who refuse a little more, in words; far more hyper refuses.
    let head = limits.header_bytes.saturating_mul(2).max(SMALLEST_HEAD);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .max_buf_size(head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(Some(MOST_RESETS))
        .max_local_error_reset_streams(Some(MOST_RESETS))
        .keep_alive_interval(KEEP_ALIVE);
    match handshake.alpn.as_deref() {
        Some("h2") => builder.http2_only(),
        _ => builder.http1_only(),
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Streams that a client opens and resets at once (CVE-2023-44487): then the connection ends.
const MOST_RESETS: usize = 20;
/// Below it, hyper panics.
const SMALLEST_HEAD: usize = 8192;
