//! Claims about a client, made against real servers on loopback.
#![expect(
    clippy::indexing_slicing,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

mod answers;
mod demands;
mod diagnosis;
mod empty_read;
mod kept;
mod parts;
mod proxy;
mod public_api;
mod refusals;
mod relay;
mod repeated;
mod rotation;
#[cfg(feature = "pkcs11")]
mod softhsm;
mod token;
mod trust;
mod world;
