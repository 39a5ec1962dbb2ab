use std::fmt;
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use countersign_policy::PrincipalName;
use jiff::Timestamp;

/// All transactions, in memory and in the order of their making. They are never removed.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    transactions: RwLock<Vec<Transaction>>,
}

/// One line of the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) id: TransactionId,
    pub(crate) order: Order,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: PrincipalName,
}

/// What was asked for, validated.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) amount_minor: u64,
    pub(crate) currency: String,
    pub(crate) reference: String,
}

/// Some of the ledger, and whether there is more.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) items: Vec<Transaction>,
    pub(crate) more: bool,
}

impl Ledger {
    pub(crate) fn add(&self, order: Order, by: PrincipalName, at: Timestamp) -> Transaction {
        let mut transactions = self
            .transactions
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let transaction = Transaction {
            id: TransactionId(transactions.len() + 1),
            order,
            created_at: at,
            created_by: by,
        };
        transactions.push(transaction.clone());
        transaction
    }

    pub(crate) fn find(&self, id: TransactionId) -> Option<Transaction> {
        self.read(|all| all.get(id.0.checked_sub(1)?).cloned())
    }

    /// At most `limit` transactions, those behind `after`.
    pub(crate) fn slice(&self, after: Option<TransactionId>, limit: usize) -> Slice {
        let start = after.map_or(0, |id| id.0);
        self.read(|all| Slice {
            items: all.iter().skip(start).take(limit).cloned().collect(),
            more: all.len() > start.saturating_add(limit),
        })
    }

    fn read<T>(&self, read: impl FnOnce(&[Transaction]) -> T) -> T {
        let transactions = self.transactions.read();
        read(&transactions.unwrap_or_else(PoisonError::into_inner))
    }
}

/// The place of a transaction in the ledger, counted from 1; printed as `t-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TransactionId(usize);

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t-{}", self.0)
    }
}

impl FromStr for TransactionId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("t-").ok_or(())?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        let place = digits.parse().map_err(|_| ())?;
        if plain { Ok(Self(place)) } else { Err(()) }
    }
}
