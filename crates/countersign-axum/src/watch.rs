use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep, timeout};

use crate::activity::Activity;
use crate::protocol::Protocol;
use crate::{Connection, Fault, Limits, Live};

/// What may end a connection, besides its client.
pub(crate) struct Watch {
    pub(crate) connection: Connection,
    pub(crate) live: Live,
    pub(crate) activity: Activity,
    pub(crate) limits: Limits,
}

/// Why a connection is to end.
enum End {
    /// Somebody asked for it, or it is time.
    Asked,
    /// Its trust has ended.
    Distrusted(Fault),
    /// Nothing was ever asked on it.
    Silent,
}

impl Watch {
    /// Lets `http` run until its client goes or something here ends it.
    pub(crate) async fn over(self, mut http: Pin<Box<impl Protocol>>) {
        let Self { connection, .. } = &self;
        // Looked at when one of them has something to say, and not with each request.
        let mut ends = FuturesUnordered::from_iter([self.end()]);
        let end = tokio::select! {
            biased;
            // How a client goes away is its own affair.
            _ = http.as_mut() => return,
            Some(end) = ends.next() => end,
        };
        match end {
            End::Silent => return,
            End::Asked => {}
            End::Distrusted(fault) => {
                Box::pin(connection.tell_distrusted(&self.live, &fault)).await;
                // Whatever is asked next is refused, and that ends it at once.
                tokio::select! {
                    _ = http.as_mut() => return,
                    () = connection.ending() => {}
                    () = sleep(self.limits.grace) => {}
                }
            }
        }
        http.as_mut().end();
        tokio::select! {
            _ = http.as_mut() => return,
            _ = connection.distrusted(&self.live) => {}
        }
        // What is not answered by now is cut off.
        let _ = timeout(self.limits.grace, http).await;
    }

    async fn end(&self) -> End {
        let Self {
            connection,
            live,
            activity,
            limits,
        } = self;
        tokio::select! {
            // In this order: a clock that leaps may find a certificate both near its end and past it.
            biased;
            () = connection.ending() => End::Asked,
            fault = connection.distrusted(live) => End::Distrusted(fault),
            () = connection.nearly_ended(live, limits.announce) => End::Asked,
            () = activity.never(limits) => End::Silent,
            () = activity.ceased(limits) => End::Asked,
        }
    }
}
