//! A day of payment service providers at a bank.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use countersign_axum::{Anchors, Credential, Directory, Live, SystemClock, Trust, TrustSnapshot};
use countersign_client::{Client, Kind, ServerTrust};
use countersign_identity::{NameRules, Scheme};
use countersign_pki::Store;
use countersign_tls::RevocationList;
use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use sdk_open_banking::{
    AccountId, ConsentId, Error, NewConsent, NewPayment, OpenBanking, PaymentId, PaymentKey,
    Product,
};

use super::played::Played;

/// The bank's certificates and policy, in force.
pub(super) fn live(store: &Store) -> Result<Live> {
    let credential =
        Credential::from_pem_files(store.certificate_path("server"), store.key_path("server"))?;
    let anchors = Anchors::from_pem_file(store.certificate_path("root"))?;
    let names = NameRules::new(Scheme::Organization, ["org:PSDGB-FCA-*".parse()?]);
    let lists = ["issuing", "root"].map(|issuer| RevocationList::from_file(store.crl_path(issuer)));
    let lists = lists.into_iter().collect::<Result<Vec<_>, _>>()?;
    let lists = lists.into_iter().flatten();
    let qualified = Trust::new("qualified".parse()?, anchors, names).with_lists(lists);
    let clock = Arc::new(SystemClock);
    let trust = TrustSnapshot::new(credential, vec![qualified], clock.clone())?;
    Ok(Live::new(trust, Directory::from_toml(POLICY)?, clock))
}

/// Lets each TPP do its work and what is not its work.
pub(super) async fn run(store: &Store, base: &str, address: SocketAddr) -> Result<Vec<Played>> {
    let mut calls = Vec::new();
    let mut day = Day::default();
    for step in STEPS {
        let bank = OpenBanking::over(client(store, step.caller, address).await?, base.parse()?);
        let (outcome, why) = match step.act.play(&mut day, &bank).await {
            Ok(outcome) => (outcome, step.act.because().to_owned()),
            Err(error) => told(&error),
        };
        calls.push(Played {
            caller: step.caller.to_owned(),
            request: step.act.request().to_owned(),
            outcome,
            expected: step.expected.to_owned(),
            why,
        });
    }
    Ok(calls)
}

/// A call, and what must come of it.
struct Step {
    caller: &'static str,
    act: Act,
    expected: &'static str,
}

#[derive(Clone, Copy)]
enum Act {
    Consent,
    Accounts,
    Balances,
    Transactions,
    Pay,
    PayAgain,
    Status,
    Funds,
    EndConsent,
}

/// What one call leaves for the next.
#[derive(Default)]
struct Day {
    consent: Option<ConsentId>,
    account: Option<AccountId>,
    key: Option<PaymentKey>,
    payment: Option<PaymentId>,
}

const STEPS: &[Step] = &[
    Step::new("aisp", Act::Consent, "consented"),
    Step::new("aisp", Act::Accounts, "1 account"),
    Step::new("aisp", Act::Balances, "1250.40 EUR"),
    Step::new("aisp", Act::Transactions, "25 transactions"),
    Step::new("aisp", Act::Pay, "401 ROLE_INVALID"),
    Step::new("pisp", Act::Pay, "initiated"),
    Step::new("pisp", Act::PayAgain, "the same payment"),
    Step::new("pisp", Act::Status, "ACSC"),
    Step::new("pisp", Act::Accounts, "401 ROLE_INVALID"),
    Step::new("cbpii", Act::Funds, "yes"),
    Step::new("tpp", Act::Accounts, "400 CONSENT_UNKNOWN"),
    Step::new("seal", Act::Funds, "401 CERTIFICATE_INVALID"),
    Step::new("former", Act::Consent, "refused: certificate_revoked"),
    Step::new("aisp", Act::EndConsent, "ended"),
    Step::new("aisp", Act::Balances, "401 CONSENT_INVALID"),
];

impl Step {
    const fn new(caller: &'static str, act: Act, expected: &'static str) -> Self {
        Self {
            caller,
            act,
            expected,
        }
    }
}

