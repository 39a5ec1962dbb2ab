//! How is an attribute type called, and how are its values compared?

/// How two values of an attribute type are compared; the strictest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MatchingRule {
    /// As text, without regard to case and to insignificant spaces (RFC 4517, section 4.2.11).
    CaseIgnore,
    /// As text, without regard to insignificant spaces (RFC 4517, section 4.2.4).
    CaseExact,
    /// Byte by byte with the string type: the attribute type is not one that we know, or the value
    /// is not text, or holds characters that cannot be compared as text.
    Encoding,
}

/// What is known of an attribute type.
#[derive(Debug)]
pub(crate) struct AttributeType {
    /// The content of the DER encoding.
    pub(crate) oid: &'static [u8],
    /// As it is printed.
    pub(crate) keyword: &'static str,
    /// What it is called as well.
    pub(crate) alias: &'static str,
    /// In which string type a value is written down that is given as text.
    pub(crate) syntax: Syntax,
    pub(crate) rule: MatchingRule,
    /// Whether RFC 4514, section 3, has the keyword.
    pub(crate) is_common: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Directory,
    Ia5,
    Printable,
}

impl AttributeType {
    pub(crate) fn of(oid: &[u8]) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.oid == oid)
    }

    /// RFC 4512, section 2.5: short names are compared without regard to case.
    pub(crate) fn named(keyword: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| {
            known.keyword.eq_ignore_ascii_case(keyword) || known.alias.eq_ignore_ascii_case(keyword)
        })
    }

    const fn new(oid: &'static [u8], keyword: &'static str, alias: &'static str) -> Self {
        Self {
            oid,
            keyword,
            alias,
            syntax: Syntax::Directory,
            rule: MatchingRule::CaseIgnore,
            is_common: false,
        }
    }

    const fn common(self) -> Self {
        Self {
            is_common: true,
            ..self
        }
    }

    const fn syntax(self, syntax: Syntax) -> Self {
        Self { syntax, ..self }
    }

    const fn rule(self, rule: MatchingRule) -> Self {
        Self { rule, ..self }
    }
}

pub(crate) const COMMON_NAME: &[u8] = &[0x55, 4, 3];
pub(crate) const ORGANIZATION_IDENTIFIER: &[u8] = &[0x55, 4, 97];

/// RFC 4514, section 3; RFC 4519; X.520; RFC 2985; and the jurisdiction of EV certificates. Those
/// that are met most stand first. `SN` is the surname, as in RFC 4519.
const KNOWN: &[AttributeType] = &[
    AttributeType::new(COMMON_NAME, "CN", "commonName").common(),
    AttributeType::new(&[0x55, 4, 10], "O", "organizationName").common(),
    AttributeType::new(&[0x55, 4, 11], "OU", "organizationalUnitName").common(),
    AttributeType::new(&[0x55, 4, 6], "C", "countryName")
        .common()
        .syntax(Syntax::Printable),
    AttributeType::new(&[0x55, 4, 7], "L", "localityName").common(),
    AttributeType::new(&[0x55, 4, 8], "ST", "stateOrProvinceName").common(),
    AttributeType::new(&[0x55, 4, 9], "STREET", "streetAddress").common(),
    AttributeType::new(DOMAIN_COMPONENT, "DC", "domainComponent")
        .common()
        .syntax(Syntax::Ia5),
    AttributeType::new(USER_ID, "UID", "userId").common(),
    AttributeType::new(
        ORGANIZATION_IDENTIFIER,
        "organizationIdentifier",
        "organizationIdentifier",
    ),
    AttributeType::new(&[0x55, 4, 5], "serialNumber", "serialNumber").syntax(Syntax::Printable),
    AttributeType::new(&[0x55, 4, 15], "businessCategory", "businessCategory"),
    AttributeType::new(&[0x55, 4, 4], "surname", "SN"),
    AttributeType::new(&[0x55, 4, 12], "title", "title"),
    AttributeType::new(&[0x55, 4, 13], "description", "description"),
    AttributeType::new(&[0x55, 4, 17], "postalCode", "postalCode"),
    AttributeType::new(&[0x55, 4, 41], "name", "name"),
    AttributeType::new(&[0x55, 4, 42], "givenName", "GN"),
    AttributeType::new(&[0x55, 4, 43], "initials", "initials"),
    AttributeType::new(&[0x55, 4, 44], "generationQualifier", "generationQualifier"),
    AttributeType::new(&[0x55, 4, 46], "dnQualifier", "dnQualifier").syntax(Syntax::Printable),
    AttributeType::new(&[0x55, 4, 65], "pseudonym", "pseudonym"),
    AttributeType::new(EMAIL_ADDRESS, "emailAddress", "E").syntax(Syntax::Ia5),
    AttributeType::new(UNSTRUCTURED_NAME, "unstructuredName", "unstructuredName")
        .syntax(Syntax::Ia5),
    AttributeType::new(LABELED_URI, "labeledURI", "labeledURI").rule(MatchingRule::CaseExact),
    AttributeType::new(
        &JURISDICTION_LOCALITY,
        "jurisdictionLocalityName",
        "jurisdictionL",
    ),
    AttributeType::new(
        &JURISDICTION_STATE,
        "jurisdictionStateOrProvinceName",
        "jurisdictionST",
    ),
    AttributeType::new(
        &JURISDICTION_COUNTRY,
        "jurisdictionCountryName",
        "jurisdictionC",
    )
    .syntax(Syntax::Printable),
];

