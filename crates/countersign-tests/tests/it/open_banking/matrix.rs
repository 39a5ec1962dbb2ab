use countersign_client::Method;
use countersign_pki::psd2::Role;
use countersign_tests::World;
use serde_json::Value;

use super::bank::{ACCOUNT, Caller, IBAN, funds_question, new_consent, new_payment};

/// The role that each route is for, written down apart from the server.
const NEEDED: &[(&str, &str, Role)] = &[
    ("POST", "/consents", Role::AccountInformation),
    ("GET", "/consents/{consent_id}", Role::AccountInformation),
    ("DELETE", "/consents/{consent_id}", Role::AccountInformation),
    (
        "GET",
        "/consents/{consent_id}/status",
        Role::AccountInformation,
    ),
    ("GET", "/accounts", Role::AccountInformation),
    ("GET", "/accounts/{account_id}", Role::AccountInformation),
    (
        "GET",
        "/accounts/{account_id}/balances",
        Role::AccountInformation,
    ),
    (
        "GET",
        "/accounts/{account_id}/transactions",
        Role::AccountInformation,
    ),
    ("POST", "/payments/{product}", Role::PaymentInitiation),
    (
        "GET",
        "/payments/{product}/{payment_id}",
        Role::PaymentInitiation,
    ),
    (
        "GET",
        "/payments/{product}/{payment_id}/status",
        Role::PaymentInitiation,
    ),
    ("POST", "/funds-confirmations", Role::CardIssuing),
];

#[tokio::test]
async fn fifteen_combinations_of_roles_open_the_routes_that_are_theirs_and_no_other() {
    let world = World::bank().await.unwrap();
    let everything = Caller::with(&world, Role::ALL).await;
    let payment = everything.post(PAYMENTS, &[], new_payment("1.00")).await;
    let payment = payment.body["paymentId"].as_str().unwrap();
    for combination in 1..16 {
        let roles: Vec<_> = Role::ALL
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| combination & (1 << bit) != 0)
            .map(|(_, role)| role)
            .collect();
        let caller = Caller::with(&world, roles.iter().copied()).await;
        for (method, path, needed) in NEEDED {
            let consent = everything.consent().await;
            let answer = ask(&caller, method, path, &consent, payment).await;
            match roles.contains(needed) {
                true => assert!(
                    (200..300).contains(&answer.status),
                    "{roles:?} {method} {path}: {answer:?}"
                ),
                false => {
                    assert_eq!(
                        answer.refusal(),
                        "401 ROLE_INVALID",
                        "{roles:?} {method} {path}"
                    );
                    let text = format!("`PSDGB-FCA-123456` has not the role {}", needed.name());
                    assert_eq!(answer.text(), text);
                }
            }
        }
    }
}

#[tokio::test]
async fn no_route_is_missing_in_the_matrix() {
    let world = World::bank().await.unwrap();
    let table = countersign_server::bank(world.live().clone()).table();
    let below = |path: &str| {
        path.strip_prefix(countersign_server::OPEN_BANKING)
            .map(str::to_owned)
    };
    let lines = table.lines().iter();
    let mut served: Vec<_> = lines
        .filter_map(|line| Some((line.method_name().to_owned(), below(&line.path)?)))
        .collect();
    let listed = NEEDED
        .iter()
        .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    let mut listed: Vec<_> = listed.collect();
    served.sort();
    listed.sort();
    assert_eq!(served, listed);
}

#[tokio::test]
async fn what_is_no_route_is_refused_whatever_the_roles() {
    let world = World::bank().await.unwrap();
    let everything = Caller::with(&world, Role::ALL).await;
    let nobody = Caller::of(&world, &super::bank::tpp("999999", Role::ALL)).await;
    for path in [
        "/signing-baskets",
        "/card-accounts",
        "/trusted-beneficiaries/7",
        "/accounts/",
        "/payments",
        "/accounts/../payments",
        "/ACCOUNTS",
        "//accounts",
        "/%61ccounts",
    ] {
        assert_eq!(
            everything.get(path, &[]).await.refusal(),
            "404 RESOURCE_UNKNOWN",
            "{path}"
        );
        assert_eq!(
            nobody.get(path, &[]).await.refusal(),
            "401 CERTIFICATE_INVALID",
            "{path}"
        );
    }
    let answer = everything.call(Method::PUT, "/consents", &[], None).await;
    assert_eq!(answer.refusal(), "405 SERVICE_INVALID");
}

async fn ask(
    caller: &Caller<'_>,
    method: &str,
    path: &str,
    consent: &str,
    payment: &str,
) -> super::bank::Answer {
    let body: Option<Value> = match (method, path) {
        ("POST", "/consents") => Some(new_consent()),
        ("POST", "/payments/{product}") => Some(new_payment("1.00")),
        ("POST", _) => Some(funds_question(IBAN, "EUR", "1.00")),
        _ => None,
    };
    let path = path
        .replace("{consent_id}", consent)
        .replace("{account_id}", ACCOUNT)
        .replace("{product}", "sepa-credit-transfers")
        .replace("{payment_id}", payment);
    let path = match path.strip_suffix("/transactions") {
        Some(_) => format!("{path}?bookingStatus=booked"),
        None => path,
    };
    let headers = [("consent-id", consent), ("psu-ip-address", "192.0.2.1")];
    caller
        .call(method.parse().unwrap(), &path, &headers, body)
        .await
}

const PAYMENTS: &str = "/payments/sepa-credit-transfers";
