//! Claims about the whole: over real sockets, on both ends, and about who knows whom.
#![expect(
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

mod allowed;
mod architecture;
mod checklist;
#[path = "../../../countersign-oauth/tests/it/database.rs"]
mod database;
mod ended;
mod forged;
mod forwarded;
mod gateway;
mod gateways;
mod observed;
mod open_banking;
mod openapi;
mod raw;
mod refused_by_client;
mod refused_by_server;
mod refused_over_http;
mod reloaded;
mod renewed;
mod rotated;
mod running;
mod transactions;
mod trusts;
mod upstream;
