//! Claims about the policy document and about what follows from it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod allocation;
mod decision;
mod document;
mod explanation;
mod warning;
