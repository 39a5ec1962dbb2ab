use arc_swap::ArcSwap;
use countersign_client::Method;
use countersign_identity::Thumbprint;
use countersign_oauth::{
    AccessToken, BearerCheck, KeySet, TokenId, TokenSigner, TokenVerifier, Withdrawal,
};
use countersign_pki::psd2::Role;
use countersign_pki::{Issued, Key, KeyKind};
use countersign_server::BankBooks;
use countersign_tests::World;
use jiff::SignedDuration;
use serde_json::Value;

use super::bank::{Caller, IBAN, funds_question, new_consent, new_payment, qwac, tpp};

const ISSUER: &str = "https://as.bank.example";
const BANK: &str = "https://api.bank.example";

/// A bank that asks for tokens, and who signs them.
async fn bank() -> (World, TokenSigner) {
    let key = Key::generate(KeyKind::P256).unwrap();
    let signer = TokenSigner::from_pkcs8(key.pkcs8_der()).unwrap();
    let keys = KeySet::new([signer.public().clone()]);
    let world = World::bank_with_api(move |live| {
        let verifier = TokenVerifier::new(ISSUER, BANK);
        let tokens = BearerCheck::signed(
            verifier,
            ArcSwap::from_pointee(keys),
            Withdrawal::AtExpiry,
            live.clock(),
        );
        countersign_server::bank_over(live, &BankBooks::in_memory(), Some(&tokens))
    });
    (world.await.unwrap(), signer)
}

fn token(
    world: &World,
    signer: &TokenSigner,
    holder: &Issued,
    client: &str,
    scope: &str,
) -> String {
    let now = world.clock.now();
    let binding = Thumbprint::of(holder.certificate_der());
    let lasting = now..now + SignedDuration::from_mins(5);
    let id = TokenId::from_bytes([7; 16]);
    let mut token = AccessToken::new(ISSUER, client, BANK, id, binding, lasting);
    token.scope = scope.parse().unwrap();
    format!("Bearer {}", signer.sign(&token).unwrap())
}

#[tokio::test]
async fn each_group_wants_a_token_with_its_scope_that_is_bound_to_the_certificate_with_the_role() {
    let (world, signer) = bank().await;
    let all = tpp("123456", Role::ALL);
    let (mine, renewed) = (
        qwac(&world, &all).issue().unwrap(),
        qwac(&world, &all).issue().unwrap(),
    );
    let caller = Caller::presenting(&world, &mine).await;
    for (scope, path, body) in [
        ("accounts", "/consents", new_consent()),
        (
            "payments",
            "/payments/sepa-credit-transfers",
            new_payment("1.00"),
        ),
        (
            "fundsconfirmations",
            "/funds-confirmations",
            funds_question(IBAN, "EUR", "1.00"),
        ),
    ] {
        let ask = async |authorization: &str| {
            let headers = [("authorization", authorization)];
            let headers = if authorization.is_empty() {
                &[][..]
            } else {
                &headers[..]
            };
            caller.post(path, headers, body.clone()).await
        };
        let good = token(&world, &signer, &mine, "tpp", scope);
        assert!(matches!(ask(&good).await.status, 200 | 201), "{path}");
        assert_eq!(ask("").await.refusal(), "401 TOKEN_UNKNOWN", "{path}");
        let others = token(&world, &signer, &renewed, "tpp", scope);
        assert_eq!(ask(&others).await.refusal(), "401 TOKEN_INVALID", "{path}");
        let stranger = token(&world, &signer, &mine, "other", scope);
        assert_eq!(
            ask(&stranger).await.refusal(),
            "401 TOKEN_INVALID",
            "{path}"
        );
        let narrow = token(&world, &signer, &mine, "tpp", "something");
        assert_eq!(ask(&narrow).await.refusal(), "403 FORBIDDEN", "{path}");
    }
}

#[tokio::test]
async fn a_token_is_no_role() {
    let (world, signer) = bank().await;
    let reader = qwac(&world, &tpp("123456", [Role::AccountInformation]))
        .issue()
        .unwrap();
    let caller = Caller::presenting(&world, &reader).await;
    let token = token(
        &world,
        &signer,
        &reader,
        "tpp",
        "accounts payments fundsconfirmations",
    );
    let headers = [("authorization", token.as_str())];
    let body: Option<Value> = Some(new_payment("1.00"));
    let paid = caller
        .call(
            Method::POST,
            "/payments/sepa-credit-transfers",
            &headers,
            body,
        )
        .await;
    assert_eq!(paid.refusal(), "401 ROLE_INVALID");
    assert_eq!(
        caller
            .post("/consents", &headers, new_consent())
            .await
            .status,
        201
    );
}
