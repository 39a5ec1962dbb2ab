//! What was decided, about whom, and why: one [`AuditEvent`] for each decision.
//!
//! Events go through a bounded queue to one writer, on a thread of its own. A full queue makes
//! requests wait: no event is ever dropped. The writer takes all that wait, writes them together, and then
//! rests: for four milliseconds, or until 64 wait. [`AuditWriter::finish`] writes what is left.
//!
//! Where answers wait for their events ([`Audit::start_before_answer`]), the writer does not rest: what comes while it writes is
//! written together next.

mod action;
pub use action::Action;

mod document;

mod encoder;

mod event;
pub use event::{AuditEvent, EventKind, Outcome};

mod sink;
pub use sink::{AuditSink, JsonLines};

mod who;
pub(crate) use who::Who;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;
use std::{io, thread};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::oneshot;

use crate::Metrics;

/// Where events are handed in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit {
    queue: Sender<Queued>,
    told: Told,
    /// Of the writer, to end its rest.
    writer: Thread,
    metrics: Metrics,
}

/// When an event counts as told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Once it is in the queue.
    HandedIn,
    /// Once the sink has taken and flushed it.
    Flushed,
}

/// An event on its way to the writer.
#[derive(Debug)]
struct Queued {
    event: AuditEvent,
    /// Whom to tell that it is flushed, if anybody waits for that. Dropped where it cannot be written.
    flushed: Option<oneshot::Sender<()>>,
}

impl Audit {
    /// Starts the writer of `sink`. No answer waits for it, unless the queue is full; what it cannot write is logged.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread.
    pub fn start(sink: impl AuditSink) -> io::Result<(Self, AuditWriter)> {
        Self::start_telling(sink, Told::HandedIn, PAUSE)
    }

    /// The same, but no handler is called, and nothing is answered, before `sink` has taken and flushed the event.
    ///
    /// Where it cannot, or has panicked, the answer is an `internal` problem. Requests that come while it writes share the next flush.
    /// What was refused in a handshake stays refused, and a reload stays in force, whatever becomes of their events.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread.
    pub fn start_before_answer(sink: impl AuditSink) -> io::Result<(Self, AuditWriter)> {
        Self::start_telling(sink, Told::Flushed, PAUSE)
    }

    fn start_telling(
        sink: impl AuditSink,
        told: Told,
        pause: Duration,
    ) -> io::Result<(Self, AuditWriter)> {
        let (queue, events) = mpsc::channel(QUEUE);
        let metrics = Metrics::new();
        let counting = metrics.clone();
        let writer = thread::Builder::new()
            .name("countersign-audit".to_owned())
            .spawn(move || write(Queue(events), sink, told, pause, &counting))?;
        let audit = Self {
            queue,
            told,
            writer: writer.thread().clone(),
            metrics,
        };
        Ok((audit, AuditWriter { writer }))
    }

    /// What is counted of it.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Hands in `event`, at once; what is answered waits while the queue is full, or until the event is flushed.
    pub(crate) fn record(&self, event: AuditEvent) -> Recording {
        let (flushed, waiting) = match self.told {
            Told::HandedIn => (None, None),
            Told::Flushed => {
                let (flushed, waiting) = oneshot::channel();
                (Some(flushed), Some(waiting))
            }
        };
        match self.queue.try_send(Queued { event, flushed }) {
            Ok(()) => self.wake_writer(),
            Err(TrySendError::Full(queued)) => {
                return Recording::of(self.clone().hand_in(queued, waiting));
            }
            Err(TrySendError::Closed(_)) => self.lost(),
        }
        match waiting {
            None => Recording::done(),
            waiting => Recording::of(until(waiting)),
        }
    }

    /// Tells `event` where nothing is answered that could be held back: that it cannot be written is logged, and no more.
    pub(crate) async fn tell(&self, event: AuditEvent) {
        let _ = self.record(event).await;
    }

    /// Where as many wait as it should write together.
    fn wake_writer(&self) {
        let waiting = QUEUE.saturating_sub(self.queue.capacity());
        if waiting >= TOGETHER {
            self.writer.unpark();
        }
    }

    async fn hand_in(self, queued: Queued, waiting: Flushed) -> Result<(), Untold> {
        if self.queue.send(queued).await.is_err() {
            self.lost();
        }
        until(waiting).await
    }

    fn lost(&self) {
        self.metrics.untold();
        tracing::error!("the audit writer has stopped: an event is lost");
    }
}

