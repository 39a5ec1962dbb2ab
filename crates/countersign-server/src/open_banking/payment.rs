//! What is to be paid, and what became of it?

use std::fmt;
use std::str::FromStr;

use countersign_policy::PrincipalName;
use jiff::Timestamp;

use super::amount::Amount;
use super::day::day_of;
use super::iban::Iban;

/// A payment that a TPP initiated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) id: PaymentId,
    pub(crate) tpp: PrincipalName,
    pub(crate) order: PaymentOrder,
    pub(crate) initiated: Timestamp,
}

/// What was asked for, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PaymentOrder {
    pub(crate) product: Product,
    pub(crate) end_to_end: Option<String>,
    pub(crate) debtor: Iban,
    pub(crate) creditor: Iban,
    pub(crate) creditor_name: String,
    pub(crate) amount: Amount,
    pub(crate) remittance: Option<String>,
}

/// How it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Sepa,
    InstantSepa,
}

/// The state of a payment (ISO 20022).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PaymentStatus {
    /// `ACSP`: in process.
    InProcess,
    /// `ACSC`: settled.
    Settled,
}

/// 128 bits that nobody guesses, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PaymentId(pub(crate) String);

/// What a TPP names a payment by before it has an id: 1 to 64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PaymentKey(String);

impl Payment {
    /// The sample bank settles at once what is instant, and the rest on the day after.
    pub(crate) fn status(&self, now: Timestamp) -> PaymentStatus {
        match self.order.product {
            Product::Sepa if day_of(now) <= day_of(self.initiated) => PaymentStatus::InProcess,
            _ => PaymentStatus::Settled,
        }
    }
}

impl PaymentStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InProcess => "ACSP",
            Self::Settled => "ACSC",
        }
    }
}

impl Product {
    const ALL: [Self; 2] = [Self::Sepa, Self::InstantSepa];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sepa => "sepa-credit-transfers",
            Self::InstantSepa => "instant-sepa-credit-transfers",
        }
    }
}

impl FromStr for Product {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|product| product.as_str() == text).ok_or(())
    }
}

impl FromStr for PaymentKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        match visible && (1..=64).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(()),
        }
    }
}

impl fmt::Display for PaymentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for PaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
