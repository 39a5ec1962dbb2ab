use countersign_client::{Kind, ServerTrust};
use countersign_pki::Authority;
use countersign_tests::{NEWCOMER, REPORTS, World};
use sdk_transactions::{Error, IdempotencyKey, PageSize};

use crate::{billing, invoice, over};

#[tokio::test]
async fn who_is_not_registered_is_told_so_with_what_to_send() {
    let world = World::start().await.unwrap();
    let newcomer = over(&world, world.client_as(NEWCOMER).unwrap()).await;
    let error = newcomer.page(None, PageSize::MAX).await.unwrap_err();
    assert!(matches!(error, Error::NotRegistered { .. }), "{error:?}");
    let hint = error.hint().unwrap();
    assert_eq!(hint, "send the operator the certificate that is presented");
}

#[tokio::test]
async fn who_may_only_read_is_told_so_and_can_be_found_in_the_log() {
    let mut world = World::start().await.unwrap();
    let reports = over(&world, world.client_as(REPORTS).unwrap()).await;
    let error = reports.create(&invoice(1)).await.unwrap_err();
    assert!(matches!(error, Error::NotPermitted { .. }), "{error:?}");
    let event = world.event().await.unwrap();
    let logged = event.correlation_id.unwrap().to_string();
    assert_eq!(error.correlation_id(), Some(logged.as_str()));
}

#[tokio::test]
async fn a_certificate_that_is_missing_or_strange_is_an_error_of_the_certificate() {
    let world = World::start().await.unwrap();
    let stranger = Authority::root("Stranger", world.clock.now()).unwrap();
    let strange = stranger.client(world.clock.now()).uri(REPORTS).issue();
    for issued in [None, Some(strange.unwrap())] {
        let caller = over(&world, world.client(issued.as_ref()).unwrap()).await;
        let error = caller.page(None, PageSize::MAX).await.unwrap_err();
        assert!(matches!(error, Error::Certificate { .. }), "{error:?}");
        assert!(matches!(error.call().unwrap().kind(), Kind::Refused(_)));
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn a_server_of_another_ca_is_not_trusted_with_a_call() {
    let world = World::start().await.unwrap();
    let other = Authority::root("Other", world.clock.now()).unwrap();
    let trust = ServerTrust::pinned_ca_pem(other.certificate_pem().as_bytes()).unwrap();
    let caller = over(&world, world.client_as(REPORTS).unwrap().trust(trust)).await;
    let error = caller.page(None, PageSize::MAX).await.unwrap_err();
    assert!(matches!(error, Error::Server { .. }), "{error:?}");
}

#[tokio::test]
async fn a_key_of_another_transaction_is_told_apart() {
    let world = World::start().await.unwrap();
    let transactions = billing(&world).await;
    let key: IdempotencyKey = "k".parse().unwrap();
    transactions.create_once(&key, &invoice(1)).await.unwrap();
    let error = transactions.create_once(&key, &invoice(2)).await;
    let error = error.unwrap_err();
    assert!(matches!(error, Error::KeyReused { .. }), "{error:?}");
}

#[tokio::test]
async fn what_the_server_does_not_take_is_told_in_its_words() {
    let world = World::start().await.unwrap();
    let transactions = billing(&world).await;
    let after = sdk_transactions::TransactionId::new("not an id");
    let error = transactions.page(Some(&after), PageSize::MAX).await;
    match error.unwrap_err() {
        Error::Invalid { reason, .. } => {
            assert_eq!(reason, "`after` must be the `next` of another page");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn where_nobody_listens_it_may_work_later() {
    let world = World::start().await.unwrap();
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let client = world
        .client_as(REPORTS)
        .unwrap()
        .resolve("gone.test", address);
    let client = client.build().await.unwrap();
    let base = format!("https://gone.test:{}", address.port());
    let caller = sdk_transactions::Transactions::over(client, base.parse().unwrap());
    let error = caller.create(&invoice(1)).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}
