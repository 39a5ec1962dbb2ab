//! Claims about the SDK, at the bank of the reference server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use countersign_pki::psd2::{Nca, Role, Tpp};
use countersign_tests::World;
use futures_util::TryStreamExt;
use sdk_open_banking::{
    ConsentId, Error, Money, NewConsent, NewPayment, OpenBanking, PaymentKey, Product,
};

const IBAN: &str = "DE89370400440532013000";
const OTHER: &str = "FR1420041010050500013M02606";

async fn tpp(world: &World, roles: &[Role]) -> OpenBanking {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    let tpp = Tpp::new("Acme TPP Limited", fca, "123456").roles(roles.iter().copied());
    let qwac = tpp.qwac(&world.issuing, world.clock.now()).issue().unwrap();
    let client = world.client(Some(&qwac)).unwrap().build().await.unwrap();
    OpenBanking::over(client, world.url("").parse().unwrap())
}

fn euro(text: &str) -> Money {
    format!("{text} EUR").parse().unwrap()
}

#[tokio::test]
async fn accounts_and_transactions_stream_page_by_page() {
    let world = World::bank().await.unwrap();
    let bank = tpp(&world, &[Role::AccountInformation])
        .await
        .by_pages_of(1);
    let new = NewConsent::to_all_of([IBAN, OTHER], "2026-12-31");
    let consent = bank.ask_consent(&new).await.unwrap();
    let accounts: Vec<_> = bank.accounts(&consent).try_collect().await.unwrap();
    let ibans: Vec<_> = accounts
        .iter()
        .map(|account| account.iban.as_str())
        .collect();
    assert_eq!(ibans, [IBAN, OTHER]);
    let balances = bank.balances(&consent, &accounts[0].id).await.unwrap();
    assert_eq!(balances[0].amount, euro("1250.40"));
    let bank = bank.by_pages_of(10);
    let entries = bank.transactions(&consent, &accounts[0].id);
    let entries: Vec<_> = entries.try_collect().await.unwrap();
    assert_eq!(entries.len(), 25);
    assert_eq!(entries[0].amount, euro("-25.10"));

    bank.end_consent(&consent).await.unwrap();
    let error = bank.balances(&consent, &accounts[0].id).await.unwrap_err();
    assert!(matches!(error, Error::Consent { .. }), "{error}");
}

#[tokio::test]
async fn a_payment_is_initiated_once_under_its_key() {
    let world = World::bank().await.unwrap();
    let bank = tpp(&world, &[Role::PaymentInitiation]).await;
    let key = PaymentKey::random(&mut rand::rng());
    let new = NewPayment::new(euro("12.50"), IBAN, OTHER, "Bookshop");
    let first = bank
        .initiate_once(&key, Product::InstantSepa, &new)
        .await
        .unwrap();
    let again = bank
        .initiate_once(&key, Product::InstantSepa, &new)
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_ne!(
        bank.initiate(Product::InstantSepa, &new).await.unwrap(),
        first
    );
    let status = bank
        .payment_status(Product::InstantSepa, &first)
        .await
        .unwrap();
    assert_eq!(status, "ACSC");
    let more = NewPayment::new(euro("12.51"), IBAN, OTHER, "Bookshop");
    let error = bank
        .initiate_once(&key, Product::InstantSepa, &more)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::KeyReused { .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_says_who_must_act() {
    let world = World::bank().await.unwrap();
    let cards = tpp(&world, &[Role::CardIssuing]).await;
    assert!(cards.confirm_funds(IBAN, &euro("1250.40")).await.unwrap());
    assert!(!cards.confirm_funds(IBAN, &euro("1250.41")).await.unwrap());
    let error = cards
        .confirm_funds("DE02120300000000202051", &euro("1"))
        .await
        .unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(
        (refusal.status.as_u16(), refusal.code.as_str()),
        (400, "RESOURCE_UNKNOWN")
    );
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let error = cards
        .accounts(&ConsentId::new("none"))
        .try_next()
        .await
        .unwrap_err();
    assert!(matches!(error, Error::RoleMissing { .. }), "{error}");
    let said = "the certificate has not the role: ROLE_INVALID (401 Unauthorized): \
                `PSDGB-FCA-123456` has not the role PSP_AI";
    assert_eq!(error.to_string(), said);
}
