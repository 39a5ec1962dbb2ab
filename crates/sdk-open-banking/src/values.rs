//! What does a TPP and a bank speak of?

use std::fmt;

use rand::Rng;

use crate::Money;

/// Declares names that the bank gives.
macro_rules! names {
    ($($(#[$doc:meta])+ $name:ident;)+) => {
        $(
            $(#[$doc])+
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            pub struct $name(String);

            impl $name {
                /// The bank knows whether there is such a one.
                pub fn new(id: impl Into<String>) -> Self {
                    Self(id.into())
                }

                /// As the bank writes it.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(&self.0)
                }
            }
        )+
    };
}

names! {
    /// By which an account is asked for.
    AccountId;
    /// By which a consent is presented.
    ConsentId;
    /// By which a payment is found.
    PaymentId;
}

/// What is asked of the holder of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewConsent {
    /// The accounts whose details, balances and transactions shall be seen, by IBAN.
    pub ibans: Vec<String>,
    /// The last day, as `2026-12-31`.
    pub valid_until: String,
    /// How often each thing may be asked for in a day while the holder is not there.
    pub frequency_per_day: u8,
}

impl NewConsent {
    /// To see all of these accounts, until the end of a day, four times a day.
    pub fn to_all_of<I: Into<String>>(
        ibans: impl IntoIterator<Item = I>,
        valid_until: impl Into<String>,
    ) -> Self {
        Self {
            ibans: ibans.into_iter().map(Into::into).collect(),
            valid_until: valid_until.into(),
            frequency_per_day: 4,
        }
    }
}

/// An account of a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// By which more is asked for.
    pub id: AccountId,
    /// Its number.
    pub iban: String,
    /// Three capital letters (ISO 4217).
    pub currency: String,
    /// What its holder calls it.
    pub name: String,
}

/// How much is in an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Balance {
    /// How much.
    pub amount: Money,
    /// How it is reckoned, such as `interimAvailable`.
    pub kind: String,
}

/// Money that came to an account, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Which.
    pub id: String,
    /// The day.
    pub booked: String,
    /// How much; negative where it went.
    pub amount: Money,
    /// What for.
    pub remittance: String,
}

/// How a payment is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Product {
    /// By the next day.
    Sepa,
    /// At once.
    InstantSepa,
}

impl Product {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sepa => "sepa-credit-transfers",
            Self::InstantSepa => "instant-sepa-credit-transfers",
        }
    }
}

/// A payment that is to be initiated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewPayment {
    /// Whose account pays, by IBAN.
    pub debtor: String,
    /// Whose account is paid, by IBAN.
    pub creditor: String,
    /// Who is paid.
    pub creditor_name: String,
    /// How much, in euro.
    pub amount: Money,
}

impl NewPayment {
    /// So much, from one account to another.
    pub fn new(
        amount: Money,
        debtor: impl Into<String>,
        creditor: impl Into<String>,
        creditor_name: impl Into<String>,
    ) -> Self {
        Self {
            debtor: debtor.into(),
            creditor: creditor.into(),
            creditor_name: creditor_name.into(),
            amount,
        }
    }
}

/// The name that a TPP gives to one payment before it is initiated: however often it is sent under it, it is
/// initiated once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PaymentKey(String);

impl PaymentKey {
    /// 128 bits that nobody has had before.
    pub fn random(source: &mut impl Rng) -> Self {
        let mut bytes = [0; 16];
        source.fill_bytes(&mut bytes);
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
