//! Claims about the command line, made by running it.

mod call;
mod dev;
mod pki;
mod serve;
mod support;
