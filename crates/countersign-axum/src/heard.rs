use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_identity::Certificate;
use countersign_tls::{Forwarded, Peer};
use jiff::Timestamp;

use crate::claims::Claims;
use crate::cutoff::Cutoff;
use crate::forwarding::Said;
use crate::{Code, Epoch, Fault, Gateway, Snapshot};

/// Whom a gateway spoke of on one connection, so that the same words need not be read and verified for each request.
///
/// It forgets with the snapshot, with the end of what was verified, and when it is full.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    known: Mutex<HashMap<Vec<u8>, Arc<Client>>>,
}

/// A client of whom a gateway spoke.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) forwarded: Forwarded,
    epoch: Epoch,
    /// Whether something was allowed to it.
    allowed: AtomicBool,
    /// The same by each snapshot.
    pub(crate) cutoff: Arc<Cutoff>,
}

/// A client of whom a gateway speaks in a request, and what it says.
#[derive(Debug)]
pub(crate) struct Spoken {
    pub(crate) client: Arc<Client>,
    pub(crate) claims: Claims,
}

impl Client {
    /// Whether nothing was allowed to it yet on this connection and by this snapshot.
    pub(crate) fn is_first(&self) -> bool {
        !self.allowed.load(Ordering::Relaxed) && !self.allowed.swap(true, Ordering::Relaxed)
    }

    fn holds(&self, epoch: Epoch, now: Timestamp) -> bool {
        self.epoch == epoch && now.as_second() <= self.forwarded.until().as_second()
    }
}

/// Why a gateway is not followed, with the certificate that it forwarded, as far as there is one.
#[derive(Debug)]
pub(crate) struct Unheard {
    pub(crate) fault: Fault,
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// The same as it was forwarded, where no trust vouches for it.
    pub(crate) leaf: Option<Arc<[u8]>>,
}

impl<E: Into<Fault>> From<E> for Unheard {
    fn from(fault: E) -> Self {
        Self {
            fault: fault.into(),
            certificate: None,
            leaf: None,
        }
    }
}

impl Heard {
    /// Whom `gateway`, which is `peer`, speaks of in `claims`.
    pub(crate) fn listen(
        &self,
        peer: &Peer,
        gateway: &Gateway,
        claims: &Claims,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Arc<Client>, Unheard> {
        let words = words(claims);
        let remembered = self.remembered(&words);
        let cutoff = match remembered {
            Some(client) if client.holds(snapshot.epoch(), now) => return Ok(client),
            Some(client) => Arc::clone(&client.cutoff),
            None => Arc::default(),
        };
        let client = Arc::new(Client {
            forwarded: read(peer, gateway, claims, snapshot, now)?,
            epoch: snapshot.epoch(),
            allowed: AtomicBool::new(false),
            cutoff,
        });
        self.remember(words, Arc::clone(&client));
        Ok(client)
    }

    fn remembered(&self, words: &[u8]) -> Option<Arc<Client>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(words).cloned()
    }

    fn remember(&self, words: Vec<u8>, client: Arc<Client>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(words, client);
    }
}

fn read(
    peer: &Peer,
    gateway: &Gateway,
    claims: &Claims,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Result<Forwarded, Unheard> {
    let trust = snapshot.trust();
    let said = gateway.dialect().read(claims.headers());
    let said = said.map_err(|error| {
        let detail = format!("the forwarded identity cannot be read: {error}");
        Fault::new(Code::ForwardedIdentityMalformed, detail)
    })?;
    let forwarded = match said {
        Said::Chain(chain) => {
            let forwarded = Forwarded::of(peer, &chain, gateway.intermediates(), trust, now);
            forwarded.map_err(|refused| Unheard {
                fault: refused.into(),
                certificate: Certificate::from_der(chain.leaf()).ok().map(Arc::new),
                leaf: Some(chain.leaf().into()),
            })?
        }
        Said::Name(name) => match gateway.trusts() {
            [one] => Forwarded::by_name(peer, name, one, trust)?,
            _ => return Err(untrusted("a name alone is believed for one trust").into()),
        },
    };
    let certificate = forwarded.certificate().cloned();
    match believed(gateway, &forwarded) {
        Ok(()) => Ok(forwarded),
        Err(fault) => Err(Unheard {
            fault,
            certificate,
            leaf: None,
        }),
    }
}

fn believed(gateway: &Gateway, forwarded: &Forwarded) -> Result<(), Fault> {
    let vouching = forwarded.identity()?.trust();
    match gateway.trusts().contains(vouching) {
        true => Ok(()),
        false => Err(untrusted(format!(
            "`{}` is not believed of clients of the trust `{vouching}`",
            gateway.principal()
        ))),
    }
}

pub(crate) fn untrusted(detail: impl Into<String>) -> Fault {
    Fault::new(Code::ForwardedIdentityUntrusted, detail)
}

/// The very bytes.
fn words(claims: &Claims) -> Vec<u8> {
    let mut words = Vec::new();
    for (name, value) in claims.headers() {
        words.extend_from_slice(name.as_str().as_bytes());
        words.push(b':');
        words.extend_from_slice(value.as_bytes());
        // No header holds one.
        words.push(b'\n');
    }
    words
}

/// Of one connection; a gateway's carries the requests of many clients.
const MOST: usize = 128;
