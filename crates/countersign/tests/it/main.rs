//! Claims about the command line, made by running it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ca;
mod call;
mod dev;
mod export;
mod fixtures;
mod json;
mod lint;
mod pki;
mod progress;
mod revoke;
mod seed;
mod serve;
mod sign;
mod support;
