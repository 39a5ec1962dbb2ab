//! A handshake in memory: two connections and the bytes between them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use countersign_tls::{
    Alert, Credential, RefusedCertificate, RustlsCredential, TlsVersion, TrustSnapshot, observe,
    provider,
};
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConnection, SupportedProtocolVersion,
};

use crate::world::{Hands, Server, now};

pub(crate) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

pub(crate) fn tls(version: &SupportedProtocolVersion) -> TlsVersion {
    match *version == TLS12 {
        true => TlsVersion::Tls12,
        false => TlsVersion::Tls13,
    }
}

/// A client's configuration; its clock stands still.
pub(crate) fn client(
    server: &Server,
    version: &'static SupportedProtocolVersion,
    credential: Option<&Credential>,
) -> Arc<ClientConfig> {
    client_with(
        server,
        version,
        credential.map(RustlsCredential::certified_key),
    )
}

/// The same, with a key that need not match.
pub(crate) fn client_with(
    server: &Server,
    version: &'static SupportedProtocolVersion,
    key: Option<Arc<CertifiedKey>>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.extend(server.anchors().trust_anchors().cloned());
    let builder = ClientConfig::builder_with_details(provider(), Hands::at(now()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match key {
        None => builder.with_no_client_auth(),
        Some(key) => {
            let key: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(key));
            builder.with_client_cert_resolver(key)
        }
    })
}

/// How a handshake ended, on both ends.
pub(crate) struct Ended {
    pub(crate) server: ServerConnection,
    pub(crate) client: ClientConnection,
    pub(crate) server_error: Option<rustls::Error>,
    pub(crate) client_error: Option<rustls::Error>,
    pub(crate) refused: Option<RefusedCertificate>,
}

impl Ended {
    /// The alert that the client has read.
    pub(crate) fn alert(&self) -> Option<Alert> {
        match self.client_error {
            Some(rustls::Error::AlertReceived(alert)) => Some(alert.into()),
            _ => None,
        }
    }
}

/// Shakes hands, under `observe`.
pub(crate) fn shake(client: &Arc<ClientConfig>, snapshot: &TrustSnapshot) -> Ended {
    run(handshake(client, snapshot))
}

/// As a server does it: the future gives way each time that it waits for the client.
pub(crate) async fn handshake(client: &Arc<ClientConfig>, snapshot: &TrustSnapshot) -> Ended {
    let host = "api.dev.example".try_into().unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), host).unwrap();
    let mut server = ServerConnection::new(snapshot.server_config()).unwrap();
    let (mut server_error, mut client_error) = (None, None);
    let accepting = async {
        loop {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut input = bytes.as_slice();
            while !input.is_empty() && server_error.is_none() {
                server.read_tls(&mut input).unwrap();
                server_error = server.process_new_packets().err();
            }
            let mut answer = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut answer).unwrap();
            }
            let mut input = answer.as_slice();
            while !input.is_empty() && client_error.is_none() {
                client.read_tls(&mut input).unwrap();
                client_error = client.process_new_packets().err();
            }
            let quiet = bytes.is_empty() && answer.is_empty();
            if quiet || server_error.is_some() || client_error.is_some() {
                return;
            }
            give_way().await;
        }
    };
    let ((), refused) = observe(accepting).await;
    Ended {
        server,
        client,
        server_error,
        client_error,
        refused,
    }
}

/// Pending once.
pub(crate) async fn give_way() {
    let mut given = false;
    poll_fn(|_| match std::mem::replace(&mut given, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

/// Polls until it is done: nothing here waits for anything.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
