//! Does the path that webpki found obey what webpki does not ask?

use jiff::Timestamp;

use crate::link::{AuthorityKeyId, Link};
use crate::refusal::PathRule;
use crate::revocation::Asked;
use crate::rules::ClientPurpose;
use crate::signature_kind::Algorithms;
use crate::trust::Trust;
use crate::{Refusal, Revocation, RevocationReach};

/// A leaf, the intermediates above it and the anchor at the end, each signed by the next.
pub(crate) struct Path<'a> {
    pub(crate) leaf: &'a Link,
    pub(crate) intermediates: &'a [Link],
    pub(crate) anchor: &'a Link,
}

impl Path<'_> {
    /// Until when the path holds, under the rules of `trust`: the last moment, inclusive.
    pub(crate) fn judge(
        &self,
        trust: &Trust,
        algorithms: &Algorithms,
        now: Timestamp,
    ) -> Result<Timestamp, Refusal> {
        check_leaf(self.leaf, trust)?;
        self.check_anchor(now)?;
        for intermediate in self.intermediates {
            check_intermediate(intermediate)?;
        }
        self.check_length(trust)?;
        for link in self.links() {
            trust.check_key(link)?;
            trust.block_list().check(link)?;
        }
        trust.block_list().check(self.anchor)?;
        let until = self.check_revocation(trust, algorithms, now)?;
        let ends = self.links().chain([self.anchor]).map(|link| link.not_after);
        Ok(ends.fold(until, Timestamp::min))
    }

    /// All but the anchor, the leaf first.
    fn links(&self) -> impl Iterator<Item = &Link> {
        [self.leaf].into_iter().chain(self.intermediates)
    }

    /// Whether it has begun and not ended; webpki asks no date of an anchor.
    fn check_anchor(&self, now: Timestamp) -> Result<(), Refusal> {
        let Link {
            not_before,
            not_after,
            ..
        } = *self.anchor;
        if now.as_second() > not_after.as_second() {
            return Err(Refusal::AnchorExpired { not_after });
        }
        if now.as_second() < not_before.as_second() {
            return Err(Refusal::AnchorNotYetValid { not_before });
        }
        Ok(())
    }

    fn check_length(&self, trust: &Trust) -> Result<(), Refusal> {
        let intermediates = self.intermediates.iter();
        // Self-issued ones do not count (RFC 5280, section 4.2.1.9).
        let counted = intermediates.filter(|it| !it.is_self_issued()).count();
        if let Some(allowed) = self.anchor.path_length
            && u32::try_from(counted).unwrap_or(u32::MAX) > allowed
        {
            return Err(PathRule::AnchorPathLength { allowed }.into());
        }
        if let Some(allowed) = trust.limit_of_intermediates()
            && self.intermediates.len() > usize::from(allowed)
        {
            return Err(PathRule::TooManyIntermediates { allowed }.into());
        }
        Ok(())
    }

    fn check_revocation(
        &self,
        trust: &Trust,
        algorithms: &Algorithms,
        now: Timestamp,
    ) -> Result<Timestamp, Refusal> {
        let mode = trust.revocation();
        if mode == Revocation::Off {
            return Ok(Timestamp::MAX);
        }
        let asked = Asked {
            mode,
            now,
            algorithms,
        };
        let issuers = self.intermediates.iter().chain([self.anchor]);
        let pairs = self.links().zip(issuers).take(match trust.reach() {
            RevocationReach::Leaf => 1,
            RevocationReach::Chain => usize::MAX,
        });
        let mut until = Timestamp::MAX;
        for (link, issuer) in pairs {
            until = until.min(trust.lists().check(link, issuer, &asked)?);
        }
        Ok(until)
    }
}

/// What is asked of a leaf alone, under a pinned trust too.
pub(crate) fn check_leaf(leaf: &Link, trust: &Trust) -> Result<(), Refusal> {
    if leaf.usage.is_some_and(|usage| !usage.digital_signature) {
        return Err(Refusal::KeyUsage);
    }
    let listed = leaf.purposes.is_some_and(|purposes| purposes.client);
    if trust.client_purpose() == ClientPurpose::Listed && !listed {
        return Err(Refusal::Purpose);
    }
    Ok(())
}

fn check_intermediate(intermediate: &Link) -> Result<(), PathRule> {
    if !intermediate.may_sign_certificates() {
        Err(PathRule::IssuerMayNotSign)
    } else if intermediate.has_no_subject() {
        Err(PathRule::NoSubject)
    } else if intermediate.authority_key_id == AuthorityKeyId::Absent
        && !intermediate.is_self_issued()
    {
        Err(PathRule::NoAuthorityKeyId)
    } else {
        Ok(())
    }
}
