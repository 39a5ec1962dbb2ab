//! Claims about who may call what, over real sockets and with a client that is none of ours.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(feature = "axum-server")]
mod acceptor;
mod audit;
#[cfg(feature = "test-util")]
mod before_answer;
mod claims;
mod client;
mod correlation;
#[cfg(feature = "test-util")]
mod cutoff;
mod ending;
mod forwarded;
mod further;
mod gone;
mod handshake;
mod limits;
mod metrics;
mod panic;
mod presented;
mod reload;
mod reloader;
mod request;
mod routes;
mod stop;
mod swap;
mod table;
mod world;
