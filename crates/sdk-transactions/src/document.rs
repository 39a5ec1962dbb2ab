//! The JSON of the API.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Amount, Error, NewTransaction, Page, PageSize, Transaction, TransactionId};

#[derive(Debug, Serialize)]
pub(crate) struct NewTransactionDocument<'a> {
    amount_minor: u64,
    currency: &'a str,
    reference: &'a str,
}

#[derive(Debug, Serialize)]
pub(crate) struct PagingDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
    limit: u8,
}

/// A member that is not known is none of our business: the server may be newer.
#[derive(Debug, Deserialize)]
pub(crate) struct TransactionDocument {
    id: String,
    amount_minor: u64,
    currency: String,
    reference: String,
    created_at: String,
    created_by: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PageDocument {
    items: Vec<TransactionDocument>,
    next: Option<String>,
}

impl<'a> NewTransactionDocument<'a> {
    pub(crate) fn of(new: &'a NewTransaction, currency: &'a str) -> Self {
        Self {
            amount_minor: new.amount.minor(),
            currency,
            reference: new.reference.as_str(),
        }
    }
}

impl<'a> PagingDocument<'a> {
    pub(crate) fn of(after: Option<&'a TransactionId>, size: PageSize) -> Self {
        Self {
            after: after.map(TransactionId::as_str),
            limit: size.as_u8(),
        }
    }
}

impl TryFrom<TransactionDocument> for Transaction {
    type Error = Error;

    fn try_from(document: TransactionDocument) -> Result<Self, Error> {
        let currency = document.currency.parse().map_err(Error::unexpected)?;
        let amount = Amount::of_minor(document.amount_minor, currency);
        let created_at: Timestamp = document.created_at.parse().map_err(Error::unexpected)?;
        Ok(Self {
            id: TransactionId::new(document.id),
            amount: amount.map_err(Error::unexpected)?,
            reference: document.reference.parse().map_err(Error::unexpected)?,
            created_at,
            created_by: document.created_by,
        })
    }
}

impl TryFrom<PageDocument> for Page {
    type Error = Error;

    fn try_from(document: PageDocument) -> Result<Self, Error> {
        let items = document.items.into_iter().map(Transaction::try_from);
        Ok(Self {
            items: items.collect::<Result<_, _>>()?,
            next: document.next.map(TransactionId::new),
        })
    }
}
