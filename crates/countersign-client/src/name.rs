//! How are names printed for people?

use countersign_identity::{AltName, Certificate, DistinguishedName};

/// What to call a certificate in one line: its subject, else its first name, else its serial.
pub(crate) fn label(certificate: &Certificate) -> String {
    if !certificate.subject().is_empty() {
        return certificate.subject().to_string();
    }
    alt_names(certificate)
        .next()
        .unwrap_or_else(|| format!("serial {}", certificate.serial()))
}

/// The names of a certificate that could be one's own, with their kinds.
pub(crate) fn alt_names(certificate: &Certificate) -> impl Iterator<Item = String> {
    let names = certificate.alt_names().iter();
    names
        .filter(|name| **name != AltName::Other)
        .map(ToString::to_string)
}

/// A CA name that a server sent.
pub(crate) fn distinguished(der: &[u8]) -> String {
    match DistinguishedName::from_der(der) {
        Ok(name) => name.to_string(),
        Err(_) => "(unreadable name)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_is_said_to_be_unreadable() {
        assert_eq!(distinguished(b"CN=x"), "(unreadable name)");
    }
}
