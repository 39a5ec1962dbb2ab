//! Claims about tokens, and about an API that asks for them.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod bearer;
mod database;
mod forge;
mod keys;
mod remote;
mod source;
mod storage;
mod tokens;
mod world;
