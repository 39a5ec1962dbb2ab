//! What may a TPP see, until when, and how often?

use std::collections::BTreeSet;
use std::fmt;

use countersign_policy::PrincipalName;
use jiff::civil::Date;

use super::iban::Iban;

/// What the holder of accounts lets one TPP see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) id: ConsentId,
    pub(crate) tpp: PrincipalName,
    pub(crate) access: Access,
    pub(crate) recurring: bool,
    /// The last day.
    pub(crate) valid_until: Date,
    /// How often each thing may be asked for in a day while the holder is not there.
    pub(crate) frequency_per_day: u8,
    pub(crate) created: Date,
    pub(crate) terminated: Option<Date>,
}

/// The accounts of which each thing may be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) accounts: BTreeSet<Iban>,
    pub(crate) balances: BTreeSet<Iban>,
    pub(crate) transactions: BTreeSet<Iban>,
}

/// What can be seen of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sight {
    /// That it is there, and its name.
    Details,
    Balances,
    Transactions,
}

/// The state of a consent, in the words of the Berlin Group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConsentStatus {
    Valid,
    Expired,
    TerminatedByTpp,
}

/// 128 bits that nobody guesses, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ConsentId(pub(crate) String);

impl Consent {
    pub(crate) fn status(&self, today: Date) -> ConsentStatus {
        match self.terminated {
            Some(_) => ConsentStatus::TerminatedByTpp,
            None if today > self.valid_until => ConsentStatus::Expired,
            None => ConsentStatus::Valid,
        }
    }

    /// The day for which an access is counted: one that may be used once only has but one.
    pub(crate) fn period(&self, today: Date) -> Date {
        if self.recurring { today } else { self.created }
    }
}

impl Access {
    /// Whose balance or transactions may be seen may be seen itself.
    pub(crate) fn allows(&self, iban: &Iban, sight: Sight) -> bool {
        match sight {
            Sight::Details => self.all().any(|known| known == iban),
            Sight::Balances => self.balances.contains(iban),
            Sight::Transactions => self.transactions.contains(iban),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Iban> {
        let beside = self.balances.iter().chain(&self.transactions);
        self.accounts.iter().chain(beside)
    }
}

impl Sight {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Details => "details",
            Self::Balances => "balances",
            Self::Transactions => "transactions",
        }
    }
}

impl fmt::Display for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
