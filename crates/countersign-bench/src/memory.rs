use std::hint::black_box;

/// Touches as much memory as a run may use, and gives it back to the machine.
///
/// A virtual machine may return memory that nobody uses to its host, and then each page costs some microseconds when it is used
/// again: that is no server's doing, and falls upon the one that writes a log.
pub(crate) fn warm() {
    black_box(vec![1_u8; ENOUGH]);
}

/// More than a log of 200,000 lines in a second, for two seconds.
const ENOUGH: usize = 256 * 1024 * 1024;
