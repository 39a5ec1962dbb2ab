use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use countersign_oauth::{Step, Store, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::any::AnyRow;
use sqlx::{Row, query, query_scalar};

use super::books::{Books, BooksError, Kept};
use super::consent::{Access, Consent, ConsentId};
use super::iban::Iban;
use super::payment::{Payment, PaymentId, PaymentOrder};
use crate::idempotency_key::IdempotencyKey;

/// Books in the database that the tokens are in: every replica has the same.
#[derive(Clone, Debug)]
pub(crate) struct StoredBooks {
    store: Store,
}

impl StoredBooks {
    /// Brings the tables up to date.
    pub(crate) async fn open(store: Store) -> Result<Self, StoreError> {
        store.migrate(STEPS).await?;
        Ok(Self { store })
    }

    async fn find_payment(&self, id: &PaymentId) -> Result<Option<Payment>, BooksError> {
        let row = query("SELECT * FROM payments WHERE id = $1").bind(&id.0);
        let row = row.fetch_optional(self.store.pool()).await?;
        row.map(|row| payment(&row)).transpose()
    }
}

impl Books for StoredBooks {
    fn add_consent(&self, consent: Consent) -> Kept<'_, ()> {
        Box::pin(async move {
            let insert = query(
                "INSERT INTO consents (id, tpp, accounts, balances, transactions, recurring, valid_until, \
                 frequency_per_day, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            );
            let insert = insert
                .bind(consent.id.0)
                .bind(consent.tpp.to_string())
                .bind(joined(&consent.access.accounts))
                .bind(joined(&consent.access.balances))
                .bind(joined(&consent.access.transactions))
                .bind(i64::from(consent.recurring))
                .bind(consent.valid_until.to_string())
                .bind(i64::from(consent.frequency_per_day))
                .bind(consent.created.to_string());
            insert.execute(self.store.pool()).await?;
            Ok(())
        })
    }

    fn consent<'a>(&'a self, id: &'a ConsentId) -> Kept<'a, Option<Consent>> {
        Box::pin(async move {
            let row = query("SELECT * FROM consents WHERE id = $1").bind(&id.0);
            let row = row.fetch_optional(self.store.pool()).await?;
            row.map(|row| consent(&row)).transpose()
        })
    }

    fn terminate<'a>(&'a self, id: &'a ConsentId, on: Date) -> Kept<'a, ()> {
        Box::pin(async move {
            let sql = "UPDATE consents SET terminated = $1 WHERE id = $2 AND terminated = ''";
            let update = query(sql).bind(on.to_string()).bind(&id.0);
            update.execute(self.store.pool()).await?;
            Ok(())
        })
    }

    fn count<'a>(&'a self, id: &'a ConsentId, period: Date, what: String) -> Kept<'a, u32> {
        Box::pin(async move {
            // One statement: of two replicas neither counts what the other has counted.
            let count = query_scalar::<_, i64>(
                "INSERT INTO accesses (consent_id, period, what, times) VALUES ($1, $2, $3, 1) \
                 ON CONFLICT (consent_id, period, what) DO UPDATE SET times = accesses.times + 1 RETURNING times",
            );
            let count = count.bind(&id.0).bind(period.to_string()).bind(what);
            let count = count.fetch_one(self.store.pool()).await?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        })
    }

    fn add_payment(&self, payment: Payment, key: Option<IdempotencyKey>) -> Kept<'_, Payment> {
        Box::pin(async move {
            let order = &payment.order;
            // Who gives no key gives one that no key can be.
            let key = key.map_or_else(|| format!("id {}", payment.id), |key| key.to_string());
            let insert = query(
                "INSERT INTO payments (id, tpp, idempotency_key, product, end_to_end, debtor, creditor, creditor_name, \
                 amount, remittance, initiated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
                 ON CONFLICT (tpp, idempotency_key) DO NOTHING",
            );
            let insert = insert
                .bind(&payment.id.0)
                .bind(payment.tpp.to_string())
                .bind(&key)
                .bind(order.product.as_str())
                .bind(order.end_to_end.as_deref().unwrap_or_default())
                .bind(order.debtor.to_string())
                .bind(order.creditor.to_string())
                .bind(&order.creditor_name)
                .bind(order.amount.to_string())
                .bind(order.remittance.as_deref().unwrap_or_default())
                .bind(payment.initiated.as_microsecond());
            insert.execute(self.store.pool()).await?;
            let sql = "SELECT id FROM payments WHERE tpp = $1 AND idempotency_key = $2";
            let id = query_scalar::<_, String>(sql)
                .bind(payment.tpp.to_string())
                .bind(key);
            let id = PaymentId(id.fetch_one(self.store.pool()).await?);
            Ok(match id == payment.id {
                true => payment,
                false => self.find_payment(&id).await?.unwrap_or(payment),
            })
        })
    }

    fn payment<'a>(&'a self, id: &'a PaymentId) -> Kept<'a, Option<Payment>> {
        Box::pin(self.find_payment(id))
    }
}

