use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use http::Request;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::accept::Acceptor;
use crate::asking::Asking;
use crate::socket::at_once;
use crate::{Audit, Connection, Limits, Live};

/// Our handshake for services that stay with axum-server.
///
/// It demands the client certificate, proves the peer, audits and lingers as
/// [`Server`](crate::Server) does, and routers made with [`Api`](crate::Api) work unchanged. It
/// always uses the [`Live`] snapshot, so none of axum-server's `reload_from_*` is needed; two of
/// those would switch client authentication off. Headers that say who a client is are taken away, so that no layer
/// and no handler sees them, those of a plain `axum::Router` beside the `Api` neither.
///
/// What it cannot do: end one connection gracefully. axum-server has no signal per connection, so
/// [`Connection::end`] has no effect here: an HTTP/2 connection whose certificate has ended is
/// refused request by request, and stays open. One of HTTP/1.1 ends with the first refusal.
#[derive(Clone, Debug)]
pub struct CountersignAcceptor {
    acceptor: Acceptor,
}

impl CountersignAcceptor {
    /// An acceptor that judges by `live` and tells `audit`.
    pub fn new(live: Live, audit: Audit) -> Self {
        Self {
            acceptor: Acceptor::new(live, audit),
        }
    }

    /// Other limits than the default ones; those of HTTP are axum-server's to set.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.acceptor.limit(limits);
        self
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for CountersignAcceptor {
    type Stream = TlsStream<TcpStream>;
    type Service = Screened<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, tcp: TcpStream, service: S) -> Self::Future {
        let acceptor = self.acceptor.clone();
        Box::pin(async move {
            let address = tcp.peer_addr()?;
            at_once(&tcp)?;
            let ending = CancellationToken::new();
            let (tls, connection) = acceptor.accept(tcp, address, ending).await?;
            let live = acceptor.live;
            let screened = Screened {
                service,
                connection,
                live,
            };
            Ok((tls, screened))
        })
    }
}

/// A service that knows its connection, and sees no header that says who a client is: what [`CountersignAcceptor`] makes of one.
#[derive(Clone, Debug)]
pub struct Screened<S> {
    service: S,
    connection: Connection,
    live: Live,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Screened<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let connection = Some(self.connection.clone());
        Asking::screen(&mut request, connection, &self.live);
        self.service.call(request)
    }
}
