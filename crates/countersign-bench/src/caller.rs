use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Result, bail};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, HandshakeKind, NamedGroup, ProtocolVersion,
    SignatureScheme, version,
};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Folder, Http, Pool};

/// Who shakes hands with a server, and how.
#[derive(Clone, Debug)]
pub struct Caller {
    config: Arc<ClientConfig>,
    resumes: bool,
}

/// The key exchange that a caller offers, and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "nothing depends on this crate")]
pub enum Group {
    /// The elliptic curve.
    X25519,
    /// The same, and ML-KEM-768 beside it.
    X25519MlKem768,
}

/// Whether a caller takes up its sessions again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "nothing depends on this crate")]
pub enum Sessions {
    /// Each handshake is a full one.
    New,
    /// Each handshake but the first few is resumed.
    Resumed,
}

impl Caller {
    /// Presents the certificates of `pool`, in TLS 1.3, or in 1.2.
    ///
    /// # Errors
    ///
    /// The library refuses what is asked of it.
    pub fn new(
        folder: &Folder,
        pool: Arc<Pool>,
        version: ProtocolVersion,
        group: Group,
        sessions: Sessions,
    ) -> Result<Self> {
        let mut provider = countersign_tls::provider().as_ref().clone();
        // P-256, too, of which the certificates are: in TLS 1.2 the client says so in the same list (RFC 8422, 5.1.1).
        let tls12 = version == ProtocolVersion::TLSv1_2;
        let is_wanted = |name| name == group.name() || tls12 && name == NamedGroup::secp256r1;
        provider.kx_groups.retain(|group| is_wanted(group.name()));
        let server = Known::new(folder, &provider);
        let versions = match version {
            ProtocolVersion::TLSv1_2 => &version::TLS12,
            _ => &version::TLS13,
        };
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[versions])?
            .dangerous()
            .with_custom_certificate_verifier(server)
            .with_client_cert_resolver(pool);
        config.alpn_protocols = vec![Http::One.alpn().to_vec()];
        config.resumption = match sessions {
            Sessions::New => Resumption::disabled(),
            Sessions::Resumed => Resumption::in_memory_sessions(8),
        };
        Ok(Self {
            config: Arc::new(config),
            resumes: sessions == Sessions::Resumed,
        })
    }

    /// As it is, with sessions of its own.
    #[must_use]
    pub(crate) fn alone(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        if self.resumes {
            config.resumption = Resumption::in_memory_sessions(8);
        }
        Self {
            config: Arc::new(config),
            resumes: self.resumes,
        }
    }

    /// As it is, speaking `http`.
    #[must_use]
    pub(crate) fn speaking(&self, http: Http) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = vec![http.alpn().to_vec()];
        Self {
            config: Arc::new(config),
            resumes: self.resumes,
        }
    }

    /// Shakes hands, from the address 127.0.0.`from`.
    pub(crate) async fn connect(
        &self,
        server: SocketAddr,
        from: u8,
    ) -> Result<TlsStream<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        if from > 1 {
            socket.bind((Ipv4Addr::new(127, 0, 0, from), 0).into())?;
        }
        let tcp = socket.connect(server).await?;
        tcp.set_nodelay(true)?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let name = ServerName::try_from("localhost")?;
        Ok(connector.connect(name, tcp).await?)
    }

    /// Refuses a handshake that is not of the kind that is measured.
    pub(crate) fn check(&self, tls: &TlsStream<TcpStream>) -> Result<()> {
        let kind = tls.get_ref().1.handshake_kind();
        if (kind == Some(HandshakeKind::Resumed)) != self.resumes {
            bail!("the handshake was {kind:?}");
        }
        Ok(())
    }
}

impl Group {
    fn name(self) -> NamedGroup {
        match self {
            Self::X25519 => NamedGroup::X25519,
            Self::X25519MlKem768 => NamedGroup::X25519MLKEM768,
        }
    }
}

/// The certificate of the server, by its bytes: the caller's time is not what is measured.
#[derive(Debug)]
struct Known {
    server: Vec<u8>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Known {
    fn new(folder: &Folder, provider: &CryptoProvider) -> Arc<Self> {
        Arc::new(Self {
            server: folder.server_der().to_vec(),
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match leaf.as_ref() == self.server {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(rustls::Error::General("another server".to_owned())),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
