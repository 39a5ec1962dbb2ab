use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use countersign_policy::PrincipalName;
use jiff::Timestamp;

use crate::idempotency_key::IdempotencyKey;

/// All transactions, in memory and in the order of their making. They are never removed.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    books: RwLock<Books>,
}

#[derive(Debug, Default)]
struct Books {
    transactions: Vec<Transaction>,
    keys: HashMap<(PrincipalName, IdempotencyKey), TransactionId>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Adds a transaction. One that this caller added under the same key is not added again.
    pub(crate) fn add(
        &self,
        order: Order,
        by: PrincipalName,
        at: Timestamp,
        key: Option<IdempotencyKey>,
    ) -> Result<Transaction, KeyReused> {
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        let key = key.map(|key| (by.clone(), key));
        if let Some(known) = key.as_ref().and_then(|key| books.under(key)) {
            return match known.order == order {
                true => Ok(known.clone()),
                false => Err(KeyReused { id: known.id }),
            };
        }
        let transaction = Transaction {
            id: TransactionId(books.transactions.len() + 1),
            order,
            created_at: at,
            created_by: by,
        };
        books.keys.extend(key.map(|key| (key, transaction.id)));
        books.transactions.push(transaction.clone());
        Ok(transaction)
    }

    pub(crate) fn find(&self, id: TransactionId) -> Option<Transaction> {
        self.read(|books| books.find(id).cloned())
    }

    /// At most `limit` transactions, those behind `after`.
    pub(crate) fn slice(&self, after: Option<TransactionId>, limit: usize) -> Slice {
        let start = after.map_or(0, |id| id.0);
        self.read(|Books { transactions, .. }| Slice {
            items: transactions
                .iter()
                .skip(start)
                .take(limit)
                .cloned()
                .collect(),
            more: transactions.len() > start.saturating_add(limit),
        })
    }

    fn read<T>(&self, read: impl FnOnce(&Books) -> T) -> T {
        read(&self.books.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Books {
    fn find(&self, id: TransactionId) -> Option<&Transaction> {
        self.transactions.get(id.0.checked_sub(1)?)
    }

    fn under(&self, key: &(PrincipalName, IdempotencyKey)) -> Option<&Transaction> {
        self.find(*self.keys.get(key)?)
    }
}

/// The caller made another transaction under this key.
#[derive(Debug)]
pub(crate) struct KeyReused {
    pub(crate) id: TransactionId,
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
