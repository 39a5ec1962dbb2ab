//! When is what a client of a gateway is answered cut off?
//!
//! Once the trust in that client has ended and the grace is over, as the connection of a client that comes directly. The
//! connection of the gateway goes on, and so does what its other clients are answered on it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::audit::{EventKind, Recording};
use crate::connection::{LONG, distrusted};
use crate::{Caller, Code, Connection, Fault, Live};

/// The watch over what one client of a gateway is answered on one connection: one for all of it, and none while it is answered
/// nothing.
#[derive(Debug, Default)]
pub(crate) struct Cutoff(Mutex<Weak<Watched>>);

/// Resolves once what is answered is to be cut off, and says why.
pub(crate) type Cut = Pin<Box<dyn Future<Output = Fault> + Send>>;

impl Cutoff {
    /// Watches over what `caller` is answered on `connection`; none where it comes directly, as its connection ends then.
    pub(crate) fn of(connection: &Connection, caller: &Caller, live: &Live) -> Option<Cut> {
        let cutoff = &caller.client()?.cutoff;
        Some(Box::pin(cutoff.watched(connection, caller, live).cut()))
    }

    fn watched(&self, connection: &Connection, caller: &Caller, live: &Live) -> Arc<Watched> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = current.upgrade().filter(|watched| !watched.is_over());
        watched.unwrap_or_else(|| {
            let watched = Watched::begin(connection, caller, live);
            *current = Arc::downgrade(&watched);
            watched
        })
    }
}

/// A client that is being answered.
#[derive(Debug)]
struct Watched {
    connection: Connection,
    caller: Caller,
    live: Live,
    /// Why, once it is over.
    over: watch::Receiver<Option<Fault>>,
}

impl Watched {
    /// In a task of its own: an answer that nobody takes is not asked for its next part, and the end must come all the same.
    fn begin(connection: &Connection, caller: &Caller, live: &Live) -> Arc<Self> {
        let (end, over) = watch::channel(None);
        let watched = Arc::new(Self {
            connection: connection.clone(),
            caller: caller.clone(),
            live: live.clone(),
            over,
        });
        // It keeps neither the connection nor the audit log: both may end before it is asked again.
        let weak = Arc::downgrade(&watched);
        tokio::spawn(watch_over(weak, live.clone(), connection.grace(), end));
        watched
    }

    fn is_over(&self) -> bool {
        self.over.borrow().is_some()
    }

    async fn cut(self: Arc<Self>) -> Fault {
        let mut over = self.over.clone();
        let fault = over.wait_for(Option::is_some).await;
        let fault = fault.ok().and_then(|fault| fault.clone());
        // Nobody watches any more, which is no reason to go on.
        fault.unwrap_or_else(|| Fault::new(Code::Internal, "the trust in the client is not known"))
    }

    fn outlook(&self) -> Result<Duration, Fault> {
        self.caller.outlook(&self.connection, &self.live)
    }

    /// Tells the audit log that the trust has ended; that in the gateway is told of its connection.
    fn tell(&self, fault: &Fault) -> Recording {
        if self.connection.outlook(&self.live).is_err() {
            return Recording::done();
        }
        let mut event = self
            .caller
            .event(EventKind::Connection, &self.live, Some(fault));
        event.epoch = self.live.load().epoch();
        self.connection.audit().record(event)
    }
}

/// Until the end, or until nothing is answered any more.
async fn watch_over(
    watched: Weak<Watched>,
    live: Live,
    grace: Duration,
    end: watch::Sender<Option<Fault>>,
) {
    tokio::select! {
        () = end.closed() => {}
        fault = ended(&watched, &live, grace) => {
            end.send_replace(Some(fault));
        }
    }
}

/// Resolves once the trust has ended, and was not there again after the grace.
async fn ended(watched: &Weak<Watched>, live: &Live, grace: Duration) -> Fault {
    let outlook = || match watched.upgrade() {
        Some(watched) => watched.outlook(),
        None => Ok(LONG),
    };
    loop {
        let fault = distrusted(live, outlook).await;
        let told = watched.upgrade().map(|watched| watched.tell(&fault));
        if let Some(told) = told {
            // That it cannot be written is logged: nothing here could be held back.
            let _ = told.await;
        }
        sleep(grace).await;
        if outlook().is_err() {
            return fault;
        }
    }
}

/// `body`, which ends with an error once it is cut off: nobody takes what has come for the whole.
pub(crate) fn ending(body: Body, cut: Cut) -> Body {
    let cut = Some(cut);
    Body::new(Ending { body, cut })
}

/// Whether it may take long to come. What is small is in the buffers of the sockets before anybody could cut it off.
pub(crate) fn may_last(body: &Body) -> bool {
    !body.is_end_stream() && body.size_hint().exact().is_none_or(|size| size > SMALL)
}

struct Ending {
    body: Body,
    /// None once it has happened.
    cut: Option<Cut>,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let cut = self.cut.as_mut().map(|cut| cut.as_mut().poll(cx));
        if let Some(Poll::Ready(fault)) = cut {
            self.cut = None;
            // Whoever makes it need not go on.
            self.body = Body::empty();
            return Poll::Ready(Some(Err(CutOff(fault.code()).into())));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        frame.map_err(axum::Error::into_inner)
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_some() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The rest of the body is not for its reader any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trust in the client has ended: {0}")]
struct CutOff(Code);

const SMALL: u64 = 64 * 1024;
