use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result};
use countersign_client::{Client, ServerTrust};
use countersign_pki::{Fixture, Outcome, Presented};
use countersign_tls::{Clock, provider};
use rustls::ServerConfig;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{Seen, caller, pem};

/// Lets our client call a server that presents the fixture; answers what the server saw of it.
pub(crate) async fn called_by_us(fixture: &Fixture, clock: Arc<dyn Clock>) -> Result<Seen> {
    let trust = ServerTrust::pinned_ca_pem(fixture.anchors_pem.as_bytes())?;
    let server = Server::bind(fixture).await?;
    let client = Client::builder()
        .trust(trust)
        .clock(clock)
        .resolve("localhost", server.address);
    let client = client.build().await?;
    let url = format!("https://localhost:{}/", server.address.port());
    let calling = tokio::spawn(async move { client.get(url).send().await.is_ok() });
    let outcome = server.outcome().await?;
    calling.await?;
    Ok(Seen {
        outcome,
        code: None,
    })
}

/// The same with `openssl s_client`.
pub(crate) async fn called_by_openssl(fixture: &Fixture) -> Result<Seen> {
    let folder = tempfile::tempdir()?;
    let anchors = folder.path().join("anchors.pem");
    std::fs::write(&anchors, &fixture.anchors_pem)?;
    let server = Server::bind(fixture).await?;
    let _client = Command::new("openssl")
        .args(["s_client", "-connect", &server.address.to_string()])
        .args(["-servername", "localhost", "-verify_hostname", "localhost"])
        .args([
            "-verify_return_error",
            "-no-CApath",
            "-no-CAstore",
            "-CAfile",
        ])
        .arg(&anchors)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("cannot run openssl")?;
    Ok(Seen {
        outcome: server.outcome().await?,
        code: None,
    })
}

/// A server for one call.
struct Server {
    address: SocketAddr,
    listener: TcpListener,
    tls: TlsAcceptor,
}

impl Server {
    async fn bind(fixture: &Fixture) -> Result<Self> {
        let presented = fixture
            .presented
            .as_ref()
            .context("a server presents something")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            tls: Arc::new(config(presented)?).into(),
        })
    }

    /// The alert by which the client refuses, or acceptance: it then finishes the handshake.
    async fn outcome(&self) -> Result<Outcome> {
        let accepted = timeout(caller::PATIENCE, async {
            let (tcp, _) = self.listener.accept().await?;
            self.serve(tcp).await
        });
        match accepted.await.context("the client says nothing")? {
            Ok(()) => Ok(Outcome::Answered(200)),
            Err(error) => match caller::alert(&error) {
                Some(number) => Ok(Outcome::Alert(number)),
                None => Err(error).context("the client said neither an alert nor a request"),
            },
        }
    }

    /// A client that has finished the handshake has accepted us. Ours waits for an answer then.
    async fn serve(&self, tcp: TcpStream) -> io::Result<()> {
        let mut tls = self.tls.accept(tcp).await?;
        tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await?;
        tls.flush().await
    }
}

fn config(presented: &Presented) -> Result<ServerConfig> {
    let signing = provider()
        .key_provider
        .load_private_key(pem::key(presented)?)?;
    // Not checked for belonging together: that they do not is a case too.
    let key = CertifiedKey::new(pem::certificates(&presented.chain_pem)?, signing);
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    Ok(config)
}
