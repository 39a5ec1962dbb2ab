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
