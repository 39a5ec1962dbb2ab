//! Who is it, in the words of X.500? A [`Subject`]: attributes in the order in which they were given.

use rcgen::string::PrintableString;

use crate::der;
use crate::error::IssueError;

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

/// The value as a PrintableString, where one is wanted and can be had.
fn printable(attribute: Attribute, value: &str) -> Option<PrintableString> {
    let wanted = attribute.is_printable();
    PrintableString::try_from(value).ok().filter(|_| wanted)
}
