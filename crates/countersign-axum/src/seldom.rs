use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is polled when it has something to say, and not whenever the one beside it has.
pub(crate) struct Seldom<F> {
    /// On the heap: in place there would be room for it twice.
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
    /// Whom the bell wakes.
    waker: Option<Waker>,
}

struct Bell {
    /// Whether the future is to be polled.
    rung: AtomicBool,
    /// Locked by the first poll, and where another task polls; and by whoever rings.
    waker: Mutex<Option<Waker>>,
}

impl<F: Future> Seldom<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: Box::pin(future),
            bell: Arc::new(Bell {
                rung: AtomicBool::new(true),
                waker: Mutex::default(),
            }),
            waker: None,
        }
    }
}

impl<F: Future> Future for Seldom<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let waker = cx.waker();
        if !self
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            self.waker = Some(waker.clone());
            *self.bell.waker() = Some(waker.clone());
        }
        // First looked at: on most polls nothing has to be written.
        if !self.bell.rung.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.bell.rung.store(false, Ordering::SeqCst);
        let bell = Waker::from(Arc::clone(&self.bell));
        self.future.as_mut().poll(&mut Context::from_waker(&bell))
    }
}

impl Bell {
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        if let Some(waker) = &*self.waker() {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;

    use super::*;

    #[test]
    fn it_is_polled_at_first_and_whenever_it_is_woken() {
        let (polls, inner) = (Cell::new(0), Cell::new(None::<Waker>));
        let mut seldom = pin!(Seldom::new(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            inner.set(Some(cx.waker().clone()));
            match polls.get() {
                3 => Poll::Ready(()),
                _ => Poll::<()>::Pending,
            }
        })));
        let outer = Arc::new(Bell {
            rung: AtomicBool::new(false),
            waker: Mutex::default(),
        });
        let task = Waker::from(Arc::clone(&outer));
        let mut cx = Context::from_waker(&task);
        let mut poll = || seldom.as_mut().poll(&mut cx);
        assert!(poll().is_pending() && poll().is_pending());
        assert_eq!(polls.get(), 1);
        assert!(!outer.rung.load(Ordering::SeqCst));
        inner.take().unwrap().wake();
        assert!(outer.rung.swap(false, Ordering::SeqCst));
        assert!(poll().is_pending() && poll().is_pending());
        assert_eq!(polls.get(), 2);
        inner.take().unwrap().wake();
        assert!(outer.rung.load(Ordering::SeqCst));
        assert!(poll().is_ready());
    }

    #[test]
    fn it_wakes_the_task_that_polled_it_last() {
        let waker = Cell::new(None::<Waker>);
        let mut seldom = pin!(Seldom::new(poll_fn(|cx| {
            waker.set(Some(cx.waker().clone()));
            Poll::<()>::Pending
        })));
        let tasks = [(); 2].map(|()| {
            Arc::new(Bell {
                rung: AtomicBool::new(false),
                waker: Mutex::default(),
            })
        });
        for task in &tasks {
            let task = Waker::from(Arc::clone(task));
            assert!(
                seldom
                    .as_mut()
                    .poll(&mut Context::from_waker(&task))
                    .is_pending()
            );
        }
        waker.take().unwrap().wake();
        let woken = tasks.map(|task| task.rung.load(Ordering::SeqCst));
        assert_eq!(woken, [false, true]);
    }
}
