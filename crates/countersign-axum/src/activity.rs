use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::sleep;

use crate::Limits;

/// Whether a client still makes requests.
///
/// One that shakes hands and then says nothing would otherwise be kept for ever: hyper waits for the
/// HTTP/2 preface without a limit, and keeps an HTTP/2 connection without requests.
#[derive(Clone, Default)]
pub(crate) struct Activity {
    requests: Arc<AtomicU64>,
}

impl Activity {
    /// Notes a request.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Resolves if no request came within the limit for the first one.
    pub(crate) async fn never(&self, limits: &Limits) {
        sleep(limits.headers).await;
        if self.count() > 0 {
            std::future::pending().await
        }
    }

    /// Resolves once no request came for the time after which a connection counts as idle.
    pub(crate) async fn ceased(&self, limits: &Limits) {
        loop {
            let before = self.count();
            sleep(limits.idle).await;
            if self.count() == before {
                return;
            }
        }
    }

    fn count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}
