//! What may a payment service provider do? The statements of PSD2 certificates (ETSI TS 119 495), and
//! certificates shaped like qualified ones.
//!
//! None of them is qualified, of course: who trusts the authority of a test is in a test. Malformed
//! statements, of the kinds that circulate, are in [`Flaw`].

mod qualified;
mod statements;
mod tpp;

pub(crate) use qualified::Qualified;
pub use statements::{Flaw, QcStatements, QcType, Role};
pub use tpp::{Nca, Tpp};
