//! A client that sends the bytes that it is given, over mutual TLS and HTTP/1.1.

use std::io;
use std::sync::Arc;

use countersign_pki::{Authority, Issued};
use countersign_tests::StandingClock;
use countersign_tls::{provider, time_provider};
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection.
pub(crate) struct Raw {
    tls: TlsStream<TcpStream>,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Raw {
    /// Connects to a port of the loopback address.
    pub(crate) async fn connect(
        port: u16,
        root: &Authority,
        issued: Option<&Issued>,
        now: Timestamp,
    ) -> io::Result<Self> {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(tls_config(root, issued, now, "http/1.1"));
        let tls = connector.connect(name, tcp).await?;
        Ok(Self { tls })
    }

    /// Asks for `path`, with these lines in the head.
    pub(crate) async fn get(&mut self, path: &str, lines: &[u8]) -> io::Result<Answer> {
        let start = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n");
        let head = [start.as_bytes(), lines, b"\r\n"].concat();
        self.tls.write_all(&head).await?;
        self.answer().await
    }

    /// Sends `body` to `path`.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> io::Result<Answer> {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.tls.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> io::Result<Answer> {
        let head = self.head().await?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let lower = head.to_ascii_lowercase();
        let length = lower.split("content-length: ").nth(1);
        let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.tls.read_exact(&mut body).await?;
        let mut body = String::from_utf8_lossy(&body).into_owned();
        if lower.contains("transfer-encoding: chunked") {
            body = self.chunks().await?;
        }
        Ok(Answer { status, head, body })
    }

    async fn head(&mut self) -> io::Result<String> {
        self.until(b"\r\n\r\n").await
    }

    async fn chunks(&mut self) -> io::Result<String> {
        let mut body = String::new();
        loop {
            let line = self.until(b"\r\n").await?;
            let length = usize::from_str_radix(line.trim(), 16);
            let length = length.map_err(|_| io::ErrorKind::InvalidData)?;
            let mut chunk = vec![0; length + 2];
            self.tls.read_exact(&mut chunk).await?;
            if length == 0 {
                return Ok(body);
            }
            chunk.truncate(length);
            body.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    async fn until(&mut self, end: &[u8]) -> io::Result<String> {
        let mut read = Vec::new();
        while !read.ends_with(end) {
            read.push(self.tls.read_u8().await?);
        }
        Ok(String::from_utf8_lossy(&read).into_owned())
    }
}

/// What a client trusts, presents and speaks at `now`.
pub(crate) fn tls_config(
    root: &Authority,
    issued: Option<&Issued>,
    now: Timestamp,
    alpn: &str,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(root.certificate_der()).into_owned())
        .unwrap();
    let time = time_provider(Arc::new(StandingClock::at(now)));
    let builder = ClientConfig::builder_with_details(provider(), time)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match issued {
        None => builder.with_no_client_auth(),
        Some(issued) => {
            let chain = issued.chain_der().into_iter().map(CertificateDer::from);
            let key = PrivateKeyDer::from_pem_slice(issued.key_pem().as_bytes()).unwrap();
            builder.with_client_auth_cert(chain.collect(), key).unwrap()
        }
    };
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    Arc::new(config)
}
