//! What was decided, about whom, and why: one [`AuditEvent`] for each decision.
//!
//! Events go through a bounded queue to one writer, on a thread of its own. A full queue makes
//! requests wait: no event is ever dropped. The writer takes all that wait, writes them together, and then
//! rests for four milliseconds. [`AuditWriter::finish`] writes what is left.

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
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::Metrics;

/// Where events are handed in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Audit {
    queue: Sender<AuditEvent>,
    metrics: Metrics,
}

impl Audit {
    /// Starts the writer of `sink`.
    ///
    /// # Errors
    ///
    /// The operating system gives no thread.
    pub fn start(sink: impl AuditSink) -> io::Result<(Self, AuditWriter)> {
        let (queue, events) = mpsc::channel(QUEUE);
        let metrics = Metrics::new();
        let counting = metrics.clone();
        let writer = thread::Builder::new()
            .name("countersign-audit".to_owned())
            .spawn(move || write(events, sink, &counting))?;
        Ok((Self { queue, metrics }, AuditWriter { writer }))
    }

    /// What is counted of it.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Hands in `event`, at once; what is answered waits while the queue is full.
    pub(crate) fn record(&self, event: AuditEvent) -> Recording {
        match self.queue.try_send(event) {
            Ok(()) => Recording::done(),
            Err(TrySendError::Full(event)) => {
                Recording(Some(Box::pin(hand_in(self.queue.clone(), event))))
            }
            Err(TrySendError::Closed(_)) => {
                lost();
                Recording::done()
            }
        }
    }
}

/// Resolves once an event is handed in. On the heap where it has to wait: the future of every request has room for this.
#[must_use = "an event that waits for room is lost"]
pub(crate) struct Recording(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Recording {
    /// Of nothing.
    pub(crate) fn done() -> Self {
        Self(None)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.is_none()
    }

    /// This one, and then the `other`.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(other)) => Self(Some(Box::pin(async {
                one.await;
                other.await;
            }))),
            (one, other) => Self(one.or(other)),
        }
    }
}

impl Future for Recording {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Some(waiting) => waiting.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

async fn hand_in(queue: Sender<AuditEvent>, event: AuditEvent) {
    if queue.send(event).await.is_err() {
        lost();
    }
}

fn lost() {
    tracing::error!("the audit writer has stopped: an event is lost");
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

fn write(mut events: Receiver<AuditEvent>, mut sink: impl AuditSink, metrics: &Metrics) {
    let mut waiting = Vec::new();
    // Together: one by one, each would take the lock of the queue.
    while events.blocking_recv_many(&mut waiting, QUEUE) > 0 {
        metrics.count(&waiting);
        for event in &waiting {
            note(sink.record(event));
        }
        waiting.clear();
        // A burst becomes one write.
        note(sink.flush());
        // And whoever hands in events meanwhile need not wake this thread for each.
        thread::sleep(PAUSE);
    }
}

fn note(written: io::Result<()>) {
    if let Err(error) = written {
        tracing::error!(%error, "an audit event cannot be written");
    }
}

/// What comes while the disk stands still for a twentieth of a second, at 80,000 events in a second.
const QUEUE: usize = 4096;

/// Long enough for some hundred events, which a file system takes for less together, and each waking-up costs too.
const PAUSE: Duration = Duration::from_millis(4);
