//! What is long and not urgent, so that nobody who waits for an answer waits for it.

use std::sync::LazyLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, spawn_blocking};

/// Runs `work` as [`spawn_blocking`] does, on a thread that gives way to the threads that answer requests.
///
/// For what takes long and is nothing that a caller waits for: to read a revocation list of many megabytes, say.
/// [`Live::reload`](crate::Live::reload) judges so the callers that were seen. On Linux the thread has a lower priority than those of the program
/// (`nice` 10): where a processor is full, a tenth of it is left for `work`, and where it is not, all that is free. Elsewhere it is a thread
/// like others.
///
/// Called within a runtime of tokio.
///
/// # Errors
///
/// The handle tells a panic of `work`, as that of any task.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tokio::task::JoinError> {
/// let sum = countersign_axum::aside(|| (1..=1_000_000_u64).sum::<u64>()).await?;
/// assert_eq!(sum, 500_000_500_000);
/// # Ok(())
/// # }
/// ```
pub fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    match &*THREADS {
        Some(threads) => threads.spawn_blocking(work),
        None => spawn_blocking(work),
    }
}

/// Threads of their own: a priority that was lowered is not raised again without a privilege. A runtime starts them when there is
/// work, and ends them when there is none.
static THREADS: LazyLock<Option<Runtime>> = LazyLock::new(|| {
    let mut threads = Builder::new_current_thread();
    threads.thread_name("countersign-aside");
    threads.on_thread_start(give_way);
    threads.build().ok()
});

/// Only Linux counts a priority for each thread: elsewhere it would be that of the process.
#[cfg(target_os = "linux")]
fn give_way() {
    // Where a sandbox does not allow it, the work is done all the same.
    _ = rustix::process::nice(10);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn priority() -> Option<i32> {
        rustix::process::getpriority_process(None).ok()
    }

    #[tokio::test]
    async fn what_is_done_aside_gives_way_and_nothing_else_does() {
        let before = priority().unwrap();
        let lowered = aside(priority).await.unwrap();
        assert_eq!(lowered, Some((before + 10).min(19)));
        let others = spawn_blocking(priority).await.unwrap();
        assert_eq!((priority(), others), (Some(before), Some(before)));
    }

    #[tokio::test]
    async fn a_panic_aside_is_told_to_who_waits() {
        let panicked = aside(|| panic!("the list is odd")).await.unwrap_err();
        let told = panicked.into_panic();
        assert_eq!(told.downcast_ref(), Some(&"the list is odd"));
    }
}
