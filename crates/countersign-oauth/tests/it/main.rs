//! Claims about tokens, and about an API that asks for them.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod asked_about;
mod bank;
mod bearer;
mod clients;
mod database;
mod forge;
mod issuing;
mod keys;
mod metadata;
mod remote;
mod source;
mod storage;
mod tokens;
mod world;
