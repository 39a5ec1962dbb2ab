//! What the confirmation of a connection relies on, and tokio-rustls does not promise: that a read
//! without room takes in what the server sent, and takes no plaintext away.

use countersign_tls::RustlsCredential;
use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;

use countersign_client::Credential;
use hyper::rt::{Read, ReadBuf};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::world::World;

#[tokio::test]
async fn an_empty_read_of_tokio_rustls_meets_the_alert() {
    let mut client = connect(&World::new(), None).await;
    let error = empty_read(&mut client).await.unwrap_err();
    let error = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<rustls::Error>());
    let wanted = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
    assert_eq!(error, Some(&wanted));
}

#[tokio::test]
async fn an_empty_read_of_tokio_rustls_leaves_the_plaintext() {
    let world = World::new();
    let mut client = connect(&world, Some(world.caller())).await;
    empty_read(&mut client).await.unwrap();
    let mut greeting = [0; 5];
    client.inner_mut().read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello");
}

type Tls = TokioIo<tokio_rustls::client::TlsStream<TcpStream>>;

async fn empty_read(connection: &mut Tls) -> std::io::Result<()> {
    poll_fn(|context| {
        let mut nothing: [MaybeUninit<u8>; 0] = [];
        let mut buffer = ReadBuf::uninit(&mut nothing);
        Pin::new(&mut *connection).poll_read(context, buffer.unfilled())
    })
    .await
}

/// A TLS 1.3 connection to a server that greets whom it accepts.
async fn connect(world: &World, credential: Option<Credential>) -> Tls {
    let acceptor = TlsAcceptor::from(world.server_config(&world.server()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        match acceptor.accept(stream).into_fallible().await {
            Ok(mut stream) => {
                stream.write_all(b"hello").await.unwrap();
                let _ = stream.read(&mut [0; 1]).await;
            }
            Err((_, mut stream)) => {
                stream.shutdown().await.unwrap();
                while stream.read(&mut [0; 1024]).await.unwrap_or(0) > 0 {}
            }
        }
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config(world, credential)));
    let name = ServerName::try_from("localhost").unwrap();
    TokioIo::new(connector.connect(name, stream).await.unwrap())
}

fn config(world: &World, credential: Option<Credential>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(world.server_ca.certificate_der().into()).unwrap();
    let builder = ClientConfig::builder_with_provider(countersign_tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots);
    match credential {
        Some(credential) => {
            let key = rustls::sign::SingleCertAndKey::from(credential.certified_key());
            builder.with_client_cert_resolver(Arc::new(key))
        }
        None => builder.with_no_client_auth(),
    }
}
