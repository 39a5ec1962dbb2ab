use std::sync::Arc;

use countersign_identity::{
    Certificate, Identity, IdentityError, Name, NameRules, Scheme, TrustName,
};

use crate::link::Link;
use crate::revocation::Lists;
use crate::rules::Rules;
use crate::{
    Anchors, BlockList, CaHints, ClientPurpose, KeyKind, Pins, Refusal, Revocation, RevocationList,
    RevocationReach, SignatureKind,
};

/// A named group of callers: who vouches for them, for which names, and under which rules.
///
/// Unless told otherwise it asks no revocation list, follows paths of any length that webpki does,
/// takes every kind of key and signature that the crypto provider verifies, and tells clients the
/// names of its anchors. Cheap to clone.
///
/// ```
/// use countersign_identity::{NameRules, Scheme};
/// use countersign_pki::Authority;
/// use countersign_tls::{Anchors, Revocation, RevocationList, Trust};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Clients", now)?;
/// let anchors = Anchors::from_pem(root.certificate_pem().as_bytes())?;
/// let names = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse()?]);
///
/// let trust = Trust::new("clients".parse()?, anchors, names);
/// assert_eq!(trust.revocation(), Revocation::Off);
///
/// let list = RevocationList::from_der(root.crl(now).issue()?.der())?;
/// let trust = trust.with_lists([list]);
/// assert_eq!(trust.revocation(), Revocation::RequireFresh);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Trust {
    name: TrustName,
    names: NameRules,
    vouchers: Vouchers,
    rules: Arc<Rules>,
}

/// Who vouches.
#[derive(Clone, Debug)]
pub(crate) enum Vouchers {
    /// CAs.
    Anchors(Anchors),
    /// We ourselves, who know the keys.
    Pins(Arc<Pins>),
}

impl Trust {
    /// The trust `name`: `anchors` may vouch for what `names` allow.
    pub fn new(name: TrustName, anchors: Anchors, names: NameRules) -> Self {
        Self::of(name, Vouchers::Anchors(anchors), names)
    }

    /// The trust `name`, which goes by keys: for callers whose certificates are self-signed.
    ///
    /// No path is built, and nothing that the certificate says of its holder or its issuer counts: who
    /// signs his own certificate writes into it what he likes. The caller's name is the pin. What
    /// counts is that the key is pinned and proven to be held, that the certificate is within its
    /// validity, and that its key usages do not forbid what is done with it. A certificate that ended
    /// is made anew with the same key; a key is revoked by taking its pin away.
    pub fn pinned(name: TrustName, pins: Pins) -> Self {
        // The pins are the names: no pattern has to allow them a second time.
        let names = NameRules::new(Scheme::Pin, []);
        Self::of(name, Vouchers::Pins(Arc::new(pins)), names)
    }

    fn of(name: TrustName, vouchers: Vouchers, names: NameRules) -> Self {
        Self {
            name,
            names,
            vouchers,
            rules: Arc::default(),
        }
    }

    /// With these revocation lists, in any order. They must be fresh, unless
    /// [`with_revocation`](Self::with_revocation) says otherwise.
    #[must_use]
    pub fn with_lists(self, lists: impl IntoIterator<Item = RevocationList>) -> Self {
        self.with(|rules| rules.lists = Lists::new(lists))
    }

    /// Says whether lists are asked, and how fresh they must be.
    #[must_use]
    pub fn with_revocation(self, revocation: Revocation) -> Self {
        self.with(|rules| rules.revocation = Some(revocation))
    }

    /// Says of which certificates of a path lists are asked.
    #[must_use]
    pub fn with_reach(self, reach: RevocationReach) -> Self {
        self.with(|rules| rules.reach = reach)
    }

    /// Says for whom the trust does not vouch in any case.
    #[must_use]
    pub fn with_block_list(self, block_list: BlockList) -> Self {
        self.with(|rules| rules.block_list = block_list)
    }

    /// Says which names of CAs clients are told.
    #[must_use]
    pub fn with_hints(self, hints: CaHints) -> Self {
        self.with(|rules| rules.hints = hints)
    }

