//! Claims about credentials, anchors, trusts, and about who comes in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alert;
mod anchors;
mod credential;
mod crossed;
mod findings;
mod handshake;
mod observe;
mod opened;
mod refused;
mod resumed;
mod snapshot;
mod trusts;
mod validity;
mod wire;
mod world;
