//! The answer of a call gets lost on the way, after the server has done what was asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_client::{HttpVersion, Retry};
use countersign_tests::{BILLING, World};
use futures_util::TryStreamExt;
use sdk_transactions::{PageSize, Transaction, Transactions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};

use crate::invoice;

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_is_made_once() {
    let mut world = World::start().await.unwrap();
    let server = world.url("");
    let port = server.rsplit(':').next().unwrap().parse().unwrap();
    let cut = Arc::new(AtomicBool::new(false));
    let way = way_to(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), &cut).await;
    let client = world.client_as(BILLING).unwrap();
    // Over HTTP/1.1 the first that comes back after a request is its answer.
    let client = client.http_version(HttpVersion::Http1);
    let client = client.resolve("localhost", way).retry(Retry::times(3));
    let base = format!("https://localhost:{}", way.port());
    let client = client.build().await.unwrap();
    let transactions = Transactions::over(client, base.parse().unwrap());
    transactions.page(None, PageSize::MAX).await.unwrap();
    world.event().await.unwrap();

    cut.store(true, Ordering::SeqCst);
    let made = transactions.create(&invoice(1)).await.unwrap();
    assert!(!cut.load(Ordering::SeqCst), "no answer was lost");
    assert_eq!(made.id.as_str(), "t-1");
    // The server was asked twice.
    world.event().await.unwrap();
    world.event().await.unwrap();
    let all: Vec<Transaction> = transactions.list().try_collect().await.unwrap();
    assert_eq!(all, [made]);
}

/// A way to the server that, when it is told to, loses one answer and the connection with it.
async fn way_to(server: SocketAddr, cut: &Arc<AtomicBool>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let cut = Arc::clone(cut);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(server).await.unwrap();
            tokio::spawn(pass(client, server, Arc::clone(&cut)));
        }
    });
    address
}

async fn pass(client: TcpStream, server: TcpStream, cut: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = async { copy(&mut from_client, &mut to_server).await };
    let back = async {
        let mut bytes = [0; 16 * 1024];
        loop {
            let len = from_server.read(&mut bytes).await?;
            if len == 0 || cut.swap(false, Ordering::SeqCst) {
                return Ok::<_, std::io::Error>(());
            }
            to_client
                .write_all(bytes.get(..len).unwrap_or_default())
                .await?;
        }
    };
    tokio::select! {
        _ = there => {}
        _ = back => {}
    }
}
