//! What the measuring stick measures.

mod loads;
