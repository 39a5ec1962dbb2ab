//! How are names printed for people?
//!
//! A distinguished name that stands in no certificate, as the hints of a server do, is printed as
//! `countersign_identity::DistinguishedName` prints those that do, so that both can be compared.

use std::fmt::Write as _;

use countersign_identity::{AltName, Certificate};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// What to call a certificate in one line: its subject, else its first name, else its serial.
pub(crate) fn label(certificate: &Certificate) -> String {
    if !certificate.subject().is_empty() {
        return certificate.subject().to_string();
    }
    alt_names(certificate)
        .next()
        .unwrap_or_else(|| format!("serial {}", certificate.serial()))
}

/// The names of a certificate, with their kinds.
pub(crate) fn alt_names(certificate: &Certificate) -> impl Iterator<Item = String> {
    certificate.alt_names().iter().filter_map(|name| {
        Some(match name {
            AltName::Dns(name) => format!("dns:{name}"),
            AltName::Email(name) => format!("email:{name}"),
            AltName::Ip(address) => format!("ip:{address}"),
            AltName::Uri(uri) => uri.clone(),
            _ => return None,
        })
    })
}

/// A DER distinguished name, as RFC 4514 writes it: last RDN first.
pub(crate) fn distinguished(der: &[u8]) -> String {
    let Ok((_, name)) = X509Name::from_der(der) else {
        return "(unreadable name)".to_owned();
    };
    let mut rdns: Vec<String> = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(attribute).collect::<Vec<_>>().join("+"))
        .collect();
    rdns.reverse();
    rdns.join(",")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let key = KEYWORDS
        .iter()
        .find(|(known, _)| *known == oid)
        .map_or(oid.as_str(), |(_, keyword)| keyword);
    match attribute.as_str() {
        Ok(value) => format!("{key}={}", escape(value)),
        Err(_) => format!("{key}=#{}", hex(attribute.as_slice())),
    }
}

/// RFC 4514, section 2.4; control characters too, so that no name forges a second line.
fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (position, character) in value.chars().enumerate() {
        match character {
            control if control.is_control() => {
                let mut bytes = [0; 4];
                for byte in control.encode_utf8(&mut bytes).bytes() {
                    // Writing to a String does not fail.
                    let _ = write!(escaped, "\\{byte:02X}");
                }
                continue;
            }
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => escaped.push('\\'),
            '#' if position == 0 => escaped.push('\\'),
            ' ' if position == 0 || position == last => escaped.push('\\'),
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The same as in `countersign_identity`.
const KEYWORDS: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

#[cfg(test)]
mod tests {
    use countersign_pki::Authority;
    use x509_parser::certificate::X509Certificate;

    use super::*;

    #[test]
    fn a_bare_name_is_printed_as_the_name_in_a_certificate() {
        let now = jiff::Timestamp::from_second(1_790_000_000).unwrap();
        for name in [
            "Plain CA",
            "a,b+c;d<e>\"f\\",
            "# leading",
            " both ",
            "l\nf",
            "Ünï",
        ] {
            let root = Authority::root(name, now).unwrap();
            let der = root.certificate_der();
            let certificate = Certificate::from_der(der).unwrap();
            let (_, x509) = X509Certificate::from_der(der).unwrap();
            assert_eq!(
                distinguished(x509.subject().as_raw()),
                certificate.subject().to_string()
            );
        }
    }

    #[test]
    fn what_is_no_name_is_said_to_be_unreadable() {
        assert_eq!(distinguished(b"CN=x"), "(unreadable name)");
    }
}
