//! To whom may the credential be shown, who must ask for it, and what did each server say last?

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::handshake::Handshake;

/// The rules of one generation of a client, and what it has seen of servers.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    /// The proxy on the way that is spoken to over TLS.
    pub(crate) proxy: Option<TlsProxy>,
    pub(crate) demand: Demand,
    seen: Mutex<HashMap<String, Seen>>,
}

/// A proxy that may ask for a certificate itself.
#[derive(Clone, Debug)]
pub(crate) struct TlsProxy {
    pub(crate) host: String,
    /// It may not see the credential.
    pub(crate) withheld: bool,
}

/// Which servers must ask for a certificate.
#[derive(Clone, Debug, Default)]
pub(crate) enum Demand {
    #[default]
    Nobody,
    Everybody,
    /// Those of these names.
    Hosts(Vec<String>),
}

/// The last full handshake with a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) asked: bool,
    pub(crate) presented: bool,
    pub(crate) acceptable: Vec<String>,
}

impl Rules {
    pub(crate) fn new(proxy: Option<TlsProxy>, demand: Demand) -> Self {
        Self {
            proxy,
            demand,
            seen: Mutex::default(),
        }
    }

    pub(crate) fn is_proxy(&self, server_name: &str) -> bool {
        let proxy = self.proxy.as_ref();
        proxy.is_some_and(|proxy| proxy.host == server_name)
    }

    pub(crate) fn withholds(&self) -> bool {
        self.proxy.as_ref().is_some_and(|proxy| proxy.withheld)
    }

    /// Remembers a full handshake. A resumed one says nothing that the one before it did not.
    pub(crate) fn remember(&self, handshake: &Handshake) {
        let Some(name) = handshake
            .server_name
            .clone()
            .filter(|_| handshake.is_full())
        else {
            return;
        };
        let seen = Seen {
            asked: handshake.asked,
            presented: handshake.presented,
            acceptable: handshake.acceptable.clone(),
        };
        let mut all = self.lock();
        if all.len() < REMEMBERED || all.contains_key(&name) {
            all.insert(name, seen);
        }
    }

    pub(crate) fn seen(&self, server_name: &str) -> Option<Seen> {
        self.lock().get(&server_name.to_ascii_lowercase()).cloned()
    }

    /// Whether a server that must ask for a certificate did not: in this handshake, or in that
    /// which a resumed session goes back to.
    pub(crate) fn is_silent(&self, handshake: &Handshake) -> bool {
        let Some(name) = &handshake.server_name else {
            return false;
        };
        let wanted = match &self.demand {
            Demand::Nobody => false,
            Demand::Everybody => true,
            Demand::Hosts(hosts) => hosts.contains(name),
        };
        wanted && !handshake.asked && (handshake.is_full() || !self.has_asked(name))
    }

    fn has_asked(&self, server_name: &str) -> bool {
        self.seen(server_name).is_some_and(|seen| seen.asked)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As many servers as rustls remembers sessions of, and no more.
const REMEMBERED: usize = 256;
