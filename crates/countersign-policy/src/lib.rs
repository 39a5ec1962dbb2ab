//! Who is that identity to us, and what may they do?
//!
//! A [`Directory`] maps an identity to a [`Principal`]: our own name for a caller, which survives
//! the renewal of its certificate, its re-issue and a change of CA. The principal answers for one
//! [`Permission`] at a time, with a [`Permit`] or a [`Denial`]. What no document grants is denied;
//! there is no way to write anything else down.
//!
//! [`Directory::explain`] makes the same decision, and says which line of the policy led to it.
//!
//! This crate has never heard of TLS, HTTP, files or the clock.
//!
//! ```
//! use countersign_identity::Identity;
//! use countersign_policy::{Directory, Permission};
//!
//! struct WriteTransactions;
//! impl Permission for WriteTransactions {
//!     const NAME: &'static str = "transactions:write";
//! }
//!
//! let directory = Directory::from_toml(
//!     r#"
//!     version = 1
//!
//!     [principals.reports]
//!     permissions = ["transactions:read"]
//!     identities = [{ trust = "clients", name = "spiffe://example.org/reports" }]
//!     "#,
//! )?;
//!
//! let identity = Identity::new(
//!     "clients".parse()?,
//!     "spiffe://example.org/reports".parse()?,
//! );
//! let now = jiff::Timestamp::from_second(1_790_000_000)?;
//! let reports = directory.lookup(&identity, now)?;
//! let denial = reports.permit::<WriteTransactions>().unwrap_err();
//! assert_eq!(denial.to_string(), "`reports` lacks `transactions:write`");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod directory;
pub use directory::Directory;

mod document;

mod error;
pub use error::{Denial, PolicyError, Position};

mod explanation;
pub use explanation::{Explanation, Requirement};

mod permission;
pub use permission::{Permission, PermissionName};

mod permit;
pub use permit::Permit;

mod principal;
pub use principal::{Grant, Principal, PrincipalName};

mod role;
pub use role::RoleName;

mod warning;
pub use warning::PolicyWarning;