/// Resolves once an event is told. On the heap where it has to wait: the future of every request has room for this.
#[must_use = "an event that waits for room is lost"]
pub(crate) struct Recording(Option<Waiting>);

type Waiting = Pin<Box<dyn Future<Output = Result<(), Untold>> + Send>>;

/// The event could not be written, and somebody wanted to wait until it is.
#[derive(Debug)]
pub(crate) struct Untold;

impl Recording {
    /// Of nothing.
    pub(crate) fn done() -> Self {
        Self(None)
    }

    fn of(waiting: impl Future<Output = Result<(), Untold>> + Send + 'static) -> Self {
        Self(Some(Box::pin(waiting)))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.is_none()
    }

    /// This one, and then the `other`.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Self::of(async {
                let one = one.await;
                // Whatever became of the first: this one may wait for room.
                other.await.and(one)
            }),
            (one, other) => Self(one.or(other)),
        }
    }
}

impl Future for Recording {
    type Output = Result<(), Untold>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Some(waiting) => waiting.as_mut().poll(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}

/// Resolves once it is flushed, where that is waited for.
type Flushed = Option<oneshot::Receiver<()>>;

async fn until(waiting: Flushed) -> Result<(), Untold> {
    match waiting {
        Some(waiting) => waiting.await.map_err(|_| Untold),
        None => Ok(()),
    }
}

/// The writer of an [`Audit`].
#[derive(Debug)]
#[must_use = "without `finish`, the last events may not be written"]
pub struct AuditWriter {
    writer: JoinHandle<()>,
}

impl AuditWriter {
    /// Waits until every event is written. Every clone of the [`Audit`] must be gone, or this
    /// waits for them.
    pub fn finish(self) {
        if self.writer.join().is_err() {
            tracing::error!("the audit writer has panicked");
        }
    }
}

/// What the writer takes from.
struct Queue(Receiver<Queued>);

impl Drop for Queue {
    /// Where the sink has panicked, an event may be on its way in: whoever waits for it must not wait for ever.
    fn drop(&mut self) {
        self.0.close();
        while self.0.blocking_recv().is_some() {}
    }
}

fn write(
    mut queue: Queue,
    mut sink: impl AuditSink,
    told: Told,
    pause: Duration,
    metrics: &Metrics,
) {
    let mut batch = Vec::new();
    // Together: one by one, each would take the lock of the queue.
    while queue.0.blocking_recv_many(&mut batch, QUEUE) > 0 {
        metrics.count(batch.iter().map(|queued| &queued.event));
        for queued in &mut batch {
            if !note(sink.record(&queued.event), metrics) {
                queued.flushed = None;
            }
        }
        // A burst becomes one write.
        let is_flushed = note(sink.flush(), metrics);
        let waiting = batch.iter_mut().filter_map(|queued| queued.flushed.take());
        for flushed in waiting.filter(|_| is_flushed) {
            // Who has gone meanwhile need not be told.
            let _ = flushed.send(());
        }
        batch.clear();
        if told == Told::HandedIn {
            // And whoever hands in events meanwhile need not wake this thread for each.
            thread::park_timeout(pause);
        }
    }
}

/// Whether it is written.
fn note(written: io::Result<()>, metrics: &Metrics) -> bool {
    let noted = written.inspect_err(|error| {
        metrics.untold();
        tracing::error!(%error, "an audit event cannot be written");
    });
    noted.is_ok()
}

/// What comes while the disk stands still for a twentieth of a second, at 80,000 events in a second.
const QUEUE: usize = 4096;

/// Each waking-up costs. A timer costs more than to be woken, so it is for when there is little to write.
const PAUSE: Duration = Duration::from_millis(4);

/// So few that who is served by the same processor hardly waits for them: some thirty microseconds.
const TOGETHER: usize = 64;

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::Epoch;

    #[tokio::test]
    async fn as_many_as_are_written_together_do_not_wait_for_the_end_of_the_rest() {
        let (sink, mut written) = mpsc::unbounded_channel();
        let for_ever = Duration::MAX;
        let (audit, _writer) = Audit::start_telling(sink, Told::HandedIn, for_ever).unwrap();
        let (kind, outcome) = (EventKind::Request, Outcome::Allowed);
        let event = || AuditEvent::new(kind, outcome, Timestamp::UNIX_EPOCH, Epoch::FIRST);
        audit.tell(event()).await;
        written.recv().await.unwrap();
        for _ in 0..TOGETHER {
            audit.tell(event()).await;
        }
        for _ in 0..TOGETHER {
            written.recv().await.unwrap();
        }
    }
}
