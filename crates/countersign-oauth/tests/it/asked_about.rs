//! What becomes of a token: introspection and revocation (I1 to I4, V1, V2), and keys that change (J3).

use axum::body::Body;
use countersign_oauth::Standing;
use http::{Request, StatusCode};
use jiff::SignedDuration;

use crate::bank::{Bank, LONGEST, keys, settings, signer};
use crate::forge::{AUDIENCE, ISSUER, now};
use crate::world::thumbprint;

const INACTIVE: &str = r#"{"active":false}"#;

#[tokio::test]
async fn i1_the_api_asks_as_itself_and_by_post() {
    let bank = Bank::new().await;
    let (api, billing) = (bank.client("api"), bank.client("billing"));
    let token = bank.issue(&billing, "billing").await;
    let form = format!("client_id=api&token={token}");
    assert_eq!(
        bank.get(Some(&api), "/oauth/introspect").await.error(),
        "405 invalid_request"
    );
    let answer = bank.post(&billing, "introspect", &form).await;
    assert_eq!(answer.error(), "401 invalid_client");
    let anonymous = Request::post("/oauth/introspect")
        .body(Body::from(form.clone()))
        .unwrap();
    assert_eq!(
        bank.ask(None, anonymous).await.error(),
        "401 invalid_client"
    );
    assert_eq!(
        bank.post(&api, "introspect", "client_id=api").await.error(),
        "400 invalid_request"
    );
    let answer = bank.post(&api, "introspect", &form).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json()["active"], true);
}

#[tokio::test]
async fn i2_of_a_token_that_does_not_count_nothing_is_told() {
    let bank = Bank::new().await;
    let (api, billing) = (bank.client("api"), bank.client("billing"));
    let ask = async |token: &str| {
        let form = format!("client_id=api&token={token}");
        let answer = bank.post(&api, "introspect", &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.body
    };
    let token = bank.issue(&billing, "billing").await;
    assert_ne!(ask(&token).await, INACTIVE);
    assert_eq!(ask("garbage").await, INACTIVE);
    assert_eq!(
        ask(&token[..token.len() - 1]).await,
        INACTIVE,
        "another signature"
    );
    let elsewhere = bank
        .token(&billing, "billing", "&scope=reports")
        .await
        .json();
    let elsewhere = elsewhere["access_token"].as_str().unwrap();
    assert_eq!(ask(elsewhere).await, INACTIVE, "for another API");
    // A client that is no API.
    let form = format!("client_id=billing&token={token}");
    assert_eq!(
        bank.post(&billing, "introspect", &form).await.body,
        INACTIVE
    );
    let forged = signer().sign(&bank.read_token(&token)).unwrap();
    assert_eq!(ask(&forged).await, INACTIVE, "by another key");
    let form = format!("client_id=billing&token={token}");
    bank.post(&billing, "revoke", &form).await;
    assert_eq!(ask(&token).await, INACTIVE, "revoked");
    let late = bank.issue(&billing, "billing").await;
    bank.clock.set(now() + LONGEST);
    assert_eq!(ask(&late).await, INACTIVE, "over");
}

#[tokio::test]
async fn i2_a_token_that_was_signed_and_never_issued_does_not_count() {
    let bank = Bank::new().await;
    let (api, billing) = (bank.client("api"), bank.client("billing"));
    let (ours, mut token) = (signer(), crate::forge::token());
    token.binding = thumbprint(&billing);
    let text = ours.sign(&token).unwrap();
    let signing = countersign_oauth::SigningKeys::new(ours, LONGEST);
    bank.server.put(settings(signing, &bank.selfmade));
    let form = format!("client_id=api&token={text}");
    assert_eq!(bank.post(&api, "introspect", &form).await.body, INACTIVE);
    assert_eq!(
        bank.read(&billing, &text).await.json()["code"],
        "token-invalid"
    );
}

#[tokio::test]
async fn i3_i4_of_a_token_that_counts_all_is_told() {
    let bank = Bank::new().await;
    let (api, billing) = (bank.client("api"), bank.client("billing"));
    let text = bank.issue(&billing, "billing").await;
    let token = bank.read_token(&text);
    let form = format!("client_id=api&token={text}&token_type_hint=refresh_token");
    let answer = bank.post(&api, "introspect", &form).await;
    let (from, until) = (now().as_second(), (now() + LONGEST).as_second());
    let wanted = serde_json::json!({
        "active": true, "client_id": "billing", "token_type": "Bearer", "scope": "accounts payments",
        "iss": ISSUER, "sub": "billing", "aud": [AUDIENCE], "jti": token.id.as_str(),
        "iat": from, "nbf": from, "exp": until,
        "cnf": {"x5t#S256": thumbprint(&billing).to_string()},
    });
    assert_eq!(answer.json(), wanted);
}

#[tokio::test]
async fn v1_a_client_revokes_its_own_tokens_and_nobody_elses() {
    let bank = Bank::new().await;
    let (billing, reports) = (bank.client("billing"), bank.client("reports"));
    let text = bank.issue(&billing, "billing").await;
    let id = bank.read_token(&text).id;
    let standing = async || bank.server.store().standing(id.as_str()).await.unwrap();

    let form = format!("client_id=reports&token={text}");
    let answer = bank.post(&reports, "revoke", &form).await;
    assert_eq!(answer.error(), "400 invalid_request");
    let told = format!(
        "action denied token-revoked jti={id} client_id=billing the token is another client's"
    );
    assert_eq!(answer.told(), told);
    assert_eq!(standing().await, Standing::Issued);

    // The claims of a token, signed by somebody else.
    let forged = signer().sign(&bank.read_token(&text)).unwrap();
    for (token, about) in [
        ("garbage", "garbage"),
        (&*forged, "forged"),
        ("e30.e30.", "unsigned"),
    ] {
        let form = format!("client_id=billing&token={token}&token_type_hint=nonsense");
        let answer = bank.post(&billing, "revoke", &form).await;
        assert_eq!(
            (answer.status, &*answer.body),
            (StatusCode::OK, ""),
            "{about}"
        );
    }
    assert_eq!(standing().await, Standing::Issued);
    assert_eq!(
        bank.post(&billing, "revoke", "client_id=billing")
            .await
            .error(),
        "400 invalid_request"
    );
    assert_eq!(
        bank.get(Some(&billing), "/oauth/revoke").await.error(),
        "405 invalid_request"
    );

    let form = format!("client_id=billing&token={text}");
    for _ in 0..2 {
        let answer = bank.post(&billing, "revoke", &form).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, ""));
        assert_eq!(
            answer.told(),
            format!("action allowed token-revoked jti={id} client_id=billing")
        );
    }
    assert_eq!(standing().await, Standing::Revoked);
    bank.clock.set(now() + LONGEST * 2);
    assert_eq!(
        bank.post(&billing, "revoke", &form).await.status,
        StatusCode::OK,
        "over"
    );
}

