use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use countersign_policy::Directory;
use countersign_tls::{Clock, Sessions, TrustSnapshot};

use crate::{Forwarding, Live};

/// Where new states come from: files, and what is made of them.
///
/// `examples/hello.rs` has one with a certificate, its key, a CA, its revocation list and a policy.
///
/// It is cloned before it reads, so that one which panicked meanwhile is not gone on with.
pub trait Source: Clone + Send + Sync + 'static {
    /// Why the files make no state. The audit log says it.
    type Error: fmt::Display + Send + 'static;

    /// The files that are looked at. One that is not there counts too: it may come.
    ///
    /// Asked anew for each look: they may be others after a [`load`](Self::load).
    fn files(&self) -> Vec<PathBuf>;

    /// Reads the files, each time anew, on a thread that answers no requests ([`aside`](crate::aside)).
    ///
    /// With `sessions` in its [`ServerOptions`](countersign_tls::ServerOptions) the new state knows those of the one before,
    /// and clients need not shake hands in full; `clock` is that of the [`Live`].
    ///
    /// # Errors
    ///
    /// The files make no state: the old one stays in force.
    fn load(&mut self, sessions: Sessions, clock: Arc<dyn Clock>) -> Result<NewState, Self::Error>;
}

/// What is put in force together.
pub struct NewState {
    pub(super) trust: TrustSnapshot,
    pub(super) directory: Directory,
    pub(super) forwarding: Forwarding,
    pub(super) afterwards: Afterwards,
}

type Afterwards = Box<dyn FnOnce(&Live) + Send>;

impl NewState {
    /// With no gateways that are believed.
    pub fn new(trust: TrustSnapshot, directory: Directory) -> Self {
        Self {
            trust,
            directory,
            forwarding: Forwarding::default(),
            afterwards: Box::new(|_| {}),
        }
    }

    /// With these gateways.
    #[must_use]
    pub fn forwarding(self, forwarding: Forwarding) -> Self {
        Self { forwarding, ..self }
    }

    /// Does `work` once the state is in force, aside from the requests: what a service makes of the same files besides is put in
    /// its place then. It is not done where the state is refused; a panic in it ends the reloader.
    #[must_use]
    pub fn afterwards(self, work: impl FnOnce(&Live) + Send + 'static) -> Self {
        let afterwards = Box::new(work);
        Self { afterwards, ..self }
    }
}

impl fmt::Debug for NewState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewState")
            .field("trust", &self.trust)
            .field("directory", &self.directory)
            .field("forwarding", &self.forwarding)
            .finish_non_exhaustive()
    }
}
