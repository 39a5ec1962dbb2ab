//! What countersign-pki promises, from the outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod catalogue;
mod draft;
mod engine;
mod killed;
mod leaf;
mod lint;
mod manifest;
mod pkilint;
mod reconcile;
mod revoked;
mod rotated;
mod schema;
mod store;

use countersign_pki::{DEV_MANIFEST, Manifest, Plan};
use jiff::Timestamp;

/// The moment at which all of these tests take place.
fn now() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn dev_plan(now: Timestamp) -> Plan {
    Plan::new(&Manifest::parse(DEV_MANIFEST).unwrap(), now)
}
