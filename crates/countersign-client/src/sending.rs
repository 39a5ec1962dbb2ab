use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::classify::Caller;
use crate::{Error, Response};

/// A request on its way, until the head of its answer is here.
///
/// It remembers whether it was redirected: then the server has seen the request, whatever comes next. Written
/// out, and not as layers of `async`, each of which would move the request once more.
pub(crate) struct Sending<F> {
    caller: Arc<Caller>,
    call: F,
    redirected: bool,
}

impl<F> Sending<F> {
    pub(crate) fn new(caller: Arc<Caller>, call: F) -> Self {
        Self {
            caller,
            call,
            redirected: false,
        }
    }
}

impl<F> Future for Sending<F>
where
    F: Future<Output = reqwest::Result<reqwest::Response>> + Unpin,
{
    type Output = Result<Response, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let call = Pin::new(&mut this.call);
        let (polled, redirected) = REDIRECTED.sync_scope(Cell::new(this.redirected), || {
            (call.poll(context), REDIRECTED.with(Cell::get))
        });
        this.redirected = redirected;
        polled.map(|answer| match answer {
            Ok(response) => Ok(Response::new(Arc::clone(&this.caller), response)),
            Err(error) => {
                let url = error.url().cloned();
                let error = this.caller.classify(error, redirected);
                Err(url.iter().fold(error, Error::at))
            }
        })
    }
}

/// Called by the redirect policy.
pub(crate) fn note_redirect() {
    let _ = REDIRECTED.try_with(|redirected| redirected.set(true));
}

tokio::task_local! {
    static REDIRECTED: Cell<bool>;
}
