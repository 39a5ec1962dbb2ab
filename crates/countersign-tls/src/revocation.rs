use jiff::{SignedDuration, Timestamp};

use crate::link::Link;
use crate::refusal::UnknownRevocation;
use crate::signature_kind::Algorithms;
use crate::{Refusal, RevocationList};

/// Whether a trust asks revocation lists, and how fresh they must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// Every certificate must be covered by a list that is not stale.
    RequireFresh,
    /// Every certificate must be covered by a list that is stale for no longer than this.
    AllowStale {
        /// How long after its nextUpdate a list still counts.
        limit: SignedDuration,
    },
    /// Lists are not asked.
    Off,
}

/// Of which certificates of a path it is asked whether they are revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationReach {
    /// Of all but the anchor: the lists of the CAs above must be there, too.
    #[default]
    Chain,
    /// Of the leaf.
    Leaf,
}

impl Revocation {
    /// The last moment at which a list with this nextUpdate counts.
    fn end(self, next_update: Timestamp) -> Timestamp {
        match self {
            Self::AllowStale { limit } => {
                let end = next_update.checked_add(limit);
                end.unwrap_or(Timestamp::MAX)
            }
            Self::RequireFresh | Self::Off => next_update,
        }
    }
}

/// The lists of a trust, the newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    lists: Vec<RevocationList>,
}

impl Lists {
    /// However they were ordered.
    pub(crate) fn new(lists: impl IntoIterator<Item = RevocationList>) -> Self {
        let mut lists: Vec<_> = lists.into_iter().collect();
        lists.sort_by(|one, other| other.compare_age(one));
        Self { lists }
    }

    pub(crate) fn as_slice(&self) -> &[RevocationList] {
        &self.lists
    }

    /// Those for which there is a newer one that is known to be genuine.
    pub(crate) fn superseded(&self) -> impl Iterator<Item = &RevocationList> {
        let lists = self.lists.iter().enumerate();
        lists.filter_map(|(index, list)| {
            let mut newer = self.lists.iter().take(index);
            let newer = newer.any(|newer| newer.is_proven() && newer.is_of_one_kind_with(list));
            newer.then_some(list)
        })
    }

    /// Until when it is known that `link` is not revoked, where its issuer is `issuer`.
    ///
    /// Of several lists for the same certificates the newest counts that `issuer` has signed. Where
    /// lists for different certificates all speak for this one, none may name it, and none be stale.
    pub(crate) fn check(
        &self,
        link: &Link,
        issuer: &Link,
        asked: &Asked<'_>,
    ) -> Result<Timestamp, Refusal> {
        let mut counted: Vec<&RevocationList> = Vec::new();
        let mut until = Timestamp::MAX;
        let mut unknown = UnknownRevocation::Missing;
        let covering = self.lists.iter().filter(|list| list.covers(link));
        for list in covering {
            if counted.iter().any(|newer| newer.is_of_one_kind_with(list)) {
                continue;
            }
            if !list.is_signed_by(issuer, asked.algorithms) {
                unknown = UnknownRevocation::WrongSigner;
                continue;
            }
            if !issuer.may_sign_lists() {
                return Err(UnknownRevocation::IssuerMayNotSign.into());
            }
            if list.this_update() > asked.now {
                // What it will say then is not known now.
                until = until.min(list.this_update());
                continue;
            }
            if list.contains(&link.serial) {
                let serial = link.serial_hex();
                return Err(Refusal::Revoked { serial });
            }
            counted.push(list);
        }
        for list in &counted {
            let end = asked.mode.end(list.next_update());
            if asked.now.as_second() > end.as_second() {
                let next_update = list.next_update();
                return Err(UnknownRevocation::Stale { next_update }.into());
            }
            until = until.min(end);
        }
        match counted.is_empty() {
            true => Err(unknown.into()),
            false => Ok(until),
        }
    }
}

/// How the lists are asked.
pub(crate) struct Asked<'a> {
    pub(crate) mode: Revocation,
    pub(crate) now: Timestamp,
    pub(crate) algorithms: &'a Algorithms,
}
