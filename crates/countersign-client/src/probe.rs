//! What does one handshake show, with nothing sent after it?

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_identity::Certificate;
use countersign_tls::TlsVersion;
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, ProtocolVersion, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::{Layer, Service, service_fn};

use crate::classify::{Caller, server_fault};
use crate::confirm::{BoxError, ConfirmLayer, NotConnected};
use crate::handshake::Witness;
use crate::{Agreed, Error, Kind, ServerFault, TransportFault};

/// A handshake with a server at an address.
pub(crate) struct Probe {
    pub(crate) address: SocketAddr,
    pub(crate) host: String,
    pub(crate) config: Arc<ClientConfig>,
    pub(crate) caller: Arc<Caller>,
    pub(crate) least: Duration,
}

/// What it showed.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) agreed: Option<Agreed>,
    pub(crate) asked: Option<bool>,
    pub(crate) acceptable: Vec<String>,
    pub(crate) error: Option<Error>,
}

impl Probe {
    /// Shakes hands, waits for the verdict of the server, and hangs up.
    pub(crate) async fn run(&self) -> Shown {
        let layer = ConfirmLayer {
            least: self.least,
            caller: Arc::clone(&self.caller),
        };
        let (config, host, address) = (Arc::clone(&self.config), self.host.clone(), self.address);
        let connect = move |()| {
            connect(
                TlsConnector::from(Arc::clone(&config)),
                host.clone(),
                address,
            )
        };
        let mut connector = layer.layer(service_fn(connect));
        let connected = timeout(LIMIT, connector.call(())).await;
        match connected {
            Ok(Ok(connection)) => self.after(&connection),
            Ok(Err(error)) => self.without(&error),
            Err(_) => Shown {
                error: Some(Error::new(Kind::Transport(TransportFault::Timeout))),
                ..Shown::default()
            },
        }
    }

    fn after(&self, connection: &TokioIo<TlsStream<TcpStream>>) -> Shown {
        let seen = self.caller.rules().seen(&self.host).unwrap_or_default();
        let (_, tls) = connection.inner().get_ref();
        Shown {
            agreed: Some(Agreed {
                version: match tls.protocol_version() {
                    Some(ProtocolVersion::TLSv1_2) => TlsVersion::Tls12,
                    Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
                    _ => TlsVersion::Unknown,
                },
                cipher_suite: tls
                    .negotiated_cipher_suite()
                    .map(|suite| format!("{:?}", suite.suite())),
                key_exchange: tls
                    .negotiated_key_exchange_group()
                    .map(|group| format!("{:?}", group.name())),
                alpn: tls
                    .alpn_protocol()
                    .map(|name| String::from_utf8_lossy(name).into_owned()),
            }),
            asked: Some(seen.asked),
            acceptable: seen.acceptable,
            error: None,
        }
    }

    fn without(&self, error: &BoxError) -> Shown {
        let Some(error) = error.downcast_ref::<NotConnected>() else {
            return Shown::default();
        };
        let seen = &error.handshake;
        Shown {
            agreed: seen.version.map(|version| Agreed {
                version,
                cipher_suite: None,
                key_exchange: None,
                alpn: None,
            }),
            // A server that had something to say about us has asked; one that went earlier, who knows.
            asked: seen.version.is_some().then_some(seen.asked),
            acceptable: seen.acceptable.clone(),
            error: Some(Error::new(self.caller.of_connecting(error)).unsent(true)),
        }
    }
}

async fn connect(
    connector: TlsConnector,
    host: String,
    address: SocketAddr,
) -> Result<TokioIo<TlsStream<TcpStream>>, BoxError> {
    let name = ServerName::try_from(host)?;
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    let tls = connector.connect(name, tcp).await?;
    Ok(TokioIo::new(tls))
}

/// The server's chain, and why it is not trusted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    pub(crate) chain: Vec<Certificate>,
    pub(crate) fault: Option<ServerFault>,
}

/// Lets every server pass and notes what it thinks of it: only for handshakes that present nothing and
/// carry nothing.
#[derive(Debug)]
pub(crate) struct Onlooker {
    witness: Witness,
    noted: Arc<Mutex<Server>>,
}

impl Onlooker {
    pub(crate) fn new(witness: Witness, noted: &Arc<Mutex<Server>>) -> Self {
        Self {
            witness,
            noted: Arc::clone(noted),
        }
    }

    fn fault(error: &rustls::Error, leaf: &CertificateDer<'_>) -> ServerFault {
        let leaf = Certificate::from_der(leaf).ok();
        match error {
            rustls::Error::InvalidCertificate(fault) => server_fault(fault, leaf.as_ref()),
            other => ServerFault::Other {
                reason: other.to_string(),
            },
        }
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict =
            self.witness
                .verify_server_cert(leaf, intermediates, server_name, ocsp_response, now);
        let chain = std::iter::once(leaf).chain(intermediates);
        let server = Server {
            chain: chain
                .filter_map(|der| Certificate::from_der(der).ok())
                .collect(),
            fault: verdict.err().map(|error| Self::fault(&error, leaf)),
        };
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = server;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.witness
            .verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.witness
            .verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.witness.supported_verify_schemes()
    }
}

/// The first of these addresses that takes a connection, or why the last does not.
pub(crate) async fn reachable(addresses: &[SocketAddr]) -> Result<SocketAddr, String> {
    let mut reason = "its name has no address".to_owned();
    for address in addresses {
        match timeout(LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(*address),
            Ok(Err(error)) => reason = error.kind().to_string(),
            Err(_) => reason = io::ErrorKind::TimedOut.to_string(),
        }
    }
    Err(reason)
}

/// Of each step.
const LIMIT: Duration = Duration::from_secs(10);
