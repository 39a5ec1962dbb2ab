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
//! Applying creates what is missing, renews what ends soon and reissues what the manifest describes
//! otherwise, always for the key that is there. What was [revoked](Store::revoke) stays so, and the lists
//! that say it are kept fresh.

mod authority;
mod catalogue;
mod constraints;
mod crl;
mod crossed;
mod csr;
mod decide;
mod der;
mod document;
mod draft;
mod error;
mod extension;
mod facts;
mod files;
mod forge;
mod issued;
mod key;
mod ledger;
mod lint;
mod listing;
mod lock;
mod manifest;
mod moment;
mod mutation;
mod name;
mod pem;
mod pkcs12;
mod pki;
mod plan;
pub mod psd2;
mod reason;
mod report;
mod request;
mod seed;
mod sign;
mod store;
mod stored;
mod subject;
mod survey;
mod tbs;
mod usage;
mod validity;
mod variant;

pub use authority::Authority;
pub use catalogue::{
    Catalogue, Expected, Fixture, Known, Outcome, Presented, Side, Stage, Verifier,
};
pub use constraints::{NameConstraints, Subtree};
pub use crl::{Crl, CrlRequest, CrlScope, RevocationReason};
pub use csr::Csr;
pub use draft::{Draft, NewCertificate, NewStatements};
pub use error::{Flaw, IssueError, ManifestError, StoreError};
pub use extension::Extension;
pub use forge::{Digest, Forgery};
pub use issued::{Certified, Issued};
pub use key::{Key, KeyKind};
pub use ledger::Revocation;
pub use lint::{Finding, Severity};
pub use manifest::Manifest;
pub use name::Name;
pub use pkcs12::{Pkcs12, Pkcs12Kind};
pub use pki::Pki;
pub use plan::{Plan, Renewal};
pub use reason::Reason;
pub use report::{Action, Change, Changes, Entry, ListEntry, Report, Warning};
pub use request::Request;
pub use seed::Seed;
pub use store::{Crossed, Revoke, Rotation, Store};
pub use stored::Stored;
pub use subject::{Attribute, Subject};
pub use usage::{BasicConstraints, KeyUsage, Usage};
pub use validity::Lifetime;

/// The manifest of the dev PKI: what `countersign pki init` makes.
pub const DEV_MANIFEST: &str = include_str!("../../../fixtures/pki.toml");

/// The manifest of a PKI for CI: the same names, and lifetimes of days and hours.
pub const CI_MANIFEST: &str = include_str!("../../../fixtures/pki-ci.toml");

/// The manifest of a PKI for open banking: payment service providers with certificates shaped like QWACs
/// and QSealCs.
pub const PSD2_MANIFEST: &str = include_str!("../../../fixtures/pki-psd2.toml");

/// The JSON Schema (draft 2020-12) of a manifest, for editors. It knows every key; that an issuer
/// exists, for example, only [`Manifest::parse`] sees.
pub const MANIFEST_SCHEMA: &str = include_str!("../../../fixtures/pki.schema.json");
