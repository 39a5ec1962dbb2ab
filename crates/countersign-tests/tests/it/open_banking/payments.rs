use countersign_tests::World;
use jiff::SignedDuration;
use serde_json::json;

use super::bank::{Caller, IBAN, OTHER_IBAN, all_roles, funds_question, new_payment, tpp};

const SEPA: &str = "/payments/sepa-credit-transfers";

#[tokio::test]
async fn a_payment_sent_twice_under_one_key_is_initiated_once() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let key = [("idempotency-key", "k1")];
    let first = caller.post(SEPA, &key, new_payment("12.50")).await;
    let again = caller.post(SEPA, &key, new_payment("12.50")).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    for (path, amount) in [
        (SEPA, "12.51"),
        ("/payments/instant-sepa-credit-transfers", "12.50"),
    ] {
        let answer = caller.post(path, &key, new_payment(amount)).await;
        assert_eq!(answer.refusal(), "409 STATUS_INVALID");
    }
    let other = Caller::of(&world, &tpp("200000", all_roles())).await;
    let apart = other.post(SEPA, &key, new_payment("12.51")).await;
    assert_eq!(apart.status, 201);
    assert_ne!(apart.body["paymentId"], first.body["paymentId"]);
    for key in ["", "a b", &"k".repeat(65)] {
        let answer = caller
            .post(SEPA, &[("idempotency-key", key)], new_payment("1"))
            .await;
        assert_eq!(answer.refusal(), "400 FORMAT_ERROR", "{key}");
    }
}

#[tokio::test]
async fn a_payment_is_found_by_who_initiated_it_with_every_digit() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let other = Caller::of(&world, &tpp("200000", all_roles())).await;
    let made = caller
        .post(SEPA, &[], new_payment("99999999999999.10"))
        .await;
    let path = format!("{SEPA}/{}", made.body["paymentId"].as_str().unwrap());
    let found = caller.get(&path, &[]).await;
    let mut wanted = new_payment("99999999999999.10");
    wanted["transactionStatus"] = json!("ACSP");
    assert_eq!(found.body, wanted);
    assert_eq!(
        other.get(&path, &[]).await.refusal(),
        "404 RESOURCE_UNKNOWN"
    );
    let instant = path.replace("/sepa", "/instant-sepa");
    assert_eq!(
        caller.get(&instant, &[]).await.refusal(),
        "404 RESOURCE_UNKNOWN"
    );
    world.clock.advance(SignedDuration::from_hours(24));
    let status = caller.get(&format!("{path}/status"), &[]).await;
    assert_eq!(status.body, json!({ "transactionStatus": "ACSC" }));
}

#[tokio::test]
async fn what_is_no_payment_is_refused_in_words() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    for amount in [
        "0",
        "-1.00",
        "1.001",
        "1e3",
        "1,50",
        "",
        "NaN",
        "100000000000000",
    ] {
        let answer = caller.post(SEPA, &[], new_payment(amount)).await;
        assert_eq!(answer.refusal(), "400 FORMAT_ERROR", "{amount}");
    }
    let mut number = new_payment("1");
    number["instructedAmount"]["amount"] = json!(1.5);
    assert_eq!(
        caller.post(SEPA, &[], number).await.refusal(),
        "400 FORMAT_ERROR"
    );
    let mut pounds = new_payment("1");
    pounds["instructedAmount"]["currency"] = json!("GBP");
    assert_eq!(
        caller.post(SEPA, &[], pounds).await.refusal(),
        "400 FORMAT_ERROR"
    );
    let mut stranger = new_payment("1");
    stranger["debtorAccount"]["iban"] = json!("DE02120300000000202051");
    assert_eq!(
        caller.post(SEPA, &[], stranger).await.refusal(),
        "400 RESOURCE_UNKNOWN"
    );
    let answer = caller
        .post("/payments/cheques", &[], new_payment("1"))
        .await;
    assert_eq!(answer.refusal(), "404 PRODUCT_UNKNOWN");
}

#[tokio::test]
async fn funds_are_confirmed_to_the_cent() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    for (iban, currency, amount, available) in [
        (IBAN, "EUR", "1250.40", true),
        (IBAN, "EUR", "1250.401", false),
        (IBAN, "GBP", "1.00", false),
        (OTHER_IBAN, "GBP", "17000", true),
    ] {
        let question = funds_question(iban, currency, amount);
        let answer = caller.post("/funds-confirmations", &[], question).await;
        assert_eq!(
            answer.body,
            json!({ "fundsAvailable": available }),
            "{amount} {currency}"
        );
    }
}
