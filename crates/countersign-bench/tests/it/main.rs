//! What the measuring stick measures.

#[cfg(target_os = "linux")]
mod loads;
