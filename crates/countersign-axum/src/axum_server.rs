use std::future::Future;
use std::io;
use std::pin::Pin;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::Layer;

use crate::accept::Acceptor;
use crate::socket::at_once;
use crate::{Audit, Connection, Limits, Live};

/// Our handshake for services that stay with axum-server.
///
/// It demands the client certificate, proves the peer, audits and lingers as
/// [`Server`](crate::Server) does, and routers made with [`Api`](crate::Api) work unchanged. It
/// always uses the [`Live`] snapshot, so none of axum-server's `reload_from_*` is needed; two of
/// those would switch client authentication off.
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
    type Service = AddExtension<S, Connection>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, tcp: TcpStream, service: S) -> Self::Future {
        let acceptor = self.acceptor.clone();
        Box::pin(async move {
            let address = tcp.peer_addr()?;
            at_once(&tcp)?;
            let ending = CancellationToken::new();
            let (tls, connection) = acceptor.accept(tcp, address, ending).await?;
            Ok((tls, Extension(connection).layer(service)))
        })
    }
}
