//! Do the files say something new, and can it be put in force?

mod digests;
pub use digests::Digests;

mod source;
pub use source::{NewState, Source};

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use countersign_tls::{Clock, Sessions};
use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval};

use crate::{Audit, Epoch, Live, Reload, aside};

/// Puts in force what the files of a [`Source`] say, each time that they say something new: all of it together, as one
/// snapshot.
///
/// Validate, then swap, then say so: a state that is wrong is refused as a whole, once, with its reason in the
/// audit log, and the old one stays in force.
///
/// ```no_run
/// # use countersign_axum::{Audit, Live, Reloader, Source, SystemClock};
/// # async fn serve(live: Live) {}
/// # async fn run<S: Source>(source: S, audit: Audit) -> Result<(), S::Error> {
/// use std::sync::Arc;
/// use tokio::sync::Notify;
///
/// let reloader = Reloader::load(source, audit, Arc::new(SystemClock))?;
/// let live = reloader.live();
/// // Whoever notifies it need not wait for the next look at the files: at SIGHUP, say.
/// let at_once = Arc::new(Notify::new());
/// tokio::select! {
///     () = serve(live) => {}
///     () = reloader.run(at_once) => {}
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reloader<S> {
    source: S,
    live: Live,
    audit: Audit,
    /// What the state in force was made of.
    in_force: Digests,
    /// What was looked at last, in force or refused.
    examined: Digests,
    /// What the last poll found, if it was new.
    unsettled: Option<Digests>,
    looks: u32,
}

/// What became of a new state.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reloaded<E> {
    /// It is in force.
    Applied {
        /// Its number.
        epoch: Epoch,
        /// What changed, and who is refused from now on.
        reload: Reload,
    },
    /// It is not: the old state is.
    Refused(E),
}

impl<S: Source> Reloader<S> {
    /// Loads the first state from `source`.
    ///
    /// # Errors
    ///
    /// The files make no state.
    pub fn load(mut source: S, audit: Audit, clock: Arc<dyn Clock>) -> Result<Self, S::Error> {
        // First: what changes while the files are loaded is noticed later.
        let digests = Digests::of(source.files());
        let state = source.load(Sessions::default(), Arc::clone(&clock))?;
        let (trust, directory, forwarding) = (state.trust, state.directory, state.forwarding);
        let live = Live::with_forwarding(trust, directory, forwarding, clock);
        (state.afterwards)(&live);
        Ok(Self::new(source, digests, live, audit))
    }

    /// For `live`, which was loaded from `source` when its files had these digests. They are taken before the files
    /// are loaded: a change while they are is noticed later.
    pub fn new(source: S, digests: Digests, live: Live, audit: Audit) -> Self {
        Self {
            source,
            live,
            audit,
            in_force: digests.clone(),
            examined: digests,
            unsettled: None,
            looks: 0,
        }
    }

    /// What it puts the states into.
    pub fn live(&self) -> Live {
        self.live.clone()
    }

    /// Polls each second, and reloads whenever `at_once` is notified; for ever. Where its task has ended, it has panicked,
    /// and no revocation is noticed any more: a service should end then, too.
    pub async fn run(mut self, at_once: Arc<Notify>) {
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => drop(self.poll().await),
                () = at_once.notified() => drop(self.reload().await),
            }
        }
    }

    /// Looks at the files, and reloads once they hold something new and have held it since the poll before: a
    /// certificate and its key are two files, and cannot change at one moment.
    pub async fn poll(&mut self) -> Option<Reloaded<S::Error>> {
        let found = self.look().await?;
        if found == self.examined {
            self.examined = found;
            self.unsettled = None;
            return None;
        }
        if self.unsettled.as_ref() != Some(&found) {
            self.unsettled = Some(found);
            return None;
        }
        self.reload().await
    }

    /// Reads what looks other than before, and once in a while all: a list may have many megabytes.
    async fn look(&mut self) -> Option<Digests> {
        let (files, before) = (self.source.files(), self.examined.clone());
        self.looks = self.looks.wrapping_add(1);
        let all = self.looks.is_multiple_of(LOOKS);
        blocking(move || match all {
            true => Digests::of(files),
            false => Digests::again(files, &before),
        })
        .await
    }

    /// Reloads at once, whether the files hold something new or not; none where they cannot be looked at, or the program is
    /// ending.
    pub async fn reload(&mut self) -> Option<Reloaded<S::Error>> {
        self.unsettled = None;
        let read = self.read().await?;
        let changed = self.in_force.differing(&read.digests);
        (self.examined, self.source) = (read.digests, read.source);
        Some(match read.state {
            Ok(state) => {
                self.in_force = self.examined.clone();
                self.apply(state, changed).await
            }
            Err(error) => self.refuse(error, changed).await,
        })
    }

    async fn apply(&self, state: NewState, changed: Vec<String>) -> Reloaded<S::Error> {
        let (trust, directory, forwarding) = (state.trust, state.directory, state.forwarding);
        let live = &self.live;
        let applied = live.reload(trust, directory, forwarding, changed, &self.audit);
        let (epoch, reload) = applied.await;
        tracing::info!(%epoch, changed = ?reload.changed, "reloaded");
        for refused in &reload.refused {
            let (principal, why) = (&refused.principal, refused.fault.detail());
            tracing::warn!("reloaded: `{principal}`, seen lately, is refused from now on: {why}");
        }
        let live = self.live();
        let followed = aside(move || (state.afterwards)(&live)).await;
        // A state that is half in force is none to go on with.
        if let Err(error) = followed
            && let Ok(panic) = error.try_into_panic()
        {
            resume_unwind(panic);
        }
        Reloaded::Applied { epoch, reload }
    }

    async fn refuse(&self, error: S::Error, changed: Vec<String>) -> Reloaded<S::Error> {
        tracing::warn!("reload refused, the old state stays in force: {error}");
        let reason = error.to_string();
        self.live.refuse_reload(reason, changed, &self.audit).await;
        Reloaded::Refused(error)
    }

    /// Reads files until they do not change while they are read, or do so again and again.
    async fn read(&self) -> Option<Read<S>> {
        let sessions = self.live.load().trust().options().sessions.clone();
        let (before, clock) = (self.source.clone(), self.live.clock());
        blocking(move || {
            let mut digests = Digests::of(before.files());
            let mut tries = 0;
            loop {
                let mut source = before.clone();
                let state = source.load(sessions.clone(), Arc::clone(&clock));
                // Of the files that it has now, which may be others.
                let after = Digests::of(source.files());
                tries += 1;
                if after == digests || tries == TRIES {
                    return Read {
                        source,
                        digests,
                        state,
                    };
                }
                digests = after;
            }
        })
        .await
    }
}

/// What the files say.
struct Read<S: Source> {
    source: S,
    digests: Digests,
    state: Result<NewState, S::Error>,
}

/// None where it panicked: that is told, and the next poll looks again. A list may have a million entries: that is not for a thread that answers
/// requests.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let done = aside(work).await;
    done.inspect_err(|error| tracing::error!(%error, "the files cannot be looked at"))
        .ok()
}

const POLL: Duration = Duration::from_secs(1);
/// Where a file system does not tell of a change, it is seen within a minute.
const LOOKS: u32 = 60;
const TRIES: usize = 4;
