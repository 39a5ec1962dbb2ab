use std::fs;

use crate::running::first_number;

/// Touches most of the memory that is free, and lets go of it: a virtual machine that was just started has to get each page of it from its
/// host yet, for some microseconds, and the log of a server is where that happens.
pub fn touch_all() {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let free = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let free = usize::try_from(free.map_or(0, first_number)).unwrap_or(0);
    // In KiB, and not the last of it.
    let pieces = (free * 1024 / PIECE / 4 * 3).saturating_sub(2 * PIECES);
    drop((0..pieces).map(|_| vec![1_u8; PIECE]).collect::<Vec<_>>());
}

/// Touches as much memory as a run may use, and lets go of it in pieces that are too small to be given back to the host of a
/// virtual machine, for as long as the value lives.
///
/// Such a machine returns memory that nobody uses, as Linux does by pieces of two megabytes, and then each page costs some
/// microseconds when it is used again: that is no server's doing, and falls upon the one that writes a log.
#[derive(Debug)]
pub struct Warm {
    /// Between the pieces that are free, so that they do not become one.
    _held: Vec<Vec<u8>>,
}

impl Warm {
    /// Touches it.
    pub fn up() -> Self {
        let pieces: Vec<_> = (0..2 * PIECES).map(|_| vec![1_u8; PIECE]).collect();
        let held = pieces.into_iter().step_by(2);
        Self {
            _held: held.collect(),
        }
    }
}

const PIECE: usize = 1024 * 1024;
/// More than a log of 80,000 lines in a second, for nine seconds.
const PIECES: usize = 400;
