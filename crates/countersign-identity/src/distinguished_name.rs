//! Which name did a directory, or a CA in its stead, give to somebody?

mod attribute;
mod attribute_type;
mod canonical;
mod difference;
mod parse;
mod prepare;
mod print;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

pub use self::attribute::{Attribute, Rdn};
pub use self::attribute_type::MatchingRule;
pub use self::canonical::CanonicalName;
pub use self::difference::Difference;
use crate::der::{Der, SEQUENCE};
use crate::{CertificateError, NameError};

/// A distinguished name: a sequence of RDNs, each a set of attributes.
///
/// Two names are equal if they match (RFC 4517, section 4.2.15): the same RDNs in the same order,
/// whatever the order within each and the string types, and each value compared as the
/// [`MatchingRule`] of its attribute says. Text is never compared with text: `CN=a,O=b` as one
/// value and as two are two names.
///
/// Printed and parsed as RFC 4514 says, the last RDN first. What is printed escapes every control
/// and every invisible character, so that a name cannot forge a second line or a second attribute.
///
/// ```
/// use countersign_identity::DistinguishedName;
///
/// let name: DistinguishedName = "CN=Billing,OU=Sales+L=Gothenburg,O=Acme\\, Inc.".parse()?;
/// assert_eq!(name, "cn=billing,l=GOTHENBURG+ou=sales,o=acme\\2c  inc.".parse()?);
/// assert_ne!(name, "O=Acme\\, Inc.,OU=Sales+L=Gothenburg,CN=Billing".parse()?);
/// assert_eq!(name.to_string(), "CN=Billing,OU=Sales+L=Gothenburg,O=Acme\\, Inc.");
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone)]
pub struct DistinguishedName {
    /// The content of the DER `Name`, found to be well-formed when it was read.
    der: Box<[u8]>,
}

impl DistinguishedName {
    /// Reads a DER `Name` that stands in no certificate, as the CA names of a TLS server do.
    ///
    /// # Errors
    ///
    /// The bytes are not exactly one `Name`.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let mut rest = Der::new(der);
        let content = rest.content(SEQUENCE).ok_or(CertificateError::Encoding)?;
        if !rest.is_empty() {
            let len = rest.len();
            return Err(CertificateError::TrailingData { len });
        }
        Self::from_content(content).ok_or(CertificateError::Encoding)
    }

    /// Reads the content of a DER `Name`. None, if an RDN is malformed or empty.
    fn from_content(content: &[u8]) -> Option<Self> {
        let mut rdns = Der::new(content);
        while !rdns.is_empty() {
            attribute::check(rdns.value()?)?;
        }
        Some(Self {
            der: content.into(),
        })
    }

    /// Whether the name has no RDN at all.
    pub fn is_empty(&self) -> bool {
        self.der.is_empty()
    }

    /// The RDNs in the order of the encoding, which is the reverse of the printed one.
    pub fn rdns(&self) -> impl DoubleEndedIterator<Item = Rdn<'_>> + ExactSizeIterator {
        let mut der = Der::new(&self.der);
        let rdns: Vec<_> = std::iter::from_fn(|| der.value().map(Rdn::new)).collect();
        rdns.into_iter()
    }

    /// The attributes of all RDNs, in the order of the encoding.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        let mut der = Der::new(&self.der);
        std::iter::from_fn(move || der.value()).flat_map(|rdn| Rdn::new(rdn).attributes())
    }

    /// The values of all commonName attributes, in the order of the encoding. One that is not text
    /// is empty: leaving it out could turn two names into one.
    pub fn common_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.attributes()
            .filter(|attribute| attribute.is(attribute_type::COMMON_NAME))
            .map(|attribute| attribute.text().unwrap_or_default())
    }

    /// The values of all organizationIdentifier attributes, in the same way.
    pub fn organization_identifiers(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.attributes()
            .filter(|attribute| attribute.is(attribute_type::ORGANIZATION_IDENTIFIER))
            .map(|attribute| attribute.text().unwrap_or_default())
    }

    /// The form that all names which match this one share.
    pub fn canonical(&self) -> CanonicalName {
        CanonicalName::of(self)
    }

    /// Whether the names match: what `==` says, with a name of its own.
    pub fn matches(&self, other: &Self) -> bool {
        self == other
    }

    /// In what the names differ. Nothing, if they match.
    ///
    /// ```
    /// use countersign_identity::DistinguishedName;
    ///
    /// let ours: DistinguishedName = "CN=billing,O=Acme".parse()?;
    /// let theirs: DistinguishedName = "CN=billing,O=Akme,C=SE".parse()?;
    /// let differences: Vec<_> = ours.differences(&theirs).iter().map(ToString::to_string).collect();
    /// assert_eq!(differences, ["`O=Acme` is not `O=Akme`", "only the second has `C=SE`"]);
    /// # Ok::<(), countersign_identity::NameError>(())
    /// ```
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        difference::between(self, other)
    }

    /// The form in which Open Finance Brasil registers names: the nine keywords of RFC 4514,
    /// section 3, and every other attribute as a dotted object identifier and `#hex`.
    pub fn to_plain_rfc4514(&self) -> String {
        print::plain(self)
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der || self.canonical() == other.canonical()
    }
}

impl Eq for DistinguishedName {}

impl Hash for DistinguishedName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&print::full(self))
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({self})")
    }
}

impl FromStr for DistinguishedName {
    type Err = NameError;

    /// Reads RFC 4514, section 3, and nothing laxer: no space around separators, no `;`, no quotes.
    /// An attribute type that we do not know needs the `#hex` form, for text would not say its
    /// string type.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self {
            der: parse::read(text)?.into(),
        })
    }
}
