//! The JSON of the open banking API (NextGenPSD2 1.3).

mod account;
mod consent;
mod payment;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::account::{
    AccountDocument, AccountsDocument, AccountsQuery, BalancesDocument, TransactionsDocument,
    TransactionsQuery,
};
pub(crate) use self::consent::{
    ConsentCreatedDocument, ConsentDocument, ConsentStatusDocument, NewConsent, NewConsentDocument,
};
pub(crate) use self::payment::{
    FundsDocument, FundsQuestionDocument, NewPaymentDocument, PaymentCreatedDocument,
    PaymentDocument, PaymentStatusDocument,
};
use super::amount::Amount;
use super::iban::Iban;

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TppMessages)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TppMessagesDocument {
    tpp_messages: Vec<TppMessageDocument>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TppMessage)]
struct TppMessageDocument {
    category: &'static str,
    code: &'static str,
    #[schema(max_length = 500)]
    text: String,
}

/// A sum of money.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = Amount)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmountDocument {
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: String,
    #[schema(pattern = r"^-?[0-9]{1,14}(\.[0-9]{1,3})?$", example = "12.50")]
    amount: String,
}

/// An account, by its number.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AccountReference)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountReference {
    #[schema(
        pattern = "^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$",
        example = "DE89370400440532013000"
    )]
    iban: String,
}

/// Where something else is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Link {
    href: String,
}

impl TppMessagesDocument {
    pub(super) fn error(code: &'static str, text: &str) -> Self {
        let text = text.chars().take(500).collect();
        let message = TppMessageDocument {
            category: "ERROR",
            code,
            text,
        };
        Self {
            tpp_messages: vec![message],
        }
    }
}

impl From<&Amount> for AmountDocument {
    fn from(amount: &Amount) -> Self {
        Self {
            currency: amount.currency().to_string(),
            amount: amount.number(),
        }
    }
}

impl TryFrom<&AmountDocument> for Amount {
    type Error = &'static str;

    fn try_from(document: &AmountDocument) -> Result<Self, Self::Error> {
        Self::read(&document.amount, document.currency.parse()?)
    }
}

impl From<&Iban> for AccountReference {
    fn from(iban: &Iban) -> Self {
        Self {
            iban: iban.to_string(),
        }
    }
}

impl TryFrom<&AccountReference> for Iban {
    type Error = &'static str;

    fn try_from(document: &AccountReference) -> Result<Self, Self::Error> {
        document.iban.parse()
    }
}

impl Link {
    /// Below the API.
    pub(super) fn to(path: &str) -> Self {
        Self {
            href: format!("{}{path}", super::PREFIX),
        }
    }
}

/// A text of up to `most` characters, none of them a control character.
fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
