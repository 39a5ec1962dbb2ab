//! Which credential, connections and sessions belong together?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::Request;

use crate::classify::Caller;
use crate::sending::Sending;

/// A credential with connections and sessions of its own: none of them outlives it in new requests.
///
/// Once it is replaced, what is in flight keeps its connection alive, and the idle ones close.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) number: u64,
    pub(crate) http: reqwest::Client,
    pub(crate) caller: Arc<Caller>,
    warned: AtomicBool,
}

impl Generation {
    pub(crate) fn new(number: u64, http: reqwest::Client, caller: Arc<Caller>) -> Self {
        Self {
            number,
            http,
            caller,
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) fn send(
        &self,
        request: Request,
    ) -> Sending<impl Future<Output = reqwest::Result<reqwest::Response>> + Unpin + Send + use<>>
    {
        Sending::new(Arc::clone(&self.caller), self.http.execute(request))
    }

    /// The end of the certificate, if it is near and nobody has been told.
    pub(crate) fn end_to_tell(&self, now: Timestamp, ahead: Duration) -> Option<Timestamp> {
        if self.warned.load(Ordering::Relaxed) {
            return None;
        }
        let not_after = self.caller.certificate()?.not_after();
        let ahead = SignedDuration::try_from(ahead).unwrap_or(SignedDuration::MAX);
        let from = not_after.checked_sub(ahead).unwrap_or(Timestamp::MIN);
        let is_near = now >= from;
        (is_near && !self.warned.swap(true, Ordering::Relaxed)).then_some(not_after)
    }
}
