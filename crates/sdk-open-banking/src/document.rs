//! The JSON of the API. A member that is not known is none of our business: the bank may be newer.

use serde::{Deserialize, Serialize};

use crate::{Account, AccountId, Balance, Entry, Error, Money, NewConsent, NewPayment};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewConsentDocument<'a> {
    access: AccessDocument<'a>,
    recurring_indicator: bool,
    valid_until: &'a str,
    frequency_per_day: u8,
    combined_service_indicator: bool,
}

#[derive(Serialize)]
struct AccessDocument<'a> {
    accounts: Vec<ReferenceDocument<'a>>,
    balances: Vec<ReferenceDocument<'a>>,
    transactions: Vec<ReferenceDocument<'a>>,
}

#[derive(Serialize)]
struct ReferenceDocument<'a> {
    iban: &'a str,
}

#[derive(Deserialize, Serialize)]
pub(crate) struct MoneyDocument {
    currency: String,
    amount: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPaymentDocument<'a> {
    debtor_account: ReferenceDocument<'a>,
    creditor_account: ReferenceDocument<'a>,
    creditor_name: &'a str,
    instructed_amount: MoneyDocument,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FundsQuestionDocument<'a> {
    account: ReferenceDocument<'a>,
    instructed_amount: MoneyDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsentDocument {
    pub(crate) consent_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentDocument {
    pub(crate) payment_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentStatusDocument {
    pub(crate) transaction_status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FundsDocument {
    pub(crate) funds_available: bool,
}

#[derive(Deserialize)]
pub(crate) struct AccountsDocument {
    pub(crate) accounts: Vec<AccountDocument>,
    #[serde(rename = "_links", default)]
    pub(crate) links: LinksDocument,
}

#[derive(Default, Deserialize)]
pub(crate) struct LinksDocument {
    pub(crate) next: Option<LinkDocument>,
}

#[derive(Deserialize)]
pub(crate) struct LinkDocument {
    pub(crate) href: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountDocument {
    resource_id: String,
    iban: String,
    currency: String,
    name: String,
}

#[derive(Deserialize)]
pub(crate) struct BalancesDocument {
    pub(crate) balances: Vec<BalanceDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BalanceDocument {
    balance_amount: MoneyDocument,
    balance_type: String,
}

#[derive(Deserialize)]
pub(crate) struct EntriesDocument {
    pub(crate) transactions: BookedDocument,
}

#[derive(Deserialize)]
pub(crate) struct BookedDocument {
    pub(crate) booked: Vec<EntryDocument>,
    #[serde(rename = "_links", default)]
    pub(crate) links: LinksDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryDocument {
    transaction_id: String,
    booking_date: String,
    transaction_amount: MoneyDocument,
    #[serde(default)]
    remittance_information_unstructured: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessagesDocument {
    pub(crate) tpp_messages: Vec<MessageDocument>,
}

#[derive(Deserialize)]
pub(crate) struct MessageDocument {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) text: String,
}

impl<'a> NewConsentDocument<'a> {
    pub(crate) fn of(new: &'a NewConsent) -> Self {
        let list = || {
            new.ibans
                .iter()
                .map(|iban| ReferenceDocument { iban })
                .collect()
        };
        Self {
            access: AccessDocument {
                accounts: list(),
                balances: list(),
                transactions: list(),
            },
            recurring_indicator: true,
            valid_until: &new.valid_until,
            frequency_per_day: new.frequency_per_day,
            combined_service_indicator: false,
        }
    }
}

impl<'a> NewPaymentDocument<'a> {
    pub(crate) fn of(new: &'a NewPayment) -> Self {
        Self {
            debtor_account: ReferenceDocument { iban: &new.debtor },
            creditor_account: ReferenceDocument {
                iban: &new.creditor,
            },
            creditor_name: &new.creditor_name,
            instructed_amount: MoneyDocument::of(&new.amount),
        }
    }
}

impl<'a> FundsQuestionDocument<'a> {
    pub(crate) fn of(iban: &'a str, amount: &Money) -> Self {
        Self {
            account: ReferenceDocument { iban },
            instructed_amount: MoneyDocument::of(amount),
        }
    }
}

impl MoneyDocument {
    fn of(money: &Money) -> Self {
        Self {
            currency: money.currency.clone(),
            amount: money.amount.to_string(),
        }
    }
}

impl TryFrom<MoneyDocument> for Money {
    type Error = Error;

    fn try_from(document: MoneyDocument) -> Result<Self, Error> {
        Self::read(&document.amount, &document.currency).map_err(Error::unexpected)
    }
}

impl From<AccountDocument> for Account {
    fn from(document: AccountDocument) -> Self {
        Self {
            id: AccountId::new(document.resource_id),
            iban: document.iban,
            currency: document.currency,
            name: document.name,
        }
    }
}

impl TryFrom<BalanceDocument> for Balance {
    type Error = Error;

    fn try_from(document: BalanceDocument) -> Result<Self, Error> {
        Ok(Self {
            amount: document.balance_amount.try_into()?,
            kind: document.balance_type,
        })
    }
}

impl TryFrom<EntryDocument> for Entry {
    type Error = Error;

    fn try_from(document: EntryDocument) -> Result<Self, Error> {
        Ok(Self {
            id: document.transaction_id,
            booked: document.booking_date,
            amount: document.transaction_amount.try_into()?,
            remittance: document.remittance_information_unstructured,
        })
    }
}