fn consent(row: &AnyRow) -> Result<Consent, BooksError> {
    let access = Access {
        accounts: ibans(row, "accounts")?,
        balances: ibans(row, "balances")?,
        transactions: ibans(row, "transactions")?,
    };
    Ok(Consent {
        id: ConsentId(row.try_get("id")?),
        tpp: read(row, "tpp")?,
        access,
        recurring: row.try_get::<i64, _>("recurring")? != 0,
        valid_until: read(row, "valid_until")?,
        frequency_per_day: number(row, "frequency_per_day")?,
        created: read(row, "created")?,
        terminated: text(row, "terminated")?
            .map(|_| read(row, "terminated"))
            .transpose()?,
    })
}

fn payment(row: &AnyRow) -> Result<Payment, BooksError> {
    let product: String = row.try_get("product")?;
    let initiated = Timestamp::from_microsecond(row.try_get("initiated")?);
    Ok(Payment {
        id: PaymentId(row.try_get("id")?),
        tpp: read(row, "tpp")?,
        order: PaymentOrder {
            product: product.parse().map_err(|()| malformed("product"))?,
            end_to_end: text(row, "end_to_end")?,
            debtor: read(row, "debtor")?,
            creditor: read(row, "creditor")?,
            creditor_name: row.try_get("creditor_name")?,
            amount: read(row, "amount")?,
            remittance: text(row, "remittance")?,
        },
        initiated: initiated.map_err(|_| malformed("initiated"))?,
    })
}

fn joined(ibans: &BTreeSet<Iban>) -> String {
    let texts: Vec<_> = ibans.iter().map(Iban::to_string).collect();
    texts.join(" ")
}

fn ibans(row: &AnyRow, column: &'static str) -> Result<BTreeSet<Iban>, BooksError> {
    let text: String = row.try_get(column)?;
    let ibans = text.split_ascii_whitespace().map(str::parse);
    ibans
        .collect::<Result<_, _>>()
        .map_err(|_| malformed(column))
}

fn read<T: FromStr>(row: &AnyRow, column: &'static str) -> Result<T, BooksError> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| malformed(column))
}

/// None where it is empty.
fn text(row: &AnyRow, column: &'static str) -> Result<Option<String>, BooksError> {
    let text: String = row.try_get(column)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn number<T: TryFrom<i64>>(row: &AnyRow, column: &'static str) -> Result<T, BooksError> {
    T::try_from(row.try_get(column)?).map_err(|_| malformed(column))
}

/// What stands there was not written by us, or by a later release.
fn malformed(column: &'static str) -> BooksError {
    unreadable(&format!("`{column}` cannot be read"))
}

fn unreadable(reason: &dyn Display) -> BooksError {
    BooksError {
        reason: reason.to_string(),
    }
}

impl From<sqlx::Error> for BooksError {
    fn from(error: sqlx::Error) -> Self {
        unreadable(&error)
    }
}

const STEPS: &[Step] = &[Step {
    number: 200,
    title: "books of the bank",
    sql: include_str!("../../migrations/0200-books.sql"),
}];
