//! Banks that share one database, and one that starts again.

use countersign_axum::Live;
use countersign_client::Method;
use countersign_oauth::Store;
use countersign_pki::psd2::Role;
use countersign_server::BankBooks;
use countersign_tests::World;
use serde_json::json;

use super::bank::{ACCOUNT, Caller, new_payment};
use crate::database::Database;

async fn bank(store: &Store) -> World {
    let books = BankBooks::open(store.clone()).await.unwrap();
    let api = move |live: Live| countersign_server::bank_over(live, &books, None);
    World::bank_with_api(api).await.unwrap()
}

/// SQLite, and PostgreSQL where it is.
async fn stores(folder: &tempfile::TempDir, postgres: Option<&Database>) -> Vec<Store> {
    let url = format!("sqlite:{}/books.db", folder.path().display());
    let mut stores = vec![Store::open(&url).await.unwrap()];
    if let Some(postgres) = postgres {
        stores.push(postgres.open().await);
    }
    stores
}

#[tokio::test]
async fn what_a_tpp_was_given_by_one_replica_it_has_at_the_other() {
    let (folder, postgres) = (tempfile::tempdir().unwrap(), Database::postgres());
    for store in stores(&folder, postgres.as_ref()).await {
        let (one, other) = (bank(&store).await, bank(&store).await);
        let (here, there) = (
            Caller::with(&one, Role::ALL).await,
            Caller::with(&other, Role::ALL).await,
        );

        let id = here.consent().await;
        let (path, consent) = (
            format!("/accounts/{ACCOUNT}/balances"),
            [("consent-id", &*id)],
        );
        // Four times a day, wherever.
        for caller in [&there, &here, &there, &here] {
            let answer = caller.get(&path, &consent).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let more = there.get(&path, &consent).await;
        assert_eq!(more.refusal(), "429 ACCESS_EXCEEDED");
        let ended = format!("/consents/{id}");
        assert_eq!(
            here.call(Method::DELETE, &ended, &[], None).await.status,
            204
        );
        let status = there.get(&format!("{ended}/status"), &[]).await;
        assert_eq!(status.word("/consentStatus"), "terminatedByTpp");
        assert_eq!(
            there.get(&path, &consent).await.refusal(),
            "401 CONSENT_INVALID"
        );

        let key = [("idempotency-key", "order-17")];
        let path = "/payments/sepa-credit-transfers";
        let first = here.post(path, &key, new_payment("12.50")).await;
        let again = there.post(path, &key, new_payment("12.50")).await;
        assert_eq!((first.status, again.status), (201, 201), "{again:?}");
        assert_eq!(first.body["paymentId"], again.body["paymentId"]);
        let another = there.post(path, &key, new_payment("12.51")).await;
        assert_eq!(another.refusal(), "409 STATUS_INVALID");
        let payment = format!("{path}/{}", first.word("/paymentId"));
        let kept = there.get(&payment, &[]).await.body;
        assert_eq!(kept, here.get(&payment, &[]).await.body);
        assert_eq!(
            kept["instructedAmount"],
            json!({"amount": "12.50", "currency": "EUR"})
        );

        // Without a key each is another.
        let [a, b] = [
            here.post(path, &[], new_payment("1")).await,
            here.post(path, &[], new_payment("1")).await,
        ];
        assert_ne!(a.body["paymentId"], b.body["paymentId"]);
    }
}

#[tokio::test]
async fn consents_and_payments_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/books.db", folder.path().display());
    let store = Store::open(&url).await.unwrap();
    let id = {
        let world = bank(&store).await;
        let caller = Caller::with(&world, Role::ALL).await;
        caller.consent().await
    };
    store.close().await;
    let world = bank(&Store::open(&url).await.unwrap()).await;
    let caller = Caller::with(&world, Role::ALL).await;
    let kept = caller.get(&format!("/consents/{id}"), &[]).await;
    assert_eq!(kept.body["consentStatus"], "valid", "{kept:?}");
}
