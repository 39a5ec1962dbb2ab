//! When does a request of HTTP/2 begin, and who waits for whom?

use std::mem::swap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hyper::rt::Executor;
use pin_project_lite::pin_project;

use crate::protocol::Protocol;

pin_project! {
    /// A connection whose requests begin once all that came with them are read, and no task is made for one that need not wait.
    ///
    /// With a task for each, the first one would wake the connection, which would write that one answer before the next one is made:
    /// a record and a system call for each answer.
    pub(crate) struct Together<C> {
        #[pin]
        http: C,
        streams: Streams,
        begun: Vec<Stream>,
        within: Duration,
    }
}

impl<C> Together<C> {
    /// The connection that `http` makes of what gathers its requests.
    pub(crate) fn new(http: impl FnOnce(Streams) -> C) -> Self {
        let streams = Streams::default();
        Self {
            http: http(streams.clone()),
            streams,
            begun: Vec::new(),
            within: LONG,
        }
    }
}

impl<C: Future> Future for Together<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        let this = self.project();
        this.streams.gather();
        let polled = this.http.poll(cx);
        this.streams.gathered(this.begun);
        // Whoever is answered by this wakes the connection, as if it were a task.
        begin(this.begun, *this.within);
        polled
    }
}

impl<C: Protocol> Protocol for Together<C> {
    fn end(self: Pin<&mut Self>) {
        self.project().http.end();
    }
}

/// Gathers requests while a connection is read.
#[derive(Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<Gathering>>);

#[derive(Default)]
struct Gathering {
    is_open: bool,
    streams: Vec<Stream>,
}

type Stream = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Streams {
    fn gather(&self) {
        self.lock().is_open = true;
    }

    /// Gives what has come; the vector that is given for it is empty.
    fn gathered(&self, begun: &mut Vec<Stream>) {
        let mut gathering = self.lock();
        gathering.is_open = false;
        swap(&mut gathering.streams, begun);
    }

    fn lock(&self) -> MutexGuard<'_, Gathering> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let stream = Box::pin(stream);
        let mut gathering = self.lock();
        if gathering.is_open {
            gathering.streams.push(stream);
        } else {
            drop(gathering);
            tokio::spawn(stream);
        }
    }
}

/// Lets each come as far as it can without waiting, and gives a task to those that have to; to all others too, once it took longer than `within`.
fn begin(streams: &mut Vec<Stream>, within: Duration) {
    if streams.is_empty() {
        return;
    }
    let began = Instant::now();
    for mut stream in streams.drain(..) {
        if began.elapsed() > within || has_to_wait(&mut stream) {
            tokio::spawn(stream);
        }
    }
}

/// After its first step. A panic ends one request, as it would end its task.
fn has_to_wait(stream: &mut Stream) -> bool {
    // Its task asks again, and then is what is woken.
    let mut cx = Context::from_waker(Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| stream.as_mut().poll(&mut cx)));
    matches!(polled, Ok(Poll::Pending))
}

/// So much a request waits for those before it, and for the one that is under way then.
const LONG: Duration = Duration::from_micros(100);

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::thread;

    use futures_util::FutureExt;
    use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    /// Who was answered, and whether in a task of its own.
    type Answers = UnboundedSender<(&'static str, bool)>;

    /// A connection on which `requests` come at once, and that is looked at once.
    fn answer(
        within: Duration,
        requests: impl FnOnce(&Streams, Answers),
    ) -> UnboundedReceiver<(&'static str, bool)> {
        let (answers, received) = mpsc::unbounded_channel();
        let mut requests = Some((requests, answers));
        let mut connection = Together::new(|streams| {
            poll_fn(move |_| {
                if let Some((requests, answers)) = requests.take() {
                    requests(&streams, answers);
                }
                Poll::<()>::Pending
            })
        });
        connection.within = within;
        IN_CONNECTION.sync_scope((), || assert!(connection.now_or_never().is_none()));
        received
    }

    /// And longer than a busy machine takes to come to the first request.
    const SHORT: Duration = Duration::from_millis(50);

    tokio::task_local! {
        static IN_CONNECTION: ();
    }

    fn tell(answers: &Answers, name: &'static str) {
        let is_own = IN_CONNECTION.try_with(|()| ()).is_err();
        answers.send((name, is_own)).unwrap();
    }

    #[tokio::test]
    async fn requests_begin_together_and_one_that_waits_keeps_nobody() {
        let (go, gone) = oneshot::channel::<()>();
        let mut answers = answer(Duration::MAX, move |streams, answers| {
            let (one, two, three) = (answers.clone(), answers.clone(), answers);
            streams.execute(async move { tell(&one, "one") });
            streams.execute(async move {
                gone.await.unwrap();
                yield_now().await;
                tell(&two, "two");
            });
            streams.execute(async move { tell(&three, "three") });
        });
        assert_eq!(answers.recv().await, Some(("one", false)));
        assert_eq!(answers.recv().await, Some(("three", false)));
        assert!(answers.try_recv().is_err());
        go.send(()).unwrap();
        assert_eq!(answers.recv().await, Some(("two", true)));
        assert_eq!(answers.recv().await, None);
    }

    #[tokio::test]
    async fn a_request_that_panics_ends_alone() {
        let mut answers = answer(Duration::MAX, |streams, answers| {
            streams.execute(async { panic!("a layer is odd") });
            streams.execute(async move { tell(&answers, "after") });
        });
        assert_eq!(answers.recv().await, Some(("after", false)));
        assert_eq!(answers.recv().await, None);
    }

    #[tokio::test]
    async fn behind_one_that_takes_long_the_others_have_tasks() {
        let mut answers = answer(SHORT, |streams, answers| {
            let (long, after) = (answers.clone(), answers);
            streams.execute(async move {
                thread::sleep(SHORT * 2);
                tell(&long, "long");
            });
            streams.execute(async move { tell(&after, "after") });
        });
        assert_eq!(answers.recv().await, Some(("long", false)));
        assert_eq!(answers.recv().await, Some(("after", true)));
    }

    #[tokio::test]
    async fn what_begins_between_two_looks_at_the_connection_is_not_forgotten() {
        let mut kept = None;
        let _idle = Together::new(|streams| {
            kept = Some(streams);
            pending::<()>()
        });
        let (answers, mut received) = mpsc::unbounded_channel();
        kept.unwrap()
            .execute(async move { tell(&answers, "later") });
        assert_eq!(received.recv().await, Some(("later", true)));
    }
}