impl Act {
    /// Makes the call; answers what came of it, in short.
    async fn play(self, day: &mut Day, bank: &OpenBanking) -> Result<String, Error> {
        let consent = day
            .consent
            .clone()
            .unwrap_or_else(|| ConsentId::new("none"));
        let account = day
            .account
            .clone()
            .unwrap_or_else(|| AccountId::new("none"));
        Ok(match self {
            Self::Consent => {
                let new = NewConsent::to_all_of([IBAN], tomorrow());
                day.consent = Some(bank.ask_consent(&new).await?);
                "consented".to_owned()
            }
            Self::Accounts => {
                let accounts: Vec<_> = bank.accounts(&consent).try_collect().await?;
                day.account = accounts.first().map(|account| account.id.clone());
                format!("{} account", accounts.len())
            }
            Self::Balances => {
                let balances = bank.balances(&consent, &account).await?;
                let amounts: Vec<_> = balances
                    .iter()
                    .map(|balance| balance.amount.to_string())
                    .collect();
                amounts.join(", ")
            }
            Self::Transactions => {
                let entries: Vec<_> = bank.transactions(&consent, &account).try_collect().await?;
                format!("{} transactions", entries.len())
            }
            Self::Pay | Self::PayAgain => pay(day, bank).await?,
            Self::Status => {
                let payment = day
                    .payment
                    .clone()
                    .unwrap_or_else(|| PaymentId::new("none"));
                bank.payment_status(PRODUCT, &payment).await?
            }
            Self::Funds => match bank.confirm_funds(IBAN, &price()?).await? {
                true => "yes".to_owned(),
                false => "no".to_owned(),
            },
            Self::EndConsent => {
                bank.end_consent(&consent).await?;
                "ended".to_owned()
            }
        })
    }

    fn request(self) -> &'static str {
        match self {
            Self::Consent => "POST consents",
            Self::Accounts => "GET accounts",
            Self::Balances => "GET accounts/{id}/balances",
            Self::Transactions => "GET accounts/{id}/transactions",
            Self::Pay | Self::PayAgain => "POST payments/instant-sepa-credit-transfers",
            Self::Status => "GET payments/…/{id}/status",
            Self::Funds => "POST funds-confirmations",
            Self::EndConsent => "DELETE consents/{id}",
        }
    }

    /// Why it was allowed.
    fn because(self) -> &'static str {
        match self {
            Self::Consent | Self::EndConsent => "its certificate has PSP_AI",
            Self::Accounts | Self::Balances | Self::Transactions => {
                "PSP_AI, and the consent covers it"
            }
            Self::Pay | Self::Status => "its certificate has PSP_PI",
            Self::PayAgain => "PSP_PI, and the idempotency key is known",
            Self::Funds => "its certificate has PSP_IC",
        }
    }
}

/// Pays, under one key for the whole day.
async fn pay(day: &mut Day, bank: &OpenBanking) -> Result<String, Error> {
    let key = match &day.key {
        Some(key) => key.clone(),
        None => PaymentKey::random(&mut rand::rng()),
    };
    day.key = Some(key.clone());
    let new = NewPayment::new(price()?, IBAN, "FR1420041010050500013M02606", "Bookshop");
    let payment = bank.initiate_once(&key, PRODUCT, &new).await?;
    let known = day.payment.replace(payment.clone());
    Ok(match known == Some(payment) {
        true => "the same payment".to_owned(),
        false => "initiated".to_owned(),
    })
}

fn tomorrow() -> String {
    let later = Timestamp::now().saturating_add(SignedDuration::from_hours(24));
    later
        .unwrap_or(Timestamp::MAX)
        .strftime("%Y-%m-%d")
        .to_string()
}

fn price() -> Result<sdk_open_banking::Money, Error> {
    "12.50 EUR"
        .parse()
        .map_err(|error: sdk_open_banking::MoneyError| Error::Unexpected {
            reason: error.to_string(),
        })
}

async fn client(store: &Store, caller: &str, address: SocketAddr) -> Result<Client> {
    let credential =
        Credential::from_pem_files(store.certificate_path(caller), store.key_path(caller))?;
    let trust = ServerTrust::pinned_ca_pem_file(store.certificate_path("root"))?;
    let builder = Client::builder().credential(credential).trust(trust);
    Ok(builder.resolve("localhost", address).build().await?)
}

/// What came of a call that was refused, and why.
fn told(error: &Error) -> (String, String) {
    if let Some(refusal) = error.refusal() {
        let outcome = format!("{} {}", refusal.status.as_u16(), refusal.code);
        return (outcome, refusal.text.clone());
    }
    let Error::Call { source } = error else {
        return ("failed".to_owned(), error.to_string());
    };
    let alert = match source.kind() {
        Kind::Refused(refused) => refused.alert,
        _ => None,
    };
    match alert {
        Some(alert) => (
            format!("refused: {alert}"),
            "the handshake fails, and no request is read".to_owned(),
        ),
        None => ("failed".to_owned(), source.to_string()),
    }
}

const POLICY: &str = include_str!("../../../../fixtures/policy-psd2.toml");
const IBAN: &str = "DE89370400440532013000";
const PRODUCT: Product = Product::InstantSepa;

/// What the server presents and trusts, and who calls.
pub(super) const NEEDED: [&str; 8] = [
    "root", "server", "aisp", "pisp", "cbpii", "tpp", "seal", "former",
];
