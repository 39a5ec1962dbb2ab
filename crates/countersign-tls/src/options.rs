use std::fmt;
use std::sync::Arc;

use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

/// What a server does about client certificates, besides what its trusts say.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServerOptions {
    /// What is asked of a client in the handshake.
    pub client_certificate: ClientCertificate,
    /// Where sessions are kept that clients may resume.
    pub sessions: Sessions,
}

impl ServerOptions {
    /// Asks clients for a certificate in this way.
    #[must_use]
    pub fn client_certificate(self, client_certificate: ClientCertificate) -> Self {
        Self {
            client_certificate,
            ..self
        }
    }

    /// Keeps sessions there.
    #[must_use]
    pub fn sessions(self, sessions: Sessions) -> Self {
        Self { sessions, ..self }
    }
}

/// What is asked of a client in the handshake.
///
/// Whatever it is, a finished handshake says nothing of trust: [`Peer::of`](crate::Peer::of) does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientCertificate {
    /// A certificate for which a trust vouches. Any other client is refused with an alert.
    #[default]
    Required,
    /// A certificate for which a trust vouches, or none. A bad one is refused with an alert; whoever
    /// presents none comes in and has no [`Peer`](crate::Peer).
    Requested,
    /// Anything whose key the client proves to hold, or nothing. Whoever is not vouched for comes in
    /// and has no [`Peer`](crate::Peer): the reason can be told over HTTP, in words.
    RefusedOverHttp,
}

/// The sessions of a server that clients may resume (RFC 8446, section 2.2). Cheap to clone; the
/// clones share their sessions.
///
/// rustls does not look at the certificate when a session is resumed. That is why one store may
/// serve several snapshots, the one before and the one after a reload: [`Peer::of`](crate::Peer::of)
/// judges each connection by the snapshot in force, resumed or not, so an old ticket carries no
/// trust with it, and a client whom the reload does not concern need not shake hands in full.
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn StoresServerSessions>,
}

impl Sessions {
    /// A store in memory for so many sessions; an older one gives way to a newer.
    pub fn new(capacity: usize) -> Self {
        Self {
            store: ServerSessionMemoryCache::new(capacity),
        }
    }

    pub(crate) fn store(&self) -> Arc<dyn StoresServerSessions> {
        Arc::clone(&self.store)
    }
}

impl Default for Sessions {
    /// For 1,024 sessions.
    fn default() -> Self {
        Self::new(1024)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}
