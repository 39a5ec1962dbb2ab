//! Claims about the policy document and about what follows from it.

mod decision;
mod document;
