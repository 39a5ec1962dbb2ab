//! Accounts, payments and funds at a bank, as typed calls of a TPP.
//!
//! A sample of an SDK over [`countersign_client`], for the open banking API of the reference server (NextGenPSD2
//! 1.3): a QWAC says who calls, and its roles say what may be called.
//!
//! ```no_run
//! use countersign_client::{CredentialSource, ServerTrust};
//! use futures_util::TryStreamExt;
//! use sdk_open_banking::{NewConsent, OpenBanking};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let bank = OpenBanking::connect(
//!     "https://localhost:8443".parse()?,
//!     CredentialSource::pem_files("tpp.pem", "tpp-key.pem"),
//!     ServerTrust::pinned_ca_pem_file("root.pem")?,
//! )
//! .await?;
//! let consent = bank.ask_consent(&NewConsent::to_all_of(["DE89370400440532013000"], "2026-12-31")).await?;
//! let mut accounts = bank.accounts(&consent);
//! while let Some(account) = accounts.try_next().await? {
//!     println!("{} {:?}", account.name, bank.balances(&consent, &account.id).await?);
//! }
//! # Ok(())
//! # }
//! ```

mod document;

mod error;
pub use error::{Error, TppRefusal};

mod money;
pub use money::{Money, MoneyError};

mod open_banking;
pub use open_banking::OpenBanking;

mod values;
pub use values::{
    Account, AccountId, Balance, ConsentId, Entry, NewConsent, NewPayment, PaymentId, PaymentKey,
    Product,
};

/// The code of the guide compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/open-banking.md")]
struct Guide;
