use countersign_identity::{NameRules, TrustName};
use rustls::pki_types::TrustAnchor;

use crate::Anchors;

/// A named group of callers: the anchors that vouch for them, and the names for which they may.
#[derive(Clone, Debug)]
pub struct Trust {
    name: TrustName,
    anchors: Anchors,
    rules: NameRules,
    // The form in which webpki takes them.
    webpki: Vec<TrustAnchor<'static>>,
}

impl Trust {
    /// The trust `name`: `anchors` may vouch for what `rules` allow.
    pub fn new(name: TrustName, anchors: Anchors, rules: NameRules) -> Self {
        Self {
            name,
            webpki: anchors.trust_anchors().cloned().collect(),
            anchors,
            rules,
        }
    }

    /// Its name in configuration, policy and the audit log.
    pub fn name(&self) -> &TrustName {
        &self.name
    }

    /// Who vouches.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// For which names, and which kind of name identifies.
    pub fn rules(&self) -> &NameRules {
        &self.rules
    }

    pub(crate) fn webpki_anchors(&self) -> &[TrustAnchor<'static>] {
        &self.webpki
    }
}
