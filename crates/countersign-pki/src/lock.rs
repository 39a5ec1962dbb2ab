//! Who may write to a folder now? The one that has its [`Lock`]; the others wait.
//!
//! The operating system gives the lock back when a process ends, however it ends. It binds only those
//! who ask for it: whoever reads needs none, because every file is whole at every moment.

use std::fs::File;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fs4::TryLockError;

/// How long it takes until somebody who waits looks again.
const PAUSE: Duration = Duration::from_millis(10);

/// A folder that no other run writes to until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(
    #[expect(dead_code, reason = "the lock lasts as long as the file is open")] File,
);

impl Lock {
    /// Waits for the lock of a folder that is there, but no longer than that; `None` if another run has
    /// it still.
    pub(crate) fn wait(dir: &Path, patience: Duration) -> io::Result<Option<Self>> {
        let file = open(dir)?;
        let start = Instant::now();
        loop {
            match fs4::FileExt::try_lock(&file) {
                Ok(()) => return Ok(Some(Self(file))),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if start.elapsed() >= patience => return Ok(None),
                Err(TryLockError::WouldBlock) => sleep(PAUSE),
            }
        }
    }
}

/// What is locked: the folder itself, so that no file of ours is left in it.
#[cfg(unix)]
fn open(dir: &Path) -> io::Result<File> {
    File::open(dir)
}

/// A folder cannot be opened as a file.
#[cfg(not(unix))]
fn open(dir: &Path) -> io::Result<File> {
    let mut options = File::options();
    let options = options.create(true).write(true).truncate(false);
    options.open(dir.join(".lock.tmp"))
}
