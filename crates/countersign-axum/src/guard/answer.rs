use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use pin_project_lite::pin_project;

use super::{Asked, Guard, LetIn};
use crate::audit::{Action, EventKind, Recording, Untold};
use crate::caller::Known;
use crate::cutoff::{self, Cut, Cutoff};
use crate::{Code, CorrelationId, Fault, Via};

pin_project! {
    /// The answer to a request, once there is one.
    ///
    /// Named, and no `async` block on the heap: axum puts it there anyway.
    #[project = Answering]
    pub(crate) enum Answer<F> {
        /// The handler runs.
        Running { #[pin] handler: F, passed: Option<Passed> },
        /// There is something to wait for besides.
        Later { answer: Pin<Box<dyn Future<Output = Response> + Send>> },
    }
}

/// What is told, and to whom, once the handler has answered.
pub(crate) struct Passed {
    pub(super) guard: Arc<Guard>,
    pub(super) asked: Asked,
    pub(super) let_in: LetIn,
    /// None as long as nothing had to be waited for, and where the caller comes directly.
    pub(super) cut: Option<Cut>,
}

impl<F> Answer<F> {
    pub(super) fn later(answer: impl Future<Output = Response> + Send + 'static) -> Self {
        let answer = Box::pin(answer);
        Self::Later { answer }
    }
}

impl<F: Future<Output: IntoResponse>> Future for Answer<F> {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (handler, passed) = match self.as_mut().project() {
            Answering::Running { handler, passed } => (handler, passed),
            Answering::Later { answer } => return answer.as_mut().poll(cx),
        };
        let polled = catch_unwind(AssertUnwindSafe(|| {
            handler.poll(cx).map(IntoResponse::into_response)
        }));
        let answered = match polled {
            Ok(Poll::Pending) => match passed.as_mut().and_then(|passed| passed.cut_off(cx)) {
                None => return Poll::Pending,
                Some(fault) => Ok(fault.into_response()),
            },
            Ok(Poll::Ready(answer)) => Ok(answer),
            Err(_) => Err(Panicked),
        };
        let Some(mut passed) = passed.take() else {
            // It has answered, and whoever asks again asks in vain.
            return Poll::Pending;
        };
        let (answer, told) = passed.finish(answered);
        if told.is_done() {
            return Poll::Ready(answer);
        }
        self.set(Self::later(passed.once_told(answer, told)));
        self.poll(cx)
    }
}

/// What a handler did instead of an answer; the panic itself has been told by the hook of the program.
pub(super) struct Panicked;

impl Passed {
    /// Renders the problem that the handler may have answered with, and tells what it did, or would not do.
    pub(super) fn finish(&mut self, answered: Result<Response, Panicked>) -> (Response, Recording) {
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(Panicked) => panicked(&self.asked.id).into_response(),
        };
        let fault = answer.extensions_mut().remove::<Fault>();
        let action = answer.extensions_mut().remove::<Action>();
        let told = self.tell(fault.as_ref(), action);
        let mut answer = match fault {
            Some(fault) => self.guard.render(&fault, &self.asked.id),
            None => self.keep(answer),
        };
        self.asked.id.write(answer.headers_mut());
        (answer, told)
    }

    /// Tells the audit log; on a public route what is known of whoever asks, though nobody was asked who that is.
    fn tell(&self, fault: Option<&Fault>, action: Option<Action>) -> Recording {
        let kind = match action {
            Some(_) => EventKind::Action,
            None if fault.is_some_and(is_denial) => EventKind::Request,
            None => return Recording::done(),
        };
        let live = &self.guard.live;
        let (connection, mut event) = match &self.let_in {
            LetIn::Known(connection, caller) => (connection, caller.event(kind, live, fault)),
            LetIn::Anybody(Some(connection), claims) => {
                let mut known = Known::default();
                // It notes on the way what is known; what it comes to decides nothing.
                let _ = known.heard(connection, live, claims.clone());
                let mut event = known.event(kind, live);
                known.describe(&mut event, connection, fault);
                (connection, event)
            }
            LetIn::Anybody(None, _) => return Recording::done(),
        };
        self.guard.describe(&self.asked, &mut event);
        if let Some(action) = action {
            event.act(action);
        }
        connection.audit().record(event)
    }

    /// What a client of a gateway is answered is for no other one, and lasts no longer than the trust in it.
    fn keep(&mut self, mut answer: Response) -> Response {
        let LetIn::Known(_, caller) = &self.let_in else {
            return answer;
        };
        let Some(via) = caller.via() else {
            return answer;
        };
        keep_apart(via, answer.headers_mut());
        if !cutoff::may_last(answer.body()) {
            return answer;
        }
        match self.cut.take().or_else(|| self.cut()) {
            Some(cut) => answer.map(|body| cutoff::ending(body, cut)),
            None => answer,
        }
    }

    /// Why a client of a gateway is to be answered no more, while the handler has not answered; none as long as it is.
    fn cut_off(&mut self, cx: &mut Context<'_>) -> Option<Fault> {
        if self.cut.is_none() {
            self.cut = self.cut();
        }
        match self.cut.as_mut()?.as_mut().poll(cx) {
            Poll::Ready(fault) => {
                self.cut = None;
                Some(fault)
            }
            Poll::Pending => None,
        }
    }

    fn cut(&self) -> Option<Cut> {
        match &self.let_in {
            LetIn::Known(connection, caller) => Cutoff::of(connection, caller, &self.guard.live),
            LetIn::Anybody(..) => None,
        }
    }

    /// The answer, where the handler has panicked before there was anything to poll.
    pub(super) async fn panicked(mut self) -> Response {
        let (answer, told) = self.finish(Err(Panicked));
        self.once_told(answer, told).await
    }

    /// The `answer`, once it is told what the handler did. Where that cannot be told, nothing is answered as if it had been.
    pub(super) async fn once_told(self, answer: Response, told: Recording) -> Response {
        let Err(Untold) = told.await else {
            return answer;
        };
        let id = &self.asked.id;
        let mut answer = self.guard.render(&untold(id), id);
        id.write(answer.headers_mut());
        answer
    }
}

/// No cache gives the answer for one client of a gateway to another (RFC 9440, section 2.4).
fn keep_apart(via: &Via, headers: &mut HeaderMap) {
    if let Some(vary) = via.vary() {
        headers.append(VARY, vary);
    }
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// The caller is told nothing of it but the id.
fn panicked(id: &CorrelationId) -> Fault {
    tracing::error!(correlation_id = id.as_str(), "a handler panicked");
    Fault::new(Code::Internal, "the request could not be answered")
}

/// The answer in place of one that the audit log should have been told of first.
pub(super) fn untold(id: &CorrelationId) -> Fault {
    tracing::error!(
        correlation_id = id.as_str(),
        "the audit log could not be told: the request is not answered"
    );
    Fault::new(Code::Internal, "the request could not be answered")
}

/// A handler refused the caller, by asking for a permission of its own.
fn is_denial(fault: &Fault) -> bool {
    let status = StatusCode::from_u16(fault.code().status());
    matches!(status, Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
}
