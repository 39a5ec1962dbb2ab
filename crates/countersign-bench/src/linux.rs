//! What a run asks of Linux and of no other system.

use std::process::Child;

use anyhow::Result;

/// Keeps this process on one processor.
///
/// # Errors
///
/// There is no such processor, or this is not Linux.
#[cfg(target_os = "linux")]
pub fn stay_on(cpu: usize) -> Result<()> {
    use anyhow::Context;
    use rustix::thread::{CpuSet, sched_setaffinity};

    let mut own = CpuSet::new();
    own.set(cpu);
    sched_setaffinity(None, &own).context("cannot stay on one processor")
}

/// Sends it a SIGHUP.
#[cfg(target_os = "linux")]
pub(crate) fn hang_up(child: &Child) -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};

    Ok(kill_process(Pid::from_child(child), Signal::HUP)?)
}

/// Keeps this process on one processor.
///
/// # Errors
///
/// This is not Linux.
#[cfg(not(target_os = "linux"))]
pub fn stay_on(_: usize) -> Result<()> {
    anyhow::bail!(ELSEWHERE)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn hang_up(_: &Child) -> Result<()> {
    anyhow::bail!(ELSEWHERE)
}

#[cfg(not(target_os = "linux"))]
const ELSEWHERE: &str = "this bench runs on Linux only";
