use countersign_tests::World;
use futures_util::TryStreamExt;
use sdk_transactions::{IdempotencyKey, PageSize, Transaction, TransactionId};

use crate::{billing, invoice};

#[tokio::test]
async fn what_was_made_is_found_and_what_was_not_is_none() {
    let world = World::start().await.unwrap();
    let transactions = billing(&world).await;
    let made = transactions.create(&invoice(17)).await.unwrap();
    assert_eq!(made.amount, "12.50 EUR".parse().unwrap());
    assert_eq!(made.reference.as_str(), "invoice 17");
    assert_eq!(made.created_at, world.clock.now());
    assert_eq!(made.created_by, "billing");
    let found = transactions.find(&made.id).await.unwrap();
    assert_eq!(found, Some(made));
    for absent in ["t-2", "../../whoami", "?", ""] {
        let found = transactions.find(&TransactionId::new(absent)).await;
        assert_eq!(found.unwrap(), None, "{absent}");
    }
}

#[tokio::test]
async fn a_list_is_whole_and_in_order_whatever_the_size_of_its_pages() {
    let world = World::start().await.unwrap();
    let transactions = billing(&world).await;
    for number in 1..=7 {
        transactions.create(&invoice(number)).await.unwrap();
    }
    let wanted: Vec<_> = (1..=7).map(|number| format!("t-{number}")).collect();
    for size in [1, 2, 3, 6, 7, 8, 100] {
        let size = PageSize::new(size).unwrap();
        let listed: Vec<Transaction> = transactions.list_by(size).try_collect().await.unwrap();
        let ids: Vec<_> = listed.iter().map(|listed| listed.id.as_str()).collect();
        assert_eq!(ids, wanted, "{size:?}");
    }
}

#[tokio::test]
async fn an_empty_list_has_nothing_in_it() {
    let world = World::start().await.unwrap();
    let mut list = billing(&world).await.list();
    assert_eq!(list.try_next().await.unwrap(), None);
}

/// Who stops reading fetches no further page.
#[tokio::test]
async fn a_page_is_fetched_when_it_is_wanted() {
    let mut world = World::start().await.unwrap();
    let transactions = billing(&world).await;
    for number in 1..=4 {
        transactions.create(&invoice(number)).await.unwrap();
        world.event().await.unwrap();
    }
    let mut list = transactions.list_by(PageSize::new(2).unwrap());
    list.try_next().await.unwrap();
    list.try_next().await.unwrap();
    world.event().await.unwrap();
    assert_eq!(world.further_events().len(), 0);
    list.try_next().await.unwrap();
    world.event().await.unwrap();
}

#[tokio::test]
async fn under_one_key_a_transaction_is_made_once() {
    let world = World::start().await.unwrap();
    let transactions = billing(&world).await;
    let key: IdempotencyKey = "invoice-17".parse().unwrap();
    let first = transactions.create_once(&key, &invoice(17)).await.unwrap();
    let second = transactions.create_once(&key, &invoice(17)).await.unwrap();
    assert_eq!(first, second);
    let third = transactions.create(&invoice(17)).await.unwrap();
    assert_ne!(first.id, third.id);
}
