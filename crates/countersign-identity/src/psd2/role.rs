use std::fmt;
use std::str::FromStr;

use crate::{NameError, Oid};

/// What a payment service provider may be (ETSI TS 119 495, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Psd2Role {
    /// PSP_AS: keeps accounts, as a bank does. It opens nothing that the other roles open.
    AccountServicing,
    /// PSP_PI: initiates payments.
    PaymentInitiation,
    /// PSP_AI: reads accounts.
    AccountInformation,
    /// PSP_IC: issues cards, and asks whether there are funds.
    CardIssuing,
}

impl Psd2Role {
    /// All, in the order of their object identifiers.
    pub const ALL: [Self; 4] = [
        Self::AccountServicing,
        Self::PaymentInitiation,
        Self::AccountInformation,
        Self::CardIssuing,
    ];

    /// The name that stands in certificates: `PSP_AI`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountServicing => "PSP_AS",
            Self::PaymentInitiation => "PSP_PI",
            Self::AccountInformation => "PSP_AI",
            Self::CardIssuing => "PSP_IC",
        }
    }

    /// The content of its object identifier: 0.4.0.19495.1.1 to 4.
    pub(super) fn oid(self) -> &'static [u8] {
        match self {
            Self::AccountServicing => &[4, 0, 0x81, 0x98, 0x27, 1, 1],
            Self::PaymentInitiation => &[4, 0, 0x81, 0x98, 0x27, 1, 2],
            Self::AccountInformation => &[4, 0, 0x81, 0x98, 0x27, 1, 3],
            Self::CardIssuing => &[4, 0, 0x81, 0x98, 0x27, 1, 4],
        }
    }
}

impl fmt::Display for Psd2Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Psd2Role {
    type Err = NameError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.as_str() == word)
            .ok_or_else(|| NameError::Malformed {
                name: word.to_owned(),
                wanted: "one of `PSP_AS`, `PSP_PI`, `PSP_AI`, `PSP_IC`",
            })
    }
}

/// A role that we do not know. Later versions of TS 119 495 have more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UnknownRole {
    /// Its object identifier.
    pub oid: Oid,
    /// The name beside it.
    pub name: String,
}

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.oid, self.name)
    }
}