#[tokio::test]
async fn v2_a_revoked_token_counts_no_more_at_the_next_request() {
    let bank = Bank::new().await;
    let billing = bank.client("billing");
    let (one, other) = (
        bank.issue(&billing, "billing").await,
        bank.issue(&billing, "billing").await,
    );
    assert_eq!(bank.read(&billing, &one).await.status, StatusCode::OK);
    bank.post(
        &billing,
        "revoke",
        &format!("client_id=billing&token={one}"),
    )
    .await;
    assert_eq!(
        bank.read(&billing, &one).await.json()["code"],
        "token-invalid"
    );
    assert_eq!(bank.read(&billing, &other).await.status, StatusCode::OK);
}

#[tokio::test]
async fn j3_the_keys_are_published_and_change_without_a_token_being_refused() {
    let bank = Bank::new().await;
    let billing = bank.client("billing");
    let published = async || {
        let answer = bank.get(None, "/oauth/jwks").await;
        assert_eq!(answer.header("content-type"), "application/jwk-set+json");
        assert_eq!(answer.header("cache-control"), "public, max-age=60");
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        for key in &keys {
            assert_eq!((&key["use"], &key["alg"]), (&"sig".into(), &"ES256".into()));
            assert!(key.get("d").is_none());
        }
        keys.len()
    };
    let mut tokens = vec![bank.issue(&billing, "billing").await];
    // Announced, and signing after the next change; and so on.
    for _ in 0..3 {
        let mut next = keys();
        next.announce(signer());
        bank.server.put(settings(next, &bank.selfmade));
        tokens.push(bank.issue(&billing, "billing").await);
        for token in &tokens {
            assert_eq!(bank.read(&billing, token).await.status, StatusCode::OK);
        }
    }
    assert_eq!(published().await, 5, "one signs, one will, three did");
    bank.clock
        .set(now() + LONGEST + SignedDuration::from_secs(1));
    bank.server.tidy().await.unwrap();
    assert_eq!(published().await, 2);
}

#[tokio::test]
async fn what_is_long_over_is_forgotten() {
    let bank = Bank::new().await;
    bank.issue(&bank.client("billing"), "billing").await;
    assert_eq!(bank.server.tidy().await.unwrap(), 0);
    bank.clock
        .set(now() + LONGEST + SignedDuration::from_hours(25));
    assert_eq!(bank.server.tidy().await.unwrap(), 1);
}
