use std::cell::RefCell;

use jiff::Timestamp;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm as Algorithm, TrustAnchor};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use crate::anchors::Anchor;
use crate::clock::to_unix_time;
use crate::link::Link;
use crate::memo::Memo;
use crate::path::{Path, check_leaf};
use crate::signature_kind::Algorithms;
use crate::trust::{Trust, Vouchers};
use crate::{CrlError, Pins, Refusal, Revocation, SignatureKind, SnapshotError, Warning};

/// That a trust vouches.
#[derive(Clone, Debug)]
pub(crate) struct Vouching {
    /// The last moment for which that is known, inclusive.
    pub(crate) until: Timestamp,
    /// The subjects on the path, as DER: from the issuer of the leaf to the anchor. None where it goes by a pin.
    pub(crate) above: Vec<Vec<u8>>,
}

impl Vouching {
    fn by_path(until: Timestamp, path: &Path<'_>) -> Self {
        let above = path.intermediates.iter().chain([path.anchor]);
        Self {
            until,
            above: above.map(|link| link.subject.clone()).collect(),
        }
    }

    fn by_pin(until: Timestamp) -> Self {
        Self {
            until,
            above: Vec::new(),
        }
    }
}

/// A trust that is in force: its anchors checked, its lists believed, its algorithms chosen.
#[derive(Debug)]
pub(crate) struct Judge {
    trust: Trust,
    anchors: Vec<Anchor>,
    /// The same anchors, in the form in which webpki takes them.
    webpki: Vec<TrustAnchor<'static>>,
    algorithms: Algorithms,
    /// The same, for signatures of certificates.
    memos: Vec<Memo>,
    warnings: Vec<Warning>,
}

