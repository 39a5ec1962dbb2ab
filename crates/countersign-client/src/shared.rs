//! What do the clones of a client share, and how does a call go through?

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use reqwest::Request;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use tokio::time::sleep;
use tracing::{Instrument, debug_span, warn};

use crate::generation::Generation;
use crate::reload::Reloader;
use crate::request::check_scheme;
use crate::retry::is_idempotent;
use crate::settings::Settings;
use crate::{Error, Event, Events, Kind, Likely, Refused, Response};

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    current: ArcSwap<Generation>,
    pub(crate) reloader: Reloader,
    events: broadcast::Sender<Event>,
    polling: std::sync::OnceLock<AbortHandle>,
}

/// What a call counts as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Any,
    Success,
}

impl Shared {
    pub(crate) fn new(settings: Settings, first: Generation, reloader: Reloader) -> Self {
        Self {
            settings,
            current: ArcSwap::from_pointee(first),
            reloader,
            events: broadcast::Sender::new(REMEMBERED_EVENTS),
            polling: std::sync::OnceLock::new(),
        }
    }

    pub(crate) fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    pub(crate) fn events(&self) -> Events {
        Events(self.events.subscribe())
    }

    pub(crate) fn replace(&self, next: Generation) {
        let next = Arc::new(next);
        let before = self.current.swap(Arc::clone(&next));
        self.settings.metrics.rotated(&next);
        self.tell(Event::Rotated {
            generation: next.number,
            from: before.caller.certificate().cloned(),
            to: next.caller.certificate().cloned(),
        });
    }

    pub(crate) fn tell(&self, event: Event) {
        match &event {
            Event::Rotated { .. } => tracing::info!("{event}"),
            _ => warn!("{event}"),
        }
        // Nobody has to listen.
        let _ = self.events.send(event);
    }

    /// Says once that the certificate ends soon.
    pub(crate) fn tell_of_the_end(&self, generation: &Generation) {
        let settings = &self.settings;
        let end = generation.end_to_tell(settings.clock.now(), settings.warn_before);
        if let Some(not_after) = end {
            self.tell(Event::ExpiresSoon { not_after });
        }
    }

    /// Looks for a new credential now and then, for as long as there is a client.
    pub(crate) fn start_polling(self: &Arc<Self>) {
        let Some(every) = self.settings.poll_every else {
            return;
        };
        if self.reloader.may_change() {
            let task = tokio::spawn(crate::reload::poll(Arc::downgrade(self), every));
            let _ = self.polling.set(task.abort_handle());
        }
    }

    /// Sends a request, and again where that is safe and may help.
    pub(crate) async fn call(
        &self,
        request: Request,
        idempotent: bool,
        wanted: Answer,
    ) -> Result<Response, Error> {
        check_scheme(&request)?;
        let span = debug_span!("call", method = %request.method(), host = request.url().host_str());
        let idempotent = idempotent || is_idempotent(&request);
        let spare = self.spare(&request);
        let generation = self.current();
        self.tell_of_the_end(&generation);
        let mut sending = generation.send(request);
        let answer = poll_fn(|context| span.in_scope(|| Pin::new(&mut sending).poll(context)));
        let done = match answer.await {
            Ok(response) if wanted == Answer::Any || !response.is_failure() => Ok(response),
            // What follows is rare and large: in a box it is not moved about with every call.
            other => {
                let rest = self.conclude(generation, other, wanted, spare, idempotent);
                Box::pin(rest.instrument(span)).await
            }
        };
        self.settings.metrics.called(&done);
        done
    }

    /// What comes of an answer that is not as wanted, or of none.
    async fn conclude(
        &self,
        mut generation: Arc<Generation>,
        mut answer: Result<Response, Error>,
        wanted: Answer,
        mut spare: Option<Request>,
        idempotent: bool,
    ) -> Result<Response, Error> {
        let mut state = Repeated::default();
        loop {
            let error = match judged(answer, wanted).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            // A body that streams is gone.
            let Some(request) = spare else {
                return Err(error);
            };
            let again = self.prepare(&mut state, &generation, &error, idempotent);
            if !again.await {
                return Err(error);
            }
            spare = self.spare(&request);
            generation = self.current();
            self.tell_of_the_end(&generation);
            answer = generation.send(request).await;
        }
    }

    /// The request once more, if it may have to be sent again.
    fn spare(&self, request: &Request) -> Option<Request> {
        self.may_repeat().then(|| request.try_clone()).flatten()
    }

    fn may_repeat(&self) -> bool {
        self.settings.retry.is_some()
            || (self.settings.reload_when_refused && self.reloader.may_change())
    }

    /// Whether to try again, once what has to be waited for is done.
    async fn prepare(
        &self,
        state: &mut Repeated,
        generation: &Generation,
        error: &Error,
        idempotent: bool,
    ) -> bool {
        if let Kind::Refused(refused) = error.kind() {
            let safe = error.is_safe_to_retry() || idempotent;
            let helps = safe && is_cured_by_another(refused) && !state.reloaded;
            state.reloaded = true;
            return helps
                && self.settings.reload_when_refused
                && self.has_newer(generation.number).await;
        }
        let pause = self
            .settings
            .retry
            .and_then(|retry| retry.pause(state.times, error, idempotent));
        let Some(pause) = pause else {
            return false;
        };
        state.times += 1;
        tracing::debug!(?pause, %error, "the call is repeated");
        self.settings.metrics.repeated();
        sleep(pause).await;
        true
    }

    /// Whether there is a newer generation than that which was refused, perhaps after a look.
    async fn has_newer(&self, number: u64) -> bool {
        if self.current().number == number {
            self.reload_after_a_refusal().await;
        }
        self.current().number > number
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(polling) = self.polling.get() {
            polling.abort();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// What has been tried.
#[derive(Default)]
struct Repeated {
    times: u32,
    reloaded: bool,
}

async fn judged(answer: Result<Response, Error>, wanted: Answer) -> Result<Response, Error> {
    let response = answer?;
    match wanted {
        Answer::Any => Ok(response),
        Answer::Success => response.into_success().await,
    }
}

/// Whether a new certificate of the same kind could be accepted where this one is not.
fn is_cured_by_another(refused: &Refused) -> bool {
    matches!(
        refused.likely,
        Likely::Expired { .. }
            | Likely::Revoked
            | Likely::IssuerNotAccepted { .. }
            | Likely::SignatureRejected
            | Likely::ServerCannotCheckRevocation
            | Likely::ValidByOurClock
            | Likely::Unknown
    )
}

/// Who falls further behind misses the oldest.
const REMEMBERED_EVENTS: usize = 64;

/// After a refusal, files are looked at no more often than this.
pub(crate) const BETWEEN_REFUSALS: Duration = Duration::from_secs(1);
