//! Who is it, in the words of X.500? A [`Subject`]: attributes in the order in which they were given.

use std::fmt;

use rcgen::string::PrintableString;

use crate::der;
use crate::error::IssueError;
use crate::name::common_name_flaw;

/// What an attribute of a [`Subject`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Attribute {
    /// C, 2.5.4.6: two letters.
    Country,
    /// ST, 2.5.4.8.
    State,
    /// L, 2.5.4.7.
    Locality,
    /// O, 2.5.4.10.
    Organization,
    /// OU, 2.5.4.11.
    OrganizationalUnit,
    /// organizationIdentifier, 2.5.4.97 (X.520): `PSDGB-FCA-123456`.
    OrganizationIdentifier,
    /// serialNumber, 2.5.4.5: a number in a register, not that of the certificate.
    SerialNumber,
    /// businessCategory, 2.5.4.15: `Private Organization`.
    BusinessCategory,
    /// jurisdictionOfIncorporationCountryName, 1.3.6.1.4.1.311.60.2.1.3: two letters.
    JurisdictionCountry,
    /// CN, 2.5.4.3.
    CommonName,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::JurisdictionCountry,
        Self::BusinessCategory,
        Self::SerialNumber,
        Self::Country,
        Self::State,
        Self::Locality,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::OrganizationIdentifier,
        Self::CommonName,
    ];

    /// As a manifest writes it: `org_id`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "c",
            Self::State => "st",
            Self::Locality => "l",
            Self::Organization => "o",
            Self::OrganizationalUnit => "ou",
            Self::OrganizationIdentifier => "org_id",
            Self::SerialNumber => "serial_number",
            Self::BusinessCategory => "business_category",
            Self::JurisdictionCountry => "jurisdiction_c",
            Self::CommonName => "cn",
        }
    }

    /// The attribute that a manifest calls so.
    ///
    /// ```
    /// use countersign_pki::Attribute;
    ///
    /// assert_eq!(Attribute::named("o"), Some(Attribute::Organization));
    /// assert_eq!(Attribute::named("organisation"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// The reason why no certificate should state this text, if there is one. The lengths are the upper
    /// bounds of X.520 (RFC 5280, appendix A.1).
    pub(crate) fn flaw(self, text: &str) -> Option<&'static str> {
        let length = text.chars().count();
        match self {
            Self::Country | Self::JurisdictionCountry => {
                let is_code = length == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
                (!is_code).then_some("a country is two capital letters")
            }
            Self::SerialNumber if PrintableString::try_from(text).is_err() => {
                Some("it is not made of the letters, digits and marks of a PrintableString")
            }
            Self::State | Self::Locality | Self::BusinessCategory if length <= 128 => {
                text_flaw(text)
            }
            Self::State | Self::Locality | Self::BusinessCategory => {
                Some("it is longer than 128 characters")
            }
            _ => common_name_flaw(text),
        }
    }

    const fn oid(self) -> &'static [u64] {
        match self {
            Self::Country => &[2, 5, 4, 6],
            Self::State => &[2, 5, 4, 8],
            Self::Locality => &[2, 5, 4, 7],
            Self::Organization => &[2, 5, 4, 10],
            Self::OrganizationalUnit => &[2, 5, 4, 11],
            Self::OrganizationIdentifier => &[2, 5, 4, 97],
            Self::SerialNumber => &[2, 5, 4, 5],
            Self::BusinessCategory => &[2, 5, 4, 15],
            Self::JurisdictionCountry => &[1, 3, 6, 1, 4, 1, 311, 60, 2, 1, 3],
            Self::CommonName => &[2, 5, 4, 3],
        }
    }

    /// Whether RFC 5280, appendix A, or X.520 wants a PrintableString.
    fn is_printable(self) -> bool {
        matches!(
            self,
            Self::Country | Self::JurisdictionCountry | Self::SerialNumber
        )
    }
}

