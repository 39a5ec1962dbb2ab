//! What does the bank remember of TPPs?

use std::collections::HashMap;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_policy::PrincipalName;
use jiff::civil::Date;
use thiserror::Error;

use super::consent::{Consent, ConsentId};
use super::payment::{Payment, PaymentId};
use crate::idempotency_key::IdempotencyKey;

/// Where consents and payments are kept.
pub(crate) trait Books: Debug + Send + Sync {
    fn add_consent(&self, consent: Consent) -> Kept<'_, ()>;

    fn consent<'a>(&'a self, id: &'a ConsentId) -> Kept<'a, Option<Consent>>;

    /// Ends a consent, if it has not ended by then.
    fn terminate<'a>(&'a self, id: &'a ConsentId, on: Date) -> Kept<'a, ()>;

    /// Counts an access to `what` in a period, and answers how many there have been with it.
    fn count<'a>(&'a self, id: &'a ConsentId, period: Date, what: String) -> Kept<'a, u32>;

    /// Adds a payment, unless this TPP has one under the key: then answers that one.
    fn add_payment(&self, payment: Payment, key: Option<IdempotencyKey>) -> Kept<'_, Payment>;

    fn payment<'a>(&'a self, id: &'a PaymentId) -> Kept<'a, Option<Payment>>;
}

/// What is answered once the books have been asked.
pub(crate) type Kept<'a, T> = Pin<Box<dyn Future<Output = Result<T, BooksError>> + Send + 'a>>;

/// The books cannot be read or written now.
#[derive(Debug, Error)]
#[error("the books of the bank: {reason}")]
pub(crate) struct BooksError {
    pub(crate) reason: String,
}

/// Books that are forgotten when the server stops.
#[derive(Debug, Default)]
pub(crate) struct MemoryBooks {
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    consents: HashMap<ConsentId, Consent>,
    accesses: HashMap<(ConsentId, Date, String), u32>,
    payments: HashMap<PaymentId, Payment>,
    keys: HashMap<(PrincipalName, IdempotencyKey), PaymentId>,
}

impl MemoryBooks {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books for MemoryBooks {
    fn add_consent(&self, consent: Consent) -> Kept<'_, ()> {
        self.pages().consents.insert(consent.id.clone(), consent);
        kept(())
    }

    fn consent<'a>(&'a self, id: &'a ConsentId) -> Kept<'a, Option<Consent>> {
        kept(self.pages().consents.get(id).cloned())
    }

    fn terminate<'a>(&'a self, id: &'a ConsentId, on: Date) -> Kept<'a, ()> {
        if let Some(consent) = self.pages().consents.get_mut(id) {
            consent.terminated.get_or_insert(on);
        }
        kept(())
    }

    fn count<'a>(&'a self, id: &'a ConsentId, period: Date, what: String) -> Kept<'a, u32> {
        let mut pages = self.pages();
        let count = pages
            .accesses
            .entry((id.clone(), period, what))
            .or_default();
        *count = count.saturating_add(1);
        kept(*count)
    }

    fn add_payment(&self, payment: Payment, key: Option<IdempotencyKey>) -> Kept<'_, Payment> {
        let mut pages = self.pages();
        let key = key.map(|key| (payment.tpp.clone(), key));
        let known = key.as_ref().and_then(|key| pages.keys.get(key));
        if let Some(known) = known.and_then(|id| pages.payments.get(id)) {
            return kept(known.clone());
        }
        pages.keys.extend(key.map(|key| (key, payment.id.clone())));
        pages.payments.insert(payment.id.clone(), payment.clone());
        kept(payment)
    }

    fn payment<'a>(&'a self, id: &'a PaymentId) -> Kept<'a, Option<Payment>> {
        kept(self.pages().payments.get(id).cloned())
    }
}

fn kept<'a, T: Send + 'a>(value: T) -> Kept<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}
