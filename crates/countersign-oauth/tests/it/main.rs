//! Tests of the crate's public interface.

mod bearer;
mod forge;
mod keys;
mod remote;
mod tokens;
mod world;
