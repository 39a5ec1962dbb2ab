//! A proxy passes the call on, and learns nothing of the credential.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use countersign_client::{BuildError, Client, Kind, Proxy, TransportFault};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::world::{BOTH_HTTP, BOTH_TLS, Server, World};

/// A proxy that answers `CONNECT`, and remembers what it saw.
struct Connect {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Tunnel>>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tunnel {
    /// Whether a certificate was presented to the proxy.
    certificate: bool,
    head: String,
}

impl Connect {
    /// Over plain TCP, or over TLS; to where `to` says, with this answer.
    async fn start(tls: Option<Arc<ServerConfig>>, to: SocketAddr, answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, noted) = (tls.clone(), Arc::clone(&noted));
                tokio::spawn(async move {
                    let Some(config) = tls else {
                        return tunnel(stream, false, to, answer, &noted).await;
                    };
                    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else {
                        return;
                    };
                    let certificate = stream.get_ref().1.peer_certificates().is_some();
                    tunnel(stream, certificate, to, answer, &noted).await;
                });
            }
        });
        Self { address, seen }
    }

    fn seen(&self) -> Vec<Tunnel> {
        self.seen.lock().unwrap().clone()
    }
}

async fn tunnel(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    certificate: bool,
    to: SocketAddr,
    answer: &str,
    seen: &Mutex<Vec<Tunnel>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    seen.lock().unwrap().push(Tunnel { certificate, head });
    let line = format!("HTTP/1.1 {answer}\r\n\r\n");
    stream.write_all(line.as_bytes()).await.unwrap();
    if answer.starts_with("200") {
        let mut server = TcpStream::connect(to).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut server).await;
    }
}

const OPEN: &str = "200 Connection established";

impl World {
    /// Asks for a certificate, and lets in who has none.
    fn curious_config(&self) -> Arc<ServerConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.client_ca.certificate_der().into()).unwrap();
        let provider = countersign_tls::provider();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated()
            .build()
            .unwrap();
        let config = self.server_config_that(|config| config.with_client_cert_verifier(verifier));
        let mut config = Arc::unwrap_or_clone(config);
        config.alpn_protocols.clear();
        Arc::new(config)
    }
}

/// The server saw the certificate, and gave its answer.
async fn answered(client: &Client, server: &Server) {
    let ours = client.credential().unwrap();
    let url = server.url("/whose");
    for _ in 0..2 {
        let answer = client.get(&url).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), ours.serial());
    }
}

#[tokio::test]
async fn a_plain_proxy_passes_the_call_on() {
    for tls in BOTH_TLS {
        for http in BOTH_HTTP {
            let world = World::new();
            let server = world.serve().await;
            let proxy = Connect::start(None, server.address, OPEN).await;
            let through = Proxy::new(format!("http://{}", proxy.address));
            let through = through.basic("billing", "changeit".into());
            let builder = world.client().credential(world.caller()).proxy(through);
            let client = builder.tls_version(tls).http_version(http);
            answered(&client.build().await.unwrap(), &server).await;
            let seen = proxy.seen().remove(0);
            let port = server.address.port();
            assert!(
                seen.head.starts_with(&format!("CONNECT localhost:{port} ")),
                "{seen:?}"
            );
            assert!(seen.head.contains("roxy-Authorization: Basic "), "{seen:?}");
        }
    }
}

/// Even one of the same name as the server: what counts is which handshake of the connection it is.
#[tokio::test]
async fn a_proxy_over_tls_that_asks_is_presented_nothing() {
    for host in ["127.0.0.1", "localhost"] {
        for tls in BOTH_TLS {
            for http in BOTH_HTTP {
                let world = World::new();
                let server = world.serve().await;
                let curious = Some(world.curious_config());
                let proxy = Connect::start(curious, server.address, OPEN).await;
                let through = Proxy::new(format!("https://{host}:{}", proxy.address.port()));
                let builder = world.client().credential(world.caller()).proxy(through);
                let builder = builder.tls_version(tls).http_version(http);
                // Each call on a connection of its own, so that sessions are resumed.
                let builder = builder.configure(|http| http.pool_max_idle_per_host(0));
                let client = builder.build().await.unwrap();
                answered(&client, &server).await;
                let row = format!("{host}, TLS {tls}, {http:?}");
                assert_eq!(proxy.seen().len(), 2, "{row}");
                assert!(proxy.seen().iter().all(|seen| !seen.certificate), "{row}");
            }
        }
    }
}

#[tokio::test]
async fn a_proxy_over_tls_is_presented_the_credential_where_that_is_allowed() {
    let world = World::new();
    let server = world.serve().await;
    let proxy = Connect::start(Some(world.curious_config()), server.address, OPEN).await;
    let through = Proxy::new(format!("https://localhost:{}", proxy.address.port()));
    let builder = world.client().credential(world.caller());
    let client = builder.proxy(through.present_credential()).build().await;
    answered(&client.unwrap(), &server).await;
    assert!(proxy.seen().iter().all(|seen| seen.certificate));
}

#[tokio::test]
async fn a_host_that_is_excepted_is_called_without_the_proxy() {
    let world = World::new();
    let server = world.serve().await;
    let nobody = Proxy::new("http://127.0.0.1:1").except("localhost");
    let builder = world.client().credential(world.caller()).proxy(nobody);
    answered(&builder.build().await.unwrap(), &server).await;
}

#[tokio::test]
async fn a_proxy_that_does_not_let_through_is_named_as_such() {
    let world = World::new();
    let server = world.serve().await;
    let stranger = World::new();
    for (config, host, answer, wanted) in [
        (
            None,
            "http",
            "407 Proxy Authentication Required",
            "proxy authorization required",
        ),
        (None, "http", "403 Forbidden", "unsuccessful"),
        (
            Some(stranger.curious_config()),
            "https",
            OPEN,
            "a signature does not verify",
        ),
        (
            Some(world.server_config(&world.server())),
            "https",
            OPEN,
            "certificate_required",
        ),
    ] {
        let proxy = Connect::start(config, server.address, answer).await;
        let through = Proxy::new(format!("{host}://localhost:{}", proxy.address.port()));
        let builder = world.client().credential(world.caller()).proxy(through);
        let client = builder.build().await.unwrap();
        let error = client.post(server.url("/ok")).send().await.unwrap_err();
        let Kind::Transport(TransportFault::Proxy { reason }) = error.kind() else {
            panic!("{wanted}: {error:?}");
        };
        assert!(reason.contains(wanted), "{reason}");
        assert!(error.is_safe_to_retry());
    }
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn a_refusal_behind_a_proxy_is_that_of_the_server() {
    let world = World::new();
    let server = world.serve().await;
    for (config, scheme) in [(None, "http"), (Some(world.curious_config()), "https")] {
        let proxy = Connect::start(config, server.address, OPEN).await;
        let through = Proxy::new(format!("{scheme}://localhost:{}", proxy.address.port()));
        let client = world.client().proxy(through).build().await.unwrap();
        let error = client.get(server.url("/ok")).send().await.unwrap_err();
        assert!(
            matches!(error.kind(), Kind::Refused(_)),
            "{scheme}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_be_used_makes_no_client() {
    for url in ["ftp://127.0.0.1", "no url"] {
        let error = World::new().client().proxy(Proxy::new(url)).build().await;
        assert!(
            matches!(error, Err(BuildError::Proxy { .. })),
            "{url}: {error:?}"
        );
    }
}
