//! Loopback with a latency: what arrives is passed on a while later, in both directions.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// A way to `server` that takes so long.
pub(crate) async fn relay(server: SocketAddr, one_way: Duration) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(server).await.unwrap();
            for end in [&client, &server] {
                end.set_nodelay(true).unwrap();
            }
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(pass(from_client, to_server, one_way));
            tokio::spawn(pass(from_server, to_client, one_way));
        }
    });
    address
}

async fn pass(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin,
    one_way: Duration,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut bytes = [0; 16 * 1024];
        while let Ok(len @ 1..) = from.read(&mut bytes).await {
            let chunk = bytes.get(..len).unwrap().to_vec();
            if sender.send((Instant::now() + one_way, chunk)).is_err() {
                return;
            }
        }
        // The end takes as long as everything else.
        let _ = sender.send((Instant::now() + one_way, Vec::new()));
    });
    while let Some((at, chunk)) = receiver.recv().await {
        sleep_until(at).await;
        if to.write_all(&chunk).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
