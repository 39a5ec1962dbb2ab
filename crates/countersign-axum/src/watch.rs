use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::activity::{Activity, Quiet};
use crate::connection::until;
use crate::protocol::Protocol;
use crate::{Connection, Fault, Limits, Live};

/// What may end a connection, besides its client.
pub(crate) struct Watch {
    pub(crate) connection: Connection,
    pub(crate) live: Live,
    pub(crate) activity: Activity,
    pub(crate) limits: Limits,
    /// For the next request to come.
    pub(crate) idle: Duration,
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
        // Looked at when one of them has something to say, and not with each request. On the heap: in place there would be room for two.
        let mut ends = FuturesUnordered::from_iter([Box::pin(self.end())]);
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

    /// With one timer for all that time brings.
    async fn end(&self) -> End {
        let Self {
            connection,
            live,
            activity,
            limits,
            idle,
        } = self;
        let mut changes = live.changes();
        let mut pulse = activity.pulse(limits.headers, *idle, Instant::now());
        let announced = connection.announced(live, limits.announce);
        loop {
            // In this order: a clock that leaps may find a certificate both near its end and past it.
            let trusted = match connection.outlook(live) {
                Err(fault) => return End::Distrusted(fault),
                Ok(lasts) => lasts,
            };
            let trusted = match announced.map(|at| until(at, live.now())) {
                Some(Duration::ZERO) => return End::Asked,
                announced => trusted.min(announced.unwrap_or(trusted)),
            };
            let now = Instant::now();
            let look = match pulse.look(activity, now) {
                Quiet::Never => return End::Silent,
                Quiet::Ceased => return End::Asked,
                Quiet::No(look) => look.min(now + trusted.min(DAY)),
            };
            tokio::select! {
                biased;
                () = connection.ending() => return End::Asked,
                _ = changes.changed() => {}
                () = sleep_until(look) => {}
            }
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
