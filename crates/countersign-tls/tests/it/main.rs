//! Claims about credentials, anchors, trusts, and about who comes in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alert;
mod anchors;
mod credential;
mod crossed;
mod demands;
mod findings;
mod handshake;
mod lists;
mod modes;
mod observe;
mod opened;
mod pinned;
mod refused;
mod remembered;
mod resumed;
mod revoked;
mod snapshot;
mod strict;
mod trusts;
mod validity;
mod wire;
mod world;
