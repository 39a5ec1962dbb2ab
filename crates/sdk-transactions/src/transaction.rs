//! What is a transaction, before and after it is made?

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use thiserror::Error;

use crate::Amount;

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transaction {
    /// By which it is found.
    pub id: TransactionId,
    /// How much.
    pub amount: Amount,
    /// What for.
    pub reference: Reference,
    /// When it was made, by the server's clock.
    pub created_at: Timestamp,
    /// The principal that made it.
    pub created_by: String,
}

/// The name that the server gave to a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransactionId(String);

/// A transaction that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewTransaction {
    /// How much.
    pub amount: Amount,
    /// What for.
    pub reference: Reference,
}

/// What a transaction is for: 1 to 140 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference(String);

/// Part of the list, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The transactions.
    pub items: Vec<Transaction>,
    /// After which the next page begins; none after the last.
    pub next: Option<TransactionId>,
}

/// How many transactions a page has at most: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u8);

impl NewTransaction {
    /// So much, for this.
    pub fn new(amount: Amount, reference: Reference) -> Self {
        Self { amount, reference }
    }
}

impl TransactionId {
    /// Any text may be the id of a transaction: the server knows.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// As the server writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Reference {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=140).contains(&text.chars().count());
        match fits && !text.chars().any(char::is_control) {
            true => Ok(Self(text.to_owned())),
            false => Err(ReferenceError),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The text is no [`Reference`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a reference has 1 to 140 characters, none of them a control character")]
#[non_exhaustive]
pub struct ReferenceError;

impl PageSize {
    /// The largest.
    pub const MAX: Self = Self(100);

    /// So many; none of 0 or more than 100.
    ///
    /// ```
    /// use sdk_transactions::PageSize;
    ///
    /// assert_eq!(PageSize::new(100), Some(PageSize::MAX));
    /// assert_eq!(PageSize::new(0), None);
    /// ```
    pub fn new(size: u8) -> Option<Self> {
        (1..=Self::MAX.0).contains(&size).then_some(Self(size))
    }

    /// The number.
    pub fn as_u8(self) -> u8 {
        self.0
    }
}
