use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountReference, AmountDocument, Link, is_text};
use crate::open_banking::amount::{Amount, Currency};
use crate::open_banking::iban::Iban;
use crate::open_banking::payment::{Payment, PaymentOrder, Product};

/// What is to be paid.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewPayment)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewPaymentDocument {
    #[schema(max_length = 35, nullable = false)]
    end_to_end_identification: Option<String>,
    debtor_account: AccountReference,
    instructed_amount: AmountDocument,
    creditor_account: AccountReference,
    #[schema(max_length = 70, example = "Bookshop")]
    creditor_name: String,
    #[schema(max_length = 140, nullable = false)]
    remittance_information_unstructured: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentCreated)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentCreatedDocument {
    transaction_status: &'static str,
    payment_id: String,
    #[serde(rename = "_links")]
    links: PaymentLinks,
}

#[derive(Debug, Serialize, ToSchema)]
struct PaymentLinks {
    #[serde(rename = "self")]
    own: Link,
    status: Link,
}

/// A payment as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    end_to_end_identification: Option<String>,
    debtor_account: AccountReference,
    instructed_amount: AmountDocument,
    creditor_account: AccountReference,
    creditor_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    remittance_information_unstructured: Option<String>,
    transaction_status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentState)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentStatusDocument {
    transaction_status: &'static str,
}

/// Whether an account has so much.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = FundsQuestion)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FundsQuestionDocument {
    /// Of the card. It is not looked at.
    #[serde(default)]
    #[schema(max_length = 35, nullable = false)]
    card_number: Option<String>,
    /// It is not looked at.
    #[serde(default)]
    #[schema(max_length = 70, nullable = false)]
    payee: Option<String>,
    account: AccountReference,
    instructed_amount: AmountDocument,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Funds)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FundsDocument {
    pub(crate) funds_available: bool,
}

impl NewPaymentDocument {
    /// The order, by this product: both are in euro, with cents.
    pub(crate) fn order(self, product: Product) -> Result<PaymentOrder, &'static str> {
        let amount = Amount::try_from(&self.instructed_amount)?;
        if !amount.is_positive() || amount.currency() != Currency::EUR || amount.decimals() > 2 {
            return Err(
                "`instructedAmount` must be more than nothing, in EUR, with two decimals at most",
            );
        }
        let fits =
            |text: &Option<String>, most| text.as_deref().is_none_or(|text| is_text(text, most));
        let texts = fits(&self.end_to_end_identification, 35)
            && is_text(&self.creditor_name, 70)
            && fits(&self.remittance_information_unstructured, 140);
        if !texts {
            return Err("a text is too long, empty, or has control characters");
        }
        Ok(PaymentOrder {
            product,
            amount,
            debtor: (&self.debtor_account).try_into()?,
            creditor: (&self.creditor_account).try_into()?,
            end_to_end: self.end_to_end_identification,
            creditor_name: self.creditor_name,
            remittance: self.remittance_information_unstructured,
        })
    }
}

impl FundsQuestionDocument {
    pub(crate) fn read(&self) -> Result<(Iban, Amount), &'static str> {
        let fits =
            |text: &Option<String>, most| text.as_deref().is_none_or(|text| is_text(text, most));
        if !fits(&self.card_number, 35) || !fits(&self.payee, 70) {
            return Err("a text is too long, empty, or has control characters");
        }
        let amount = Amount::try_from(&self.instructed_amount)?;
        match amount.is_positive() {
            true => Ok(((&self.account).try_into()?, amount)),
            false => Err("`instructedAmount` must be more than nothing"),
        }
    }
}

impl PaymentCreatedDocument {
    pub(crate) fn of(payment: &Payment, now: Timestamp) -> Self {
        let path = format!(
            "/payments/{}/{}",
            payment.order.product.as_str(),
            payment.id
        );
        Self {
            transaction_status: payment.status(now).as_str(),
            payment_id: payment.id.to_string(),
            links: PaymentLinks {
                status: Link::to(&format!("{path}/status")),
                own: Link::to(&path),
            },
        }
    }
}

impl PaymentDocument {
    pub(crate) fn of(payment: Payment, now: Timestamp) -> Self {
        let transaction_status = payment.status(now).as_str();
        let order = payment.order;
        Self {
            end_to_end_identification: order.end_to_end,
            debtor_account: (&order.debtor).into(),
            instructed_amount: (&order.amount).into(),
            creditor_account: (&order.creditor).into(),
            creditor_name: order.creditor_name,
            remittance_information_unstructured: order.remittance,
            transaction_status,
        }
    }
}

impl PaymentStatusDocument {
    pub(crate) fn of(payment: &Payment, now: Timestamp) -> Self {
        Self {
            transaction_status: payment.status(now).as_str(),
        }
    }
}
