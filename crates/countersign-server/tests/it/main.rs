//! Claims about the configuration of the reference server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod config;
mod deployment;
mod fetch;
mod front;
mod oauth;
mod page;
mod reload;
mod scene;
