//! *Give me certificates.*
//!
//! A [`Manifest`] says what is wanted; a [`Plan`] is the manifest at a moment, in order, with every
//! default visible; issuing it gives a [`Pki`] in memory, applying it to a [`Store`] gives files.
//! Time is an argument everywhere, and the store is the only thing here that touches a disk.
//!
//! In a test, without any file:
//!
//! ```
//! use countersign_pki::Authority;
//!
//! let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
//! let root = Authority::root("Test Root", now)?;
//! let issuing = root.intermediate("Test Issuing CA", now)?;
//! let server = issuing.server(now).dns("localhost").ip([127, 0, 0, 1]).issue()?;
//! let billing = issuing.client(now).uri("spiffe://dev.example/billing").issue()?;
//!
//! assert!(root.certificate_pem().starts_with("-----BEGIN CERTIFICATE-----\n"));
//! assert_eq!(server.chain_pem().matches("BEGIN CERTIFICATE").count(), 2);
//! assert!(billing.key_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! On disk, as often as one likes:
//!
//! ```
//! use countersign_pki::{DEV_MANIFEST, Manifest, Plan, Store};
//!
//! # let folder = tempfile::tempdir()?;
//! # let dir = folder.path().join(".pki");
//! let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
//! let plan = Plan::new(&Manifest::parse(DEV_MANIFEST)?, now);
//! let store = Store::open(&dir)?;
//!
//! assert!(store.apply(&plan)?.changed());
//! assert!(!store.apply(&plan)?.changed());
//! assert!(store.key_path("billing").ends_with("billing-key.pem"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What no manifest may say, a [`Request`] does: it issues whatever is asked for, and a [`Forgery`] changes
//! what cannot be asked for.
//!
//! The store does not renew, revoke, or replace a key.

mod authority;
mod catalogue;
mod constraints;
mod crl;
mod csr;
mod der;
mod document;
mod error;
mod extension;
mod facts;
mod forge;
mod issued;
mod key;
mod manifest;
mod name;
mod pem;
mod pki;
mod plan;
pub mod psd2;
mod report;
mod request;
mod seed;
mod sign;
mod store;
mod subject;
mod survey;
mod tbs;
mod usage;
mod validity;

pub use authority::Authority;
pub use catalogue::{Catalogue, Expected, Fixture, Outcome, Presented, Stage, Verifier};
pub use constraints::{NameConstraints, Subtree};
pub use crl::{Crl, CrlRequest, CrlScope, Reason};
pub use csr::Csr;
pub use error::{Flaw, IssueError, ManifestError, StoreError};
pub use extension::Extension;
pub use forge::{Digest, Forgery};
pub use issued::{Certified, Issued};
pub use key::{Key, KeyKind};
pub use manifest::Manifest;
pub use name::Name;
pub use pki::Pki;
pub use plan::Plan;
pub use report::{Action, Entry, Report, Warning};
pub use request::Request;
pub use seed::Seed;
pub use store::Store;
pub use subject::{Attribute, Subject};
pub use usage::{BasicConstraints, KeyUsage, Usage};

/// The manifest of the dev PKI: what `countersign pki init` makes.
pub const DEV_MANIFEST: &str = include_str!("../../../fixtures/pki.toml");
