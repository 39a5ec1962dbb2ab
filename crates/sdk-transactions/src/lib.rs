//! The transactions of the reference API, as typed calls.
//!
//! A sample of an SDK that a partner would ship over [`countersign_client`]: the guide
//! `docs/guides/your-own-sdk.md` says why each part is as it is.
//!
//! ```no_run
//! use countersign_client::{CredentialSource, ServerTrust};
//! use futures_util::TryStreamExt;
//! use sdk_transactions::{NewTransaction, Transactions};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let transactions = Transactions::connect(
//!     "https://localhost:8443".parse()?,
//!     CredentialSource::pem_files("billing.pem", "billing-key.pem"),
//!     ServerTrust::pinned_ca_pem_file("root.pem")?,
//! )
//! .await?;
//! let new = NewTransaction::new("12.50 EUR".parse()?, "invoice 17".parse()?);
//! let made = transactions.create(&new).await?;
//!
//! let mut all = transactions.list();
//! while let Some(transaction) = all.try_next().await? {
//!     assert!(transaction.created_at <= made.created_at);
//! }
//! # Ok(())
//! # }
//! ```

mod amount;
pub use amount::{Amount, AmountError, Currency};

mod base_url;
pub use base_url::{BaseUrl, BaseUrlError};

mod document;

mod error;
pub use error::Error;

mod idempotency_key;
pub use idempotency_key::{IdempotencyKey, IdempotencyKeyError};

mod transaction;
pub use transaction::{
    NewTransaction, Page, PageSize, Reference, ReferenceError, Transaction, TransactionId,
};

mod transactions;
pub use transactions::Transactions;

/// The code of the guide compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/your-own-sdk.md")]
struct Guide;