/// A distinguished name: attributes in order, one to a relative name.
///
/// Whatever is given is written, control characters too; only the same attribute twice is refused when
/// the certificate is issued, because few readers agree on which of the two counts.
///
/// ```
/// use countersign_pki::{Attribute, Subject};
///
/// let subject = Subject::new()
///     .with(Attribute::Country, "GB")
///     .with(Attribute::Organization, "Acme TPP Limited")
///     .with(Attribute::OrganizationIdentifier, "PSDGB-FCA-123456");
/// assert_eq!(subject.get(Attribute::Country), Some("GB"));
/// assert_eq!(Subject::named("acme").get(Attribute::CommonName), Some("acme"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject(Vec<(Attribute, String)>);

impl Subject {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// One with a common name alone.
    pub fn named(common_name: impl Into<String>) -> Self {
        Self::new().with(Attribute::CommonName, common_name)
    }

    /// Adds an attribute at the end.
    #[must_use]
    pub fn with(mut self, attribute: Attribute, value: impl Into<String>) -> Self {
        self.0.push((attribute, value.into()));
        self
    }

    /// The first value of an attribute.
    pub fn get(&self, attribute: Attribute) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| *known == attribute);
        found.map(|(_, value)| value.as_str())
    }

    /// Replaces the common name, or adds it at the end.
    pub(crate) fn set_common_name(&mut self, name: String) {
        let known = |(attribute, _): &&mut (Attribute, String)| *attribute == Attribute::CommonName;
        match self.0.iter_mut().find(known) {
            Some((_, value)) => *value = name,
            None => self.0.push((Attribute::CommonName, name)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes, in order.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (Attribute, &str)> {
        self.0.iter().map(|(known, value)| (*known, value.as_str()))
    }

    /// Whether a name with these object identifiers, as encoded, and values says the same, in whichever
    /// kind of string.
    pub(crate) fn says(&self, others: &[(Vec<u8>, String)]) -> bool {
        let own = self.0.iter();
        let own = own.map(|(known, value)| (der::oid(known.oid()), value.as_str()));
        own.eq(others
            .iter()
            .map(|(oid, value)| (oid.clone(), value.as_str())))
    }

    /// Refuses an attribute that is there twice.
    pub(crate) fn check(&self) -> Result<(), IssueError> {
        let mut seen = Vec::with_capacity(self.0.len());
        for (attribute, _) in &self.0 {
            if seen.contains(attribute) {
                let attribute = *attribute;
                return Err(IssueError::AttributeTwice { attribute });
            }
            seen.push(*attribute);
        }
        Ok(())
    }

    /// A Name (RFC 5280, 4.1.2.4).
    pub(crate) fn to_der(&self) -> Vec<u8> {
        const SET: u8 = 0x31;
        let attribute = |(attribute, text): &(Attribute, String)| {
            let tag = match printable(*attribute, text) {
                Some(_) => der::PRINTABLE_STRING,
                None => der::UTF8_STRING,
            };
            let pair = der::sequence([der::oid(attribute.oid()), der::value(tag, text)]);
            der::value(SET, pair)
        };
        der::sequence(self.0.iter().map(attribute))
    }
}

impl fmt::Display for Subject {
    /// The common name where there is nothing else; otherwise each attribute as a manifest has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [(Attribute::CommonName, name)] = self.0.as_slice() {
            return write!(f, "{}", name.escape_debug());
        }
        for (index, (attribute, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let word = attribute.as_str();
            write!(f, "{comma}{word}={}", value.escape_debug())?;
        }
        Ok(())
    }
}

/// What no text in a name should be.
fn text_flaw(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("it is empty")
    } else if text.chars().any(char::is_control) {
        Some("it contains a control character")
    } else {
        None
    }
}

/// The value as a PrintableString, where one is wanted and can be had.
fn printable(attribute: Attribute, value: &str) -> Option<PrintableString> {
    let wanted = attribute.is_printable();
    PrintableString::try_from(value).ok().filter(|_| wanted)
}
