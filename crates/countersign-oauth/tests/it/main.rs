//! Claims about tokens, and about an API that asks for them.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod bearer;
mod forge;
mod keys;
mod remote;
mod source;
mod tokens;
mod world;
