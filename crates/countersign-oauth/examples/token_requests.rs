//! How many tokens does an authorization server issue in a second? Over connections that stay, each with one request after
//! the other; for scripts/bench-oauth.sh.
//!
//! `token_requests PORT PATH FOLDER CONNECTIONS SECONDS`: the dev PKI is in the folder, and the client is `billing`.
#![expect(clippy::print_stdout, reason = "the number is what it is for")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, path, folder, connections, seconds] = arguments.as_slice() else {
        return Err("token_requests PORT PATH FOLDER CONNECTIONS SECONDS".into());
    };
    let connector = TlsConnector::from(Arc::new(config(Path::new(folder))?));
    let (port, seconds): (u16, f64) = (port.parse()?, seconds.parse()?);
    let issued = Arc::new(AtomicU64::new(0));
    let request: Arc<str> = request(path).into();
    for _ in 0..connections.parse()? {
        let mut held = Held::connect(&connector, port).await?;
        let (request, issued) = (Arc::clone(&request), Arc::clone(&issued));
        tokio::spawn(async move {
            while held.ask(&request).await? {
                issued.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::<()>::Err("a request for a token was refused".into())
        });
    }
    // What is compiled, opened or cached with the first requests is not counted.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, begun) = (issued.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    let count = issued.load(Ordering::Relaxed) - before;
    if count == 0 {
        return Err("no token was issued".into());
    }
    println!("{:.0}", count as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

fn request(path: &str) -> String {
    let form = "grant_type=client_credentials&client_id=billing&scope=transactions%3Aread";
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{form}",
        form.len()
    )
}

fn config(folder: &Path) -> Outcome<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("root.pem"))?)?;
    let chain = CertificateDer::pem_file_iter(folder.join("billing.pem"))?;
    let key = PrivateKeyDer::from_pem_file(folder.join("billing-key.pem"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = builder.with_root_certificates(roots);
    Ok(builder.with_client_auth_cert(chain.collect::<Result<_, _>>()?, key)?)
}

/// A connection that stays.
struct Held {
    tls: TlsStream<TcpStream>,
    read: Vec<u8>,
}

impl Held {
    async fn connect(connector: &TlsConnector, port: u16) -> Outcome<Self> {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        tcp.set_nodelay(true)?;
        let tls = connector
            .connect(ServerName::try_from("localhost")?, tcp)
            .await?;
        let read = Vec::new();
        Ok(Self { tls, read })
    }

    /// Whether the answer is a token.
    async fn ask(&mut self, request: &str) -> Outcome<bool> {
        self.tls.write_all(request.as_bytes()).await?;
        self.read.clear();
        loop {
            let mut part = [0; 4096];
            let len = self.tls.read(&mut part).await?;
            if len == 0 {
                return Err("the server has ended the connection".into());
            }
            self.read.extend(part.iter().take(len));
            let text = String::from_utf8_lossy(&self.read);
            // A token has no brace, and the document of it has one at its end.
            if text
                .split_once("\r\n\r\n")
                .is_some_and(|(_, body)| body.ends_with('}'))
            {
                return Ok(text.starts_with("HTTP/1.1 200") && text.contains("access_token"));
            }
        }
    }
}
