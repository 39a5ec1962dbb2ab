use countersign_client::Method;
use countersign_tests::World;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::bank::{ACCOUNT, Caller, IBAN, OTHER_ACCOUNT, OTHER_IBAN, all_roles, new_consent, tpp};

#[tokio::test]
async fn a_consent_shows_what_it_is_for_and_nothing_else() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let mut body = new_consent();
    body["access"] =
        json!({ "accounts": [{ "iban": OTHER_IBAN }], "balances": [{ "iban": IBAN }] });
    let made = caller.post("/consents", &[], body).await;
    let id = made.body["consentId"].as_str().unwrap();
    assert_eq!(made.body["consentStatus"], "valid");
    let headers = [("consent-id", id)];
    let list = caller.get("/accounts", &headers).await;
    let accounts = list.body["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2);
    let balances = format!("/open-banking/v1/accounts/{ACCOUNT}/balances");
    assert_eq!(
        accounts[0]["_links"],
        json!({ "balances": { "href": balances } })
    );
    assert_eq!(accounts[1]["_links"], json!({}));

    let seen = caller
        .get(&format!("/accounts/{ACCOUNT}/balances"), &headers)
        .await;
    let amount = json!({ "currency": "EUR", "amount": "1250.40" });
    assert_eq!(seen.body["balances"][0]["balanceAmount"], amount);
    for path in [
        format!("/accounts/{OTHER_ACCOUNT}/balances"),
        format!("/accounts/{ACCOUNT}/transactions?bookingStatus=booked"),
        // Of what is not seen nobody learns whether it is there.
        "/accounts/3dc3d5b3-7023-4848-9853-f5400a64e811".to_owned(),
        "/accounts/none".to_owned(),
    ] {
        assert_eq!(
            caller.get(&path, &headers).await.refusal(),
            "401 CONSENT_INVALID",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_consent_is_of_one_tpp_and_ends() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let other = Caller::of(&world, &tpp("200000", all_roles())).await;
    let consent = caller.consent().await;
    let headers = [("consent-id", consent.as_str())];
    let path = format!("/consents/{consent}");
    let status = format!("{path}/status");
    assert_eq!(
        caller.get(&status, &[]).await.body,
        json!({ "consentStatus": "valid" })
    );
    assert_eq!(
        other.get(&status, &[]).await.refusal(),
        "403 CONSENT_UNKNOWN"
    );
    assert_eq!(
        other.get("/accounts", &headers).await.refusal(),
        "400 CONSENT_UNKNOWN"
    );
    let ended = other.call(Method::DELETE, &path, &[], None).await;
    assert_eq!(ended.refusal(), "403 CONSENT_UNKNOWN");

    assert_eq!(
        caller.call(Method::DELETE, &path, &[], None).await.status,
        204
    );
    assert_eq!(
        caller.get("/accounts", &headers).await.refusal(),
        "401 CONSENT_INVALID"
    );
    assert_eq!(
        caller.get(&status, &[]).await.body,
        json!({ "consentStatus": "terminatedByTpp" })
    );

    let mut today = new_consent();
    today["validUntil"] = json!("2026-09-21");
    let consent = caller.post("/consents", &[], today).await;
    let consent = consent.body["consentId"].as_str().unwrap();
    world.clock.advance(SignedDuration::from_hours(24));
    let later = Caller::with(&world, all_roles()).await;
    let headers = [("consent-id", consent)];
    assert_eq!(
        later.get("/accounts", &headers).await.refusal(),
        "401 CONSENT_EXPIRED"
    );
    let read = later.get(&format!("/consents/{consent}"), &[]).await;
    assert_eq!(read.body["consentStatus"], "expired");
}

#[tokio::test]
async fn without_the_customer_a_consent_is_used_as_often_as_it_says() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let consent = caller.consent().await;
    let headers = [("consent-id", consent.as_str())];
    for _ in 0..4 {
        assert_eq!(caller.get("/accounts", &headers).await.status, 200);
    }
    assert_eq!(
        caller.get("/accounts", &headers).await.refusal(),
        "429 ACCESS_EXCEEDED"
    );
    let balances = format!("/accounts/{ACCOUNT}/balances");
    assert_eq!(caller.get(&balances, &headers).await.status, 200);
    let present = [headers[0], ("psu-ip-address", "192.0.2.1")];
    assert_eq!(caller.get("/accounts", &present).await.status, 200);
    world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(caller.get("/accounts", &headers).await.status, 200);
}

#[tokio::test]
async fn transactions_are_read_page_by_page() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let consent = caller.consent().await;
    let headers = [("consent-id", consent.as_str())];
    let mut path =
        format!("/accounts/{ACCOUNT}/transactions?bookingStatus=both&dateFrom=2026-06-05&limit=10");
    let mut seen = Vec::new();
    loop {
        let page = caller.get(&path, &headers).await;
        let transactions = &page.body["transactions"];
        seen.push(transactions["booked"].as_array().unwrap().len());
        let Some(next) = transactions["_links"]["next"]["href"].as_str() else {
            break;
        };
        path = next.strip_prefix("/open-banking/v1").unwrap().to_owned();
    }
    assert_eq!(seen, [10, 10, 2]);
}

#[tokio::test]
async fn what_is_no_consent_is_refused_in_words() {
    let world = World::bank().await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let with = |member: &str, value: Value| {
        let mut body = new_consent();
        body[member] = value;
        body
    };
    for (body, refusal) in [
        (
            with("validUntil", json!("2026-09-20")),
            "400 PERIOD_INVALID",
        ),
        (with("validUntil", json!("2026-9-30")), "400 FORMAT_ERROR"),
        (with("frequencyPerDay", json!(0)), "400 FORMAT_ERROR"),
        (with("recurringIndicator", json!(false)), "400 FORMAT_ERROR"),
        (
            with("combinedServiceIndicator", json!(true)),
            "400 FORMAT_ERROR",
        ),
        (with("access", json!({})), "400 FORMAT_ERROR"),
        (
            with(
                "access",
                json!({ "accounts": [{ "iban": "DE88370400440532013000" }] }),
            ),
            "400 FORMAT_ERROR",
        ),
        (
            with(
                "access",
                json!({ "accounts": [{ "iban": "DE02120300000000202051" }] }),
            ),
            "400 RESOURCE_UNKNOWN",
        ),
        (with("further", json!(1)), "400 FORMAT_ERROR"),
    ] {
        let answer = caller.post("/consents", &[], body.clone()).await;
        assert_eq!(answer.refusal(), refusal, "{body}");
    }
    let long = caller
        .post("/consents", &[], with("validUntil", json!("9999-12-31")))
        .await;
    let id = long.body["consentId"].as_str().unwrap();
    let read = caller.get(&format!("/consents/{id}"), &[]).await;
    assert_eq!(read.body["validUntil"], "2027-03-20");
}
