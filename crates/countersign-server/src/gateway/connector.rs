//! How does one connect to the service in the clear?

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tower::Service;

use super::UpstreamPlace;

/// Connects to one place, whatever the URL of a request says.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) place: UpstreamPlace,
    /// Whether the place may be beyond this machine.
    pub(super) beyond_loopback: bool,
    pub(super) within: Duration,
}

impl Connector {
    async fn connect(self) -> io::Result<TokioIo<Box<dyn Io>>> {
        let connecting = async {
            match &self.place {
                UpstreamPlace::Unix(path) => unix(path).await,
                UpstreamPlace::Http(authority) | UpstreamPlace::Https(authority) => {
                    self.tcp(authority).await
                }
            }
        };
        let connected = timeout(self.within, connecting).await;
        connected
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
            .map(TokioIo::new)
    }

    async fn tcp(&self, authority: &Authority) -> io::Result<Box<dyn Io>> {
        let host = authority.host().trim_matches(['[', ']']);
        let found = lookup_host((host, authority.port_u16().unwrap_or(80))).await?;
        let allowed = |address: &SocketAddr| self.beyond_loopback || address.ip().is_loopback();
        let addresses: Vec<_> = found.filter(allowed).collect();
        if addresses.is_empty() {
            let reason = format!("`{host}` is not on the loopback");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
        }
        let stream = TcpStream::connect(&*addresses).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

#[cfg(unix)]
async fn unix(path: &Path) -> io::Result<Box<dyn Io>> {
    let stream = tokio::net::UnixStream::connect(path).await?;
    Ok(Box::new(stream))
}

#[cfg(not(unix))]
async fn unix(_: &Path) -> io::Result<Box<dyn Io>> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Io>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}

/// A connection of any kind.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Connection for Box<dyn Io> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_found_beyond_the_loopback_is_not_connected_to() {
        for host in ["192.0.2.1:80", "[2001:db8::1]:80"] {
            let connector = Connector {
                place: format!("http://{host}").parse().unwrap(),
                beyond_loopback: false,
                within: Duration::from_secs(5),
            };
            let refused = connector.connect().await.err().unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{host}");
        }
    }
}
