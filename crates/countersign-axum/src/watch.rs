use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::activity::{Activity, Pulse, Quiet};
use crate::beside::Beside;
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

/// What is to become of a connection.
enum Turn {
    /// It may rest: nobody uses it for a while.
    Rest,
    /// It is to end.
    End(End),
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

/// What is looked at again and again.
struct Look {
    pulse: Pulse,
    /// When the client is to be told that its certificate is about to end.
    announced: Option<Timestamp>,
}

impl Watch {
    /// Lets `http` run until its client goes or something here ends it.
    pub(crate) async fn over(self, mut http: Pin<Box<impl Protocol>>) {
        let Self { connection, .. } = &self;
        let mut look = self.look();
        let end = loop {
            // Looked at when it has something to say, and not with each request.
            let mut turn = Beside::new(self.turn(&mut look));
            let turn = tokio::select! {
                biased;
                // How a client goes away is its own affair.
                _ = http.as_mut() => return,
                turn = &mut turn => turn,
            };
            match turn {
                Turn::Rest => http.as_mut().rest(),
                Turn::End(end) => break end,
            }
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

    fn look(&self) -> Look {
        let Limits {
            headers, announce, ..
        } = self.limits;
        Look {
            pulse: self.activity.pulse(headers, self.idle, Instant::now()),
            announced: self.connection.announced(&self.live, announce),
        }
    }

    /// With one timer for all that time brings.
    async fn turn(&self, Look { pulse, announced }: &mut Look) -> Turn {
        let Self {
            connection, live, ..
        } = self;
        let mut changes = live.changes();
        loop {
            // In this order: a clock that leaps may find a certificate both near its end and past it.
            let trusted = match connection.outlook(live) {
                Err(fault) => return Turn::End(End::Distrusted(fault)),
                Ok(lasts) => lasts,
            };
            let trusted = match announced.map(|at| until(at, live.now())) {
                Some(Duration::ZERO) => return Turn::End(End::Asked),
                announced => trusted.min(announced.unwrap_or(trusted)),
            };
            let now = Instant::now();
            let look = match pulse.look(&self.activity, now) {
                Quiet::Never => return Turn::End(End::Silent),
                Quiet::Ceased => return Turn::End(End::Asked),
                Quiet::Calm => return Turn::Rest,
                Quiet::No(look) => look.min(now + trusted.min(DAY)),
            };
            tokio::select! {
                biased;
                () = connection.ending() => return Turn::End(End::Asked),
                _ = changes.changed() => {}
                () = sleep_until(look) => {}
            }
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
