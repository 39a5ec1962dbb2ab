use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A future beside another one in the same task: it is polled again only once it was woken itself, however often the other one is.
///
/// `FuturesUnordered` does so too, and notes anew with each poll which task is to be woken.
pub(crate) struct Beside<F> {
    // On the heap: in place there would be room for two.
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
}

/// Who wakes it.
struct Bell {
    is_rung: AtomicBool,
    task: Waker,
}

impl<F> Beside<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            bell: Arc::new(Bell::of(Waker::noop())),
        }
    }
}

impl<F: Future> Future for Beside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self { future, bell } = &mut *self;
        if !bell.task.will_wake(cx.waker()) {
            // For the first time, or in another task.
            *bell = Arc::new(Bell::of(cx.waker()));
        }
        if !bell.answer() {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(bell));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl Bell {
    /// Rung already: there is a first poll.
    fn of(task: &Waker) -> Self {
        Self {
            is_rung: AtomicBool::new(true),
            task: task.clone(),
        }
    }

    /// Whether it was rung since it was answered last.
    fn answer(&self) -> bool {
        // The load alone, mostly. What was done before it was rung is seen behind the swap.
        self.is_rung.load(Ordering::Relaxed) && self.is_rung.swap(false, Ordering::Acquire)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_rung.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// A task that counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn it_is_polled_when_it_was_woken_and_when_it_comes_to_another_task_and_not_else() {
        let (polls, woken) = (AtomicUsize::new(0), Mutex::new(Waker::noop().clone()));
        let mut beside = Beside::new(poll_fn(|cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            woken.lock().unwrap().clone_from(cx.waker());
            Poll::<()>::Pending
        }));
        let tasks = [Arc::new(Task::default()), Arc::new(Task::default())];
        for (task, is_woken, polled) in [
            (0, false, 1),
            (0, false, 1),
            (0, true, 2),
            (0, false, 2),
            (1, false, 3),
            (1, false, 3),
            (1, true, 4),
        ] {
            if is_woken {
                woken.lock().unwrap().wake_by_ref();
            }
            let waker = Waker::from(Arc::clone(&tasks[task]));
            let polled_now = Pin::new(&mut beside).poll(&mut Context::from_waker(&waker));
            assert!(polled_now.is_pending());
            assert_eq!(polls.load(Ordering::Relaxed), polled);
        }
        let woken = tasks.each_ref().map(|task| task.0.load(Ordering::Relaxed));
        assert_eq!(woken, [1, 1]);
    }

    #[test]
    fn what_is_woken_while_it_is_polled_is_polled_again() {
        let mut polls = 0;
        let mut beside = Beside::new(poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls < 3 {
                Poll::Pending
            } else {
                Poll::Ready(polls)
            }
        }));
        let task = Arc::new(Task::default());
        let waker = Waker::from(Arc::clone(&task));
        let mut poll = || Pin::new(&mut beside).poll(&mut Context::from_waker(&waker));
        assert_eq!(
            [poll(), poll(), poll()],
            [Poll::Pending, Poll::Pending, Poll::Ready(3)]
        );
        assert_eq!(task.0.load(Ordering::Relaxed), 3);
    }
}
