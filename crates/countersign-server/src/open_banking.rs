//! What may a payment service provider do at the sample bank (PSD2, NextGenPSD2 1.3)?

mod account;
mod amount;
mod books;
mod consent;
mod day;
mod document;
mod iban;
mod payment;
mod routes;
mod stored_books;
mod tpp;
mod tpp_message;

use std::sync::Arc;

use countersign_axum::routing::{get, post};
use countersign_axum::{Api, Code, Fault, Live, Permission, Psd2Role};
use countersign_oauth::{BearerCheck, Store, StoreError};
use jiff::civil::Date;

use self::account::Account;
use self::books::{Books, BooksError, MemoryBooks};
pub(crate) use self::document::TppMessagesDocument;
use self::iban::Iban;
pub(crate) use self::routes::{accounts, consents, funds, payments};
use self::stored_books::StoredBooks;
use self::tpp::TppCheck;
use self::tpp_message::BerlinGroup;
use crate::state::asking;

/// The permission to ask for consents, and to see accounts with them.
#[derive(Debug)]
pub struct ReadAccounts;

impl Permission for ReadAccounts {
    const NAME: &'static str = "accounts:read";
}

/// The permission to initiate payments.
#[derive(Debug)]
pub struct InitiatePayments;

impl Permission for InitiatePayments {
    const NAME: &'static str = "payments:initiate";
}

/// The permission to ask whether there are funds.
#[derive(Debug)]
pub struct ConfirmFunds;

impl Permission for ConfirmFunds {
    const NAME: &'static str = "funds:confirm";
}

/// Where the bank keeps what it gave to TPPs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct BankBooks(Arc<dyn Books>);

impl BankBooks {
    /// Books that are forgotten when the server stops.
    pub fn in_memory() -> Self {
        Self(Arc::new(MemoryBooks::default()))
    }

    /// Books in `store`, which every replica shares.
    ///
    /// # Errors
    ///
    /// The tables cannot be brought up to date.
    pub async fn open(store: Store) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(StoredBooks::open(store).await?)))
    }
}

/// The open banking API over `books`: to be nested at [`PREFIX`].
///
/// Each route asks for a permission of the policy and for a role in the certificate, at every request. The role of a
/// bank, `PSP_AS`, opens none of them. With `tokens`, each asks for an access token too: with the scope `accounts`,
/// `payments` or `fundsconfirmations`, and bound to the certificate that has the role.
pub fn open_banking(live: Live, books: &BankBooks, tokens: Option<&BearerCheck>) -> Api {
    let bank = Bank {
        live: live.clone(),
        books: Arc::clone(&books.0),
        accounts: account::sample().into(),
    };
    let api = |role, scope| group(&live, role, tokens, scope);
    account_information(api(Psd2Role::AccountInformation, "accounts"))
        .merge(payment_initiation(api(
            Psd2Role::PaymentInitiation,
            "payments",
        )))
        .merge(card_issuing(api(
            Psd2Role::CardIssuing,
            "fundsconfirmations",
        )))
        .with_state(bank)
}

/// The role comes first: what is in the token is of interest only for a TPP that may be there at all.
fn group(live: &Live, role: Psd2Role, tokens: Option<&BearerCheck>, scope: &str) -> Api<Bank> {
    let api = Api::new(live.clone())
        .rendered(BerlinGroup)
        .check(TppCheck::new(role));
    asking(api, tokens, scope)
}

fn account_information(api: Api<Bank>) -> Api<Bank> {
    let consent = get(consents::find).delete(consents::terminate);
    api.guarded::<ReadAccounts>("/consents", post(consents::create))
        .guarded::<ReadAccounts>("/consents/{consent_id}", consent)
        .guarded::<ReadAccounts>("/consents/{consent_id}/status", get(consents::status))
        .guarded::<ReadAccounts>("/accounts", get(accounts::list))
        .guarded::<ReadAccounts>("/accounts/{account_id}", get(accounts::find))
        .guarded::<ReadAccounts>("/accounts/{account_id}/balances", get(accounts::balances))
        .guarded::<ReadAccounts>(
            "/accounts/{account_id}/transactions",
            get(accounts::transactions),
        )
}

fn payment_initiation(api: Api<Bank>) -> Api<Bank> {
    api.guarded::<InitiatePayments>("/payments/{product}", post(payments::initiate))
        .guarded::<InitiatePayments>("/payments/{product}/{payment_id}", get(payments::find))
        .guarded::<InitiatePayments>(
            "/payments/{product}/{payment_id}/status",
            get(payments::status),
        )
}

fn card_issuing(api: Api<Bank>) -> Api<Bank> {
    api.guarded::<ConfirmFunds>("/funds-confirmations", post(funds::confirm))
}

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Bank {
    live: Live,
    books: Arc<dyn Books>,
    accounts: Arc<[Account]>,
}

impl Bank {
    fn today(&self) -> Date {
        day::day_of(self.live.now())
    }

    fn with_iban(&self, iban: &Iban) -> Option<&Account> {
        self.accounts.iter().find(|account| account.iban == *iban)
    }
}

/// The TPP is told no more than that.
impl From<BooksError> for Fault {
    fn from(error: BooksError) -> Self {
        tracing::error!("{error}");
        Self::new(Code::Internal, "the bank cannot look into its books now")
    }
}

/// Below which path the API is served.
pub const PREFIX: &str = "/open-banking/v1";