/// 0.9.2342.19200300.100.1.25
const DOMAIN_COMPONENT: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
/// 0.9.2342.19200300.100.1.1
const USER_ID: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1];
/// 1.2.840.113549.1.9.1
const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
/// 1.2.840.113549.1.9.2
const UNSTRUCTURED_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2];
/// 1.3.6.1.4.1.250.1.57 (RFC 2079)
const LABELED_URI: &[u8] = &[0x2b, 6, 1, 4, 1, 0x81, 0x7a, 1, 57];
/// 1.3.6.1.4.1.311.60.2.1.1 to 3 (CA/Browser Forum, EV Guidelines, 7.1.4.2)
const JURISDICTION_LOCALITY: [u8; 11] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 1];
const JURISDICTION_STATE: [u8; 11] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 2];
const JURISDICTION_COUNTRY: [u8; 11] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 3];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Oid;

    #[test]
    fn no_object_identifier_and_no_keyword_has_two_meanings() {
        for (index, known) in KNOWN.iter().enumerate() {
            assert!(Oid::from_content(known.oid).is_some(), "{}", known.keyword);
            for other in &KNOWN[index + 1..] {
                assert_ne!(known.oid, other.oid);
                for name in [other.keyword, other.alias] {
                    assert!(!known.keyword.eq_ignore_ascii_case(name), "{name}");
                    assert!(!known.alias.eq_ignore_ascii_case(name), "{name}");
                }
            }
        }
    }

    #[test]
    fn the_object_identifiers_are_the_registered_ones() {
        for (keyword, oid) in [
            ("CN", "2.5.4.3"),
            ("organizationIdentifier", "2.5.4.97"),
            ("DC", "0.9.2342.19200300.100.1.25"),
            ("UID", "0.9.2342.19200300.100.1.1"),
            ("emailAddress", "1.2.840.113549.1.9.1"),
            ("unstructuredName", "1.2.840.113549.1.9.2"),
            ("labeledURI", "1.3.6.1.4.1.250.1.57"),
            ("jurisdictionC", "1.3.6.1.4.1.311.60.2.1.3"),
        ] {
            let oid: Oid = oid.parse().unwrap();
            assert_eq!(
                AttributeType::named(keyword).unwrap().oid,
                oid.as_bytes(),
                "{keyword}"
            );
        }
    }
}
