//! Tests of the crate's public interface.

mod forge;
mod keys;
mod tokens;
