use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::NameError;

/// An organizationIdentifier (ETSI EN 319 412-1, section 5.1.4): who registers, where, and the number.
///
/// Three letters, a country's two, a dash, the number. For `PSD` the number begins with the national
/// competent authority (ETSI TS 119 495, section 5.2.1). Compared byte by byte.
///
/// ```
/// use countersign_identity::{OrganizationId, Registry};
///
/// let acme: OrganizationId = "PSDGB-FCA-123456".parse()?;
/// assert_eq!(acme.registry(), Registry::PaymentServices);
/// assert_eq!(acme.nca(), Some("GB-FCA"));
/// assert_eq!(acme.number(), "123456");
/// assert!("PSDGB-123456".parse::<OrganizationId>().is_err());
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrganizationId {
    text: Arc<str>,
    /// Where the number begins.
    number: usize,
}

/// Who keeps the register in which an organization has its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Registry {
    /// `LEI`: a global legal entity identifier.
    LegalEntities,
    /// `PSD`: a national competent authority for payment services.
    PaymentServices,
    /// `NTR`: a national trade register.
    Trade,
    /// `VAT`: a tax authority.
    Tax,
    /// Any other, such as `OFB` of Open Finance Brasil.
    Other,
}

impl OrganizationId {
    /// The whole identifier.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Which kind of register it is.
    pub fn registry(&self) -> Registry {
        match self.text.get(..3) {
            Some("LEI") => Registry::LegalEntities,
            Some("PSD") => Registry::PaymentServices,
            Some("NTR") => Registry::Trade,
            Some("VAT") => Registry::Tax,
            _ => Registry::Other,
        }
    }

    /// The two letters of the country; `XG` for LEI.
    pub fn country(&self) -> &str {
        self.text.get(3..5).unwrap_or_default()
    }

    /// The national competent authority, as a PSD2 statement writes it: `GB-FCA`.
    pub fn nca(&self) -> Option<&str> {
        let is_payment_services = self.registry() == Registry::PaymentServices;
        let nca = self.text.get(3..self.number.checked_sub(1)?)?;
        is_payment_services.then_some(nca)
    }

    /// The number in the register.
    pub fn number(&self) -> &str {
        self.text.get(self.number..).unwrap_or_default()
    }
}

impl FromStr for OrganizationId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = |wanted| NameError::Malformed {
            name: text.to_owned(),
            wanted,
        };
        let number = number_start(text)
            .ok_or_else(|| malformed("`PSDGB-FCA-number`, `NTRGB-number` or the like"))?;
        let id = Self {
            text: text.into(),
            number,
        };
        if !is_number(id.registry(), id.number()) {
            return Err(malformed(
                "a number without spaces at its ends, of at most 256 bytes",
            ));
        }
        Ok(id)
    }
}

impl fmt::Display for OrganizationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Where the number begins in an identifier, behind one border or, for `PSD`, two.
pub(crate) fn number_start(text: &str) -> Option<usize> {
    let (head, rest) = text.split_once('-')?;
    if head.len() != 5 || !is_capital(head) {
        return None;
    }
    if !head.starts_with("PSD") {
        return Some(6);
    }
    let (authority, _) = rest.split_once('-')?;
    is_authority(authority).then_some(7 + authority.len())
}

/// Whether these are the letters of a national competent authority: `FCA`.
pub(crate) fn is_authority(letters: &str) -> bool {
    (2..=8).contains(&letters.len()) && is_capital(letters)
}

pub(crate) fn is_capital(letters: &str) -> bool {
    letters.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_number(registry: Registry, number: &str) -> bool {
    let plain = !number.chars().any(char::is_control) && number.trim() == number;
    let is_lei = || {
        number.len() == 20
            && number
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    (1..=256).contains(&number.len()) && plain && (registry != Registry::LegalEntities || is_lei())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_falls_into_its_parts() {
        for (text, registry, country, nca, number) in [
            (
                "PSDGB-FCA-123456",
                Registry::PaymentServices,
                "GB",
                Some("GB-FCA"),
                "123456",
            ),
            (
                "PSDES-BDE-3DFD21",
                Registry::PaymentServices,
                "ES",
                Some("ES-BDE"),
                "3DFD21",
            ),
            (
                "PSDDE-BAFIN-a-b",
                Registry::PaymentServices,
                "DE",
                Some("DE-BAFIN"),
                "a-b",
            ),
            ("NTRGB-12345678", Registry::Trade, "GB", None, "12345678"),
            ("VATBE-0876866142", Registry::Tax, "BE", None, "0876866142"),
            (
                "LEIXG-529900T8BM49AURSDO55",
                Registry::LegalEntities,
                "XG",
                None,
                "529900T8BM49AURSDO55",
            ),
            (
                "OFBBR-67c57882-043b",
                Registry::Other,
                "BR",
                None,
                "67c57882-043b",
            ),
        ] {
            let id: OrganizationId = text.parse().unwrap();
            assert_eq!(
                (id.registry(), id.country(), id.nca(), id.number()),
                (registry, country, nca, number)
            );
            assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn what_has_another_form_is_refused() {
        for text in [
            "",
            "-",
            "PSDGB",
            "PSDGB-",
            "PSDGB-FCA",
            "PSDGB-FCA-",
            "PSDGB-F-1",
            "PSDGB-AUTHORITY-1",
            "PSDGB-fca-1",
            "psdgb-FCA-1",
            "PSDgb-FCA-1",
            "PSD-FCA-1",
            "PSDGBR-FCA-1",
            "PSDGB--1",
            "PSDGB_FCA_1",
            " PSDGB-FCA-1",
            "PSDGB-FCA-1 ",
            "PSDGB-FCA-1\n",
            "NTRGB-",
            "NT1GB-1",
            "LEIXG-1",
            "LEIXG-529900t8bm49aursdo55",
            "12345987",
        ] {
            assert!(text.parse::<OrganizationId>().is_err(), "{text:?}");
        }
    }
}