impl Judge {
    /// Checks all of `trust` that can be checked before anybody comes.
    pub(crate) fn new(
        trust: Trust,
        all: &WebPkiSupportedAlgorithms,
        now: Timestamp,
    ) -> Result<Self, SnapshotError> {
        let algorithms = match trust.signatures() {
            Some(kinds) => SignatureKind::only(kinds, all),
            None => all.all.to_vec(),
        };
        let mut judge = Self {
            anchors: Vec::new(),
            webpki: Vec::new(),
            memos: Memo::all(&algorithms),
            algorithms,
            warnings: Vec::new(),
            trust,
        };
        judge.take_anchors(now)?;
        judge.check_lists(now)?;
        Ok(judge)
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The anchors that are used.
    pub(crate) fn anchors(&self) -> &[Anchor] {
        &self.anchors
    }

    pub(crate) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether the trust vouches for `leaf`, by which path and until when.
    pub(crate) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<Vouching, Refusal> {
        let parsed = EndEntityCert::try_from(leaf)?;
        let link = Link::read(leaf).map_err(|_| Refusal::Malformed)?;
        match self.trust.vouchers() {
            Vouchers::Pins(pins) => self.verify_pinned(pins, &link, now).map(Vouching::by_pin),
            Vouchers::Anchors(_) => self.verify_path(&parsed, &link, intermediates, now),
        }
    }

    fn verify_path(
        &self,
        leaf: &EndEntityCert<'_>,
        link: &Link,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<Vouching, Refusal> {
        // webpki asks of each path that it finds, and goes on to the next if it is refused.
        let judged = RefCell::new(None);
        let check = |path: &VerifiedPath<'_>| {
            let judgement = self.judge_path(path, link, now);
            let obeys = judgement.is_ok();
            let mut judged = judged.borrow_mut();
            // Of several that are refused the first is heard.
            if obeys || judged.is_none() {
                *judged = Some(judgement);
            }
            obeys.then_some(()).ok_or(webpki::Error::UnknownIssuer)
        };
        let memos = self.memos.iter();
        let algorithms: Vec<_> = memos.map(|memo| memo as &dyn Algorithm).collect();
        let found = leaf.verify_for_usage(
            &algorithms,
            &self.webpki,
            intermediates,
            to_unix_time(now),
            KeyUsage::client_auth(),
            None,
            Some(&check),
        );
        match (judged.into_inner(), found) {
            (Some(judgement), _) => judgement,
            (None, Err(error)) => Err(error.into()),
            // It does not come to that: no path is accepted without being asked about.
            (None, Ok(_)) => Err(Refusal::UnknownIssuer),
        }
    }

    fn judge_path(
        &self,
        path: &VerifiedPath<'_>,
        leaf: &Link,
        now: Timestamp,
    ) -> Result<Vouching, Refusal> {
        let intermediates = path.intermediate_certificates();
        let intermediates = intermediates
            .map(|it| Link::read(&it.der()).map_err(|_| Refusal::Malformed))
            .collect::<Result<Vec<_>, _>>()?;
        // A CA certificate that was re-issued for the same key is the same to webpki, and may say otherwise.
        let same = |anchor: &&Anchor| anchor.webpki == *path.anchor();
        let mut refusal = None;
        for anchor in self.anchors.iter().filter(same) {
            let path = Path {
                leaf,
                intermediates: &intermediates,
                anchor: &anchor.link,
            };
            match path.judge(&self.trust, &self.algorithms, now) {
                Ok(until) => return Ok(Vouching::by_path(until, &path)),
                Err(other) => refusal = refusal.or(Some(other)),
            }
        }
        Err(refusal.unwrap_or(Refusal::UnknownIssuer))
    }

    fn verify_pinned(
        &self,
        pins: &Pins,
        leaf: &Link,
        now: Timestamp,
    ) -> Result<Timestamp, Refusal> {
        if !pins.contains(leaf.pin) {
            return Err(Refusal::UnknownIssuer);
        }
        let (not_before, not_after) = (leaf.not_before, leaf.not_after);
        if now.as_second() < not_before.as_second() {
            return Err(Refusal::NotYetValid { not_before });
        }
        if now.as_second() > not_after.as_second() {
            return Err(Refusal::Expired { not_after });
        }
        check_leaf(leaf, &self.trust)?;
        if leaf.purposes.is_some_and(|purposes| !purposes.client) {
            return Err(Refusal::Purpose);
        }
        self.trust.check_key(leaf)?;
        self.trust.block_list().check(leaf)?;
        Ok(not_after)
    }

    fn take_anchors(&mut self, now: Timestamp) -> Result<(), SnapshotError> {
        let trust = self.trust.clone();
        let Some(anchors) = trust.anchors() else {
            return Ok(());
        };
        for source in anchors.dropped() {
            self.warnings.push(Warning::AnchorDropped {
                trust: trust.name().clone(),
                source: source.clone(),
            });
        }
        for anchor in anchors.iter() {
            let unfit = self.unfit(anchor, now);
            let is_fit = unfit.is_none();
            self.warnings.extend(unfit);
            if is_fit {
                self.warnings.extend(self.not_yet(anchor, now));
                self.webpki.push(anchor.webpki.clone());
                self.anchors.push(anchor.clone());
            }
        }
        match (self.anchors.is_empty(), self.warnings.first()) {
            (true, Some(first)) => Err(SnapshotError::NoAnchorLeft {
                trust: trust.name().clone(),
                first: Box::new(first.clone()),
            }),
            _ => Ok(()),
        }
    }

    /// Why an anchor can vouch for no client, now or ever.
    fn unfit(&self, anchor: &Anchor, now: Timestamp) -> Option<Warning> {
        let trust = self.trust.name().clone();
        let subject = anchor.certificate.subject().to_string();
        let not_after = anchor.link.not_after;
        let for_clients = |it: crate::link::Purposes| it.client || it.any;
        if !anchor.link.purposes.is_none_or(for_clients) {
            Some(Warning::AnchorNotForClients { trust, subject })
        } else if now.as_second() > not_after.as_second() {
            Some(Warning::AnchorEnded {
                trust,
                subject,
                not_after,
            })
        } else {
            None
        }
    }

    fn not_yet(&self, anchor: &Anchor, now: Timestamp) -> Option<Warning> {
        let not_before = anchor.link.not_before;
        let early = now.as_second() < not_before.as_second();
        early.then(|| Warning::AnchorNotYetValid {
            trust: self.trust.name().clone(),
            subject: anchor.certificate.subject().to_string(),
            not_before,
        })
    }

    fn check_lists(&mut self, now: Timestamp) -> Result<(), SnapshotError> {
        let lists = self.trust.revocation_lists();
        let asked = self.trust.revocation() != Revocation::Off;
        if lists.is_empty() && asked && self.trust.anchors().is_some() {
            return Err(SnapshotError::NoList {
                trust: self.trust.name().clone(),
            });
        }
        for list in lists {
            self.believe(list).map_err(|source| SnapshotError::List {
                trust: self.trust.name().clone(),
                issuer: list.issuer().to_string(),
                source,
            })?;
        }
        let superseded: Vec<_> = self.trust.lists().superseded().cloned().collect();
        for list in superseded {
            self.warnings.push(Warning::ListSuperseded {
                trust: self.trust.name().clone(),
                issuer: list.issuer().to_string(),
                this_update: list.this_update(),
            });
        }
        self.warn_of_stale(now);
        Ok(())
    }

    /// A list of an anchor is verified now; one of an intermediate when that is seen.
    fn believe(&self, list: &crate::RevocationList) -> Result<(), CrlError> {
        let anchors = self.anchors.iter();
        let mut named = anchors
            .filter(|anchor| list.names_issuer(&anchor.link.subject))
            .peekable();
        if named.peek().is_none() {
            return Ok(());
        }
        let issuer = || list.issuer().to_string();
        match named.find(|anchor| list.is_signed_by(&anchor.link, &self.algorithms)) {
            None => Err(CrlError::WrongSigner { issuer: issuer() }),
            Some(anchor) if !anchor.link.may_sign_lists() => {
                Err(CrlError::IssuerMayNotSign { issuer: issuer() })
            }
            Some(_) => Ok(()),
        }
    }

    fn warn_of_stale(&mut self, now: Timestamp) {
        let lists = self.trust.lists();
        let superseded: Vec<_> = lists.superseded().map(std::ptr::from_ref).collect();
        for list in lists.as_slice() {
            let stale = now.as_second() > list.next_update().as_second();
            if stale && !superseded.contains(&std::ptr::from_ref(list)) {
                self.warnings.push(Warning::ListStale {
                    trust: self.trust.name().clone(),
                    issuer: list.issuer().to_string(),
                    next_update: list.next_update(),
                });
            }
        }
    }
}
