//! Claims about a client, made against real servers on loopback.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod answers;
mod empty_read;
mod refusals;
mod trust;
mod world;
