//! Claims about the command line, made by running it.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and one that leaves something out says so"
)]

mod ca;
mod call;
mod dev;
mod docs;
mod doctor;
mod explain;
mod export;
mod fixtures;
mod gateway;
mod inspect;
mod issue;
mod json;
mod lint;
mod lock;
mod man;
mod pki;
mod progress;
mod psd2;
mod revoke;
mod seed;
mod serve;
mod sign;
mod support;
#[cfg(target_os = "linux")]
mod transcripts;
mod trust;
