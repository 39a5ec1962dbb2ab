use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::Either;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::accept::Acceptor;
use crate::activity::Activity;
use crate::admission::Admission;
use crate::answering::{Answering, Facts};
use crate::http1::Http1;
use crate::protocol;
use crate::socket::Socket;
use crate::streams::Together;
use crate::watch::Watch;
use crate::{Audit, Connection, Limits, Live, Renderer};

/// Serves a router over TLS to clients that present a certificate.
///
/// It speaks TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2. It is a loop of our own and not `axum::serve` or
/// axum-server, because it must end single connections gracefully and tell a refused client why;
/// decision 0001 has the reasons.
///
/// Over HTTP/2, requests that come together begin one after the other, and are answered together; one that has to wait goes on in a
/// task of its own. As everywhere in tokio, a handler that computes for long should do so in `spawn_blocking`.
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
    renderer: Option<Arc<dyn Renderer>>,
}

impl Server {
    /// A server that judges by `live` and tells `audit`.
    pub fn new(live: Live, audit: Audit) -> Self {
        Self {
            acceptor: Acceptor::new(live, audit),
            renderer: None,
        }
    }

    /// Lets `renderer` write what is refused before anybody looks at the route: `overloaded`, and a request whose head is too
    /// large or announces too large a body. A group of routes has [its own](crate::Api::rendered) for all else.
    #[must_use]
    pub fn rendered(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Some(Arc::new(renderer));
        self
    }

    /// Other limits than the default ones.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.acceptor.limit(limits);
        self
    }

    /// Accepts connections until `stop` resolves; then lets the requests in flight finish, within
    /// the limit, and answers. Where this future is dropped, the connections are cut off.
    pub async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) {
        let limits = self.acceptor.limits;
        let running = Arc::new(Running {
            acceptor: self.acceptor,
            router,
            renderer: self.renderer,
            admission: Admission::new(&limits),
            ending: CancellationToken::new(),
        });
        let mut connections = JoinSet::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
            };
            match accepted {
                Ok((tcp, address)) => running.spawn(tcp, address, &mut connections),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of descriptors, mostly: trying at once would only burn the processor.
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        running.ending.cancel();
        let ended = async { while connections.join_next().await.is_some() {} };
        if timeout(limits.drain, ended).await.is_err() {
            connections.shutdown().await;
        }
    }
}

pub(crate) struct Running {
    pub(crate) acceptor: Acceptor,
    router: Router,
    renderer: Option<Arc<dyn Renderer>>,
    pub(crate) admission: Admission,
    ending: CancellationToken,
}

impl Running {
    fn spawn(self: &Arc<Self>, tcp: TcpStream, address: SocketAddr, connections: &mut JoinSet<()>) {
        let Some(admitted) = self.admission.admit(address.ip()) else {
            self.acceptor.audit.metrics().turn_away();
            tracing::warn!(%address, "too many connections: one more is not taken");
            return;
        };
        let held = self.acceptor.audit.metrics().hold();
        // On the heap: whatever is around it would keep room for it once more.
        let serving = Box::pin(Arc::clone(self).serve(tcp, address));
        connections.spawn(async move {
            serving.await;
            drop((admitted, held));
        });
    }

    async fn serve(self: Arc<Self>, tcp: TcpStream, address: SocketAddr) {
        let ending = self.ending.child_token();
        // On the heap, and given back: a connection needs no room for its handshake once it is over.
        let handshake = Box::pin(async {
            let socket = Socket::new(tcp)?;
            self.acceptor.accept(socket, address, ending).await
        });
        let http = match handshake.await {
            Ok((tls, connection)) => self.http(tls, connection),
            // It has been audited where it failed.
            Err(_) => return,
        };
        http.await;
    }

    /// What is moved here is not kept in the future: it has room for it only once.
    fn http(
        &self,
        tls: TlsStream<Socket>,
        connection: Connection,
    ) -> impl Future<Output = ()> + use<> {
        let Acceptor { live, limits, .. } = &self.acceptor;
        let (live, limits) = (live.clone(), *limits);
        let activity = Activity::default();
        let service = Answering::new(Facts {
            router: self.router.clone(),
            renderer: self.renderer.clone(),
            connection: connection.clone(),
            live: live.clone(),
            activity: activity.clone(),
            admission: self.admission.clone(),
            limits,
        });
        // By what ALPN agreed on (RFC 7301): looking at the first bytes instead would wait for them.
        let is_http2 = connection.handshake().alpn.as_deref() == Some("h2");
        let watch = Watch {
            connection,
            live,
            activity,
            limits,
            idle: if is_http2 {
                limits.idle
            } else {
                limits.headers
            },
        };
        if is_http2 {
            let http = Together::new(|streams| {
                protocol::http2(&limits, streams).serve_connection(TokioIo::new(tls), service)
            });
            Either::Left(watch.over(Box::pin(http)))
        } else {
            Either::Right(watch.over(Box::pin(Http1::new(tls, service))))
        }
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
pub(crate) mod tests {
    use countersign_policy::Directory;
    use countersign_tls::{Anchors, Credential, SystemClock, Trust, TrustSnapshot};

    use super::*;

    pub(crate) fn running() -> Running {
        let now = jiff::Timestamp::now();
        let root = countersign_pki::Authority::root("Root", now).unwrap();
        let server = root.server(now).dns("localhost").issue().unwrap();
        let server = server.chain_pem() + &server.key_pem();
        let names = countersign_identity::NameRules::new(
            countersign_identity::Scheme::Spiffe,
            ["spiffe://a.example/*".parse().unwrap()],
        );
        let anchors = Anchors::from_pem(root.certificate_pem().as_bytes()).unwrap();
        let trust = TrustSnapshot::new(
            Credential::from_combined_pem(server.as_bytes()).unwrap(),
            vec![Trust::new("clients".parse().unwrap(), anchors, names)],
            Arc::new(SystemClock),
        );
        let live = Live::new(trust.unwrap(), Directory::default(), Arc::new(SystemClock));
        let (events, _) = tokio::sync::mpsc::unbounded_channel();
        let (audit, _writer) = Audit::start(events).unwrap();
        Running {
            acceptor: Acceptor::new(live, audit),
            router: Router::new(),
            renderer: None,
            admission: Admission::new(&Limits::default()),
            ending: CancellationToken::new(),
        }
    }

    #[tokio::test]
    async fn a_connection_has_room_for_what_it_needs_all_the_time_and_no_more() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tcp = TcpStream::connect(address).await.unwrap();
        let serving = Arc::new(running()).serve(tcp, address);
        // Of each of 10,000 idle connections: what is beyond this was the handshake's, once.
        assert!(
            size_of_val(&serving) <= 3 * 1024,
            "{}",
            size_of_val(&serving)
        );
    }
}
