//! A bank and the TPPs that call it: who may do what, and in which words it is refused.

mod bank;
mod consents;
mod matrix;
mod payments;
mod replicas;
mod tokens;
mod tpps;
