use std::fmt;
use std::sync::Arc;

use super::{Attribute, DistinguishedName, print};

/// A distinguished name in the one form that all names which match it share.
///
/// RFC 4514 text that is itself a distinguished name: keywords spelt alike, values case folded and
/// without insignificant spaces, the attributes of an RDN in one order, and what is compared byte by
/// byte as `#hex`. Equal forms are matching names and the other way round, so that a name can be
/// the key of a table.
///
/// ```
/// use countersign_identity::DistinguishedName;
///
/// let name: DistinguishedName = "O=ACME  Inc.,C=se".parse()?;
/// assert_eq!(name.canonical().as_str(), "O=acme inc.,C=se");
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalName(Arc<str>);

impl CanonicalName {
    pub(super) fn of(name: &DistinguishedName) -> Self {
        Self(print::join(name, rdn).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name begins, in the order of the directory, with all RDNs of `other` and has
    /// more. As text it then ends with `other`, but not all that ends so is below.
    pub fn is_below(&self, other: &Self) -> bool {
        let above = self.0.strip_suffix(other.as_str());
        let rdns = above.and_then(|above| above.strip_suffix(','));
        rdns.is_some_and(|rdns| !is_open_escape(rdns))
    }
}

impl fmt::Display for CanonicalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether what follows is escaped: an odd number of backslashes at the end.
fn is_open_escape(text: &str) -> bool {
    let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\');
    backslashes.count() % 2 == 1
}

/// The attributes of an RDN are a set.
pub(super) fn rdn(rdn: super::Rdn<'_>) -> String {
    let mut attributes: Vec<_> = rdn.attributes().map(attribute).collect();
    attributes.sort_unstable();
    attributes.join("+")
}

fn attribute(attribute: Attribute<'_>) -> String {
    match (attribute.keyword(), attribute.prepared()) {
        (Some(keyword), Some((_, text))) => format!("{keyword}={}", print::escape(&text)),
        (Some(keyword), None) => format!("{keyword}={}", print::hex(attribute)),
        (None, _) => print::attribute(attribute),
    }
}