    /// Allows at most so many intermediates between the leaf and the anchor; webpki follows six.
    #[must_use]
    pub fn with_max_intermediates(self, max: u8) -> Self {
        self.with(|rules| rules.max_intermediates = Some(max))
    }

    /// Takes only these kinds of keys, of leaves and of intermediates.
    #[must_use]
    pub fn with_keys(self, keys: impl IntoIterator<Item = KeyKind>) -> Self {
        self.with(|rules| rules.keys = Some(keys.into_iter().collect()))
    }

    /// Takes only these kinds of signatures, on certificates and on revocation lists.
    #[must_use]
    pub fn with_signatures(self, kinds: impl IntoIterator<Item = SignatureKind>) -> Self {
        self.with(|rules| rules.signatures = Some(kinds.into_iter().collect()))
    }

    /// Says whether a certificate must state that it is a client's.
    #[must_use]
    pub fn with_client_purpose(self, purpose: ClientPurpose) -> Self {
        self.with(|rules| rules.purpose = purpose)
    }

    /// Its name in configuration, policy and the audit log.
    pub fn name(&self) -> &TrustName {
        &self.name
    }

    /// The CAs that vouch; none where it goes by pins.
    pub fn anchors(&self) -> Option<&Anchors> {
        match &self.vouchers {
            Vouchers::Anchors(anchors) => Some(anchors),
            Vouchers::Pins(_) => None,
        }
    }

    /// The keys that it goes by, where it does.
    pub fn pins(&self) -> Option<&Pins> {
        match &self.vouchers {
            Vouchers::Anchors(_) => None,
            Vouchers::Pins(pins) => Some(pins),
        }
    }

    /// For which names, and which kind of name identifies. Where it goes by pins there are no patterns:
    /// each pin is a name.
    pub fn rules(&self) -> &NameRules {
        &self.names
    }

    /// Its revocation lists, the newest first.
    pub fn revocation_lists(&self) -> &[RevocationList] {
        self.rules.lists.as_slice()
    }

    /// Whether lists are asked: where nobody said, if there are any.
    pub fn revocation(&self) -> Revocation {
        let implied = match self.revocation_lists().is_empty() {
            true => Revocation::Off,
            false => Revocation::RequireFresh,
        };
        self.rules.revocation.unwrap_or(implied)
    }

    /// Of which certificates of a path lists are asked.
    pub fn reach(&self) -> RevocationReach {
        self.rules.reach
    }

    /// For whom it does not vouch in any case.
    pub fn block_list(&self) -> &BlockList {
        &self.rules.block_list
    }

    /// Whom `certificate` belongs to, for which the trust vouches.
    pub(crate) fn identify(&self, certificate: &Certificate) -> Result<Identity, IdentityError> {
        match &self.vouchers {
            Vouchers::Anchors(_) => Identity::of(certificate, &self.name, &self.names),
            Vouchers::Pins(_) => {
                let name = Name::Pin(certificate.pin());
                Ok(Identity::new(self.name.clone(), name))
            }
        }
    }

    pub(crate) fn vouchers(&self) -> &Vouchers {
        &self.vouchers
    }

    pub(crate) fn lists(&self) -> &Lists {
        &self.rules.lists
    }

    pub(crate) fn hints(&self) -> &CaHints {
        &self.rules.hints
    }

    pub(crate) fn limit_of_intermediates(&self) -> Option<u8> {
        self.rules.max_intermediates
    }

    pub(crate) fn signatures(&self) -> Option<&[SignatureKind]> {
        self.rules.signatures.as_deref()
    }

    pub(crate) fn client_purpose(&self) -> ClientPurpose {
        self.rules.purpose
    }

    pub(crate) fn check_key(&self, link: &Link) -> Result<(), Refusal> {
        let keys = self.rules.keys.as_deref();
        match keys.is_none_or(|keys| keys.iter().any(|kind| kind.covers(link.key))) {
            true => Ok(()),
            false => Err(Refusal::KeyKind { kind: link.key }),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(Arc::make_mut(&mut self.rules));
        self
    }
}
