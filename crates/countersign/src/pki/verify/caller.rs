use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use countersign_pki::{Outcome, Presented};
use countersign_tls::provider;
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Bench, pem};

/// A client that presents what it is given, whatever it thinks of it.
pub(crate) struct Caller {
    tls: TlsConnector,
}

impl Caller {
    pub(crate) fn new(bench: &Bench, presented: Option<&Presented>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(bench.root.certificate_der().to_vec().into())?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match presented {
            Some(presented) => {
                // Not checked for belonging together: that they do not is a case too.
                let signing = provider()
                    .key_provider
                    .load_private_key(pem::key(presented)?)?;
                let key = CertifiedKey::new(pem::certificates(&presented.chain_pem)?, signing);
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key)))
            }
            None => config.with_no_client_auth(),
        };
        Ok(Self {
            tls: Arc::new(config).into(),
        })
    }

    /// Calls over `stream`, and answers what the verifier said.
    pub(crate) async fn call<S>(&self, stream: S) -> Result<Outcome>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let called = timeout(PATIENCE, self.exchange(stream)).await;
        match called.context("the verifier says nothing")? {
            Ok(answer) => read(&answer),
            Err(error) => match alert(&error) {
                Some(number) => Ok(Outcome::Alert(number)),
                None => Err(error).context("the verifier said neither an alert nor an answer"),
            },
        }
    }

    async fn exchange<S>(&self, stream: S) -> io::Result<Vec<u8>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut tls = self.tls.connect(name, stream).await?;
        // Over TLS 1.3 a refusal may come before the request is written, or after: it is read.
        let _ = tls.write_all(REQUEST).await;
        let mut answer = Vec::new();
        match tls.read_to_end(&mut answer).await {
            // openssl s_server closes without saying so.
            Err(error) if answer.is_empty() => Err(error),
            _ => Ok(answer),
        }
    }
}

fn read(answer: &[u8]) -> Result<Outcome> {
    let text = String::from_utf8_lossy(answer);
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    let Some(status) = status.and_then(|status| status.parse().ok()) else {
        bail!("the verifier answered no HTTP: {text:?}");
    };
    Ok(Outcome::Answered(status))
}

/// The alert that an error of rustls tells of.
pub(crate) fn alert(error: &io::Error) -> Option<u8> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::AlertReceived(alert) => Some((*alert).into()),
        _ => None,
    }
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// For how long a verifier may say nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
