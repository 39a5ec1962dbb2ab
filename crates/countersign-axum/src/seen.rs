use std::sync::Arc;

use countersign_identity::{Certificate, Identity};
use countersign_policy::{Directory, PrincipalName};
use countersign_tls::{Forwarded, Peer, TrustSnapshot};
use dashmap::{DashMap, Entry};
use jiff::Timestamp;

use crate::{Caller, Fault};

/// The callers that were allowed something, and the newest certificate of each.
///
/// Asked once for each connection, not for each request. It holds no more than the policy has
/// identities: whom the policy does not know is never allowed anything, and whom a new policy does
/// not know is forgotten.
#[derive(Debug)]
pub(crate) struct Seen {
    /// In many parts, of which one at a time is locked: nobody who is served waits until all callers were looked at.
    latest: DashMap<Identity, Sighting>,
}

/// A caller, and the newest certificate by which it called.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sighting {
    /// Our own name for the caller.
    pub principal: PrincipalName,
    /// The trust that vouched, and the one name in the certificate.
    pub identity: Identity,
    /// The newest certificate.
    pub certificate: Arc<Certificate>,
    /// Whom that certificate proved.
    pub(crate) proof: Proof,
    /// A clone for each connection of its own on which it was allowed something and which is held.
    held: Arc<()>,
    /// How many of its own connections are held on which it was allowed something; those of gateways are not its own.
    pub connections: usize,
    /// When a connection with that certificate was first allowed something, for the last time.
    pub last: Timestamp,
}

/// By what a caller was told.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// By its own handshake.
    Peer(Peer),
    /// By the word of a gateway.
    Forwarded(Forwarded),
}

/// What there is to be done about a caller that was noted.
pub(crate) struct Noted {
    /// The certificate that its own renews.
    pub(crate) renewed: Option<Arc<Certificate>>,
    /// What a connection of its own keeps for as long as it is held.
    pub(crate) held: Arc<()>,
}

impl Noted {
    fn of(sighting: &Sighting, renewed: Option<Arc<Certificate>>) -> Self {
        let held = Arc::clone(&sighting.held);
        Self { renewed, held }
    }
}

impl Proof {
    fn certificate(&self) -> Option<&Arc<Certificate>> {
        match self {
            Self::Peer(peer) => Some(peer.certificate()),
            Self::Forwarded(forwarded) => forwarded.certificate(),
        }
    }

    /// Who it is by another snapshot.
    pub(crate) fn again(
        &self,
        snapshot: &TrustSnapshot,
        now: Timestamp,
    ) -> Result<Identity, Fault> {
        Ok(match self {
            Self::Peer(peer) => peer.again(snapshot, now)?.identity()?.clone(),
            Self::Forwarded(client) => client.again(snapshot, now)?.identity()?.clone(),
        })
    }
}

impl Default for Seen {
    fn default() -> Self {
        let latest = DashMap::with_shard_amount(PARTS);
        Self { latest }
    }
}

impl Seen {
    /// Notes that `caller` was allowed something at `now`. None where it has no certificate.
    ///
    /// A replica that still calls with an older certificate, or another one of the same age, renews
    /// nothing: two that take turns would be renewals without end.
    pub(crate) fn note(&self, caller: &Caller, proof: Proof, now: Timestamp) -> Option<Noted> {
        let certificate = Arc::clone(proof.certificate()?);
        let new = Sighting::of(caller, Arc::clone(&certificate), proof, now);
        let mut sighting = match self.latest.entry(caller.identity().clone()) {
            Entry::Vacant(place) => return Some(Noted::of(&place.insert(new), None)),
            Entry::Occupied(place) => place.into_ref(),
        };
        sighting.principal = caller.principal().name().clone();
        if certificate.thumbprint() == sighting.certificate.thumbprint() {
            sighting.last = now;
        }
        if age(&certificate) <= age(&sighting.certificate) {
            return Some(Noted::of(&sighting, None));
        }
        let held = Arc::clone(&sighting.held);
        let renewed = std::mem::replace(&mut *sighting, Sighting { held, ..new });
        Some(Noted::of(&sighting, Some(renewed.certificate)))
    }

    /// Forgets whom `directory` does not know.
    pub(crate) fn retain(&self, directory: &Directory) {
        self.latest.retain(|identity, _| directory.knows(identity));
    }

    /// All of them, in the order of their identities.
    pub(crate) fn sightings(&self) -> Vec<Sighting> {
        let all = self.latest.iter();
        let mut sightings: Vec<_> = all.map(|sighting| sighting.counted()).collect();
        sightings.sort_by(|one, other| one.identity.cmp(&other.identity));
        sightings
    }
}

impl Sighting {
    fn of(caller: &Caller, certificate: Arc<Certificate>, proof: Proof, now: Timestamp) -> Self {
        Self {
            principal: caller.principal().name().clone(),
            identity: caller.identity().clone(),
            certificate,
            proof,
            held: Arc::default(),
            connections: 0,
            last: now,
        }
    }

    /// A copy, which holds nothing.
    fn counted(&self) -> Self {
        let connections = Arc::strong_count(&self.held).saturating_sub(1);
        Self {
            held: Arc::default(),
            connections,
            ..self.clone()
        }
    }
}

fn age(certificate: &Certificate) -> (Timestamp, Timestamp) {
    (certificate.not_before(), certificate.not_after())
}

/// Of 10,000 callers a part holds forty.
const PARTS: usize = 256;
