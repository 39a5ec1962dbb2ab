//! What becomes of the body of a request that is refused?

use std::time::Duration;

use axum::body::Body;
use http::HeaderMap;
use http::header::EXPECT;
use http_body_util::BodyExt;
use tokio::time::timeout;

/// Reads and forgets what the client still sends, within limits, so that it comes to read the answer.
///
/// Most clients write their body before they read, and closing with unread bytes would send a reset, which
/// discards the answer. Who asked to be told before (RFC 9110, section 10.1.1) sends nothing when told no.
pub(crate) async fn drain(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(EXPECT) {
        return;
    }
    let drained = async {
        let mut left = MOST;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, |data| data.len());
            left = left.saturating_sub(read);
            if left == 0 {
                return;
            }
        }
    };
    // Whoever sends more than that, or more slowly, may miss the reason.
    let _ = timeout(LONGEST, drained).await;
}

const MOST: usize = 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(2);
