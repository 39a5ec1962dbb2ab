use std::fmt::{self, Write as _};

use data_encoding::HEXLOWER;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::CertificateError;

/// A distinguished name, printed as RFC 4514 does: last RDN first, special characters escaped.
///
/// The printed form is for people and logs. It escapes every control character, so that a name
/// cannot forge a second line or a second attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistinguishedName {
    text: String,
    common_names: Vec<String>,
}

impl DistinguishedName {
    /// Reads a DER `Name` that stands in no certificate, as the CA names of a TLS server do.
    ///
    /// # Errors
    ///
    /// The bytes are not exactly one `Name`.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, name) = X509Name::from_der(der).map_err(|_| CertificateError::Encoding)?;
        if !rest.is_empty() {
            return Err(CertificateError::TrailingData { len: rest.len() });
        }
        Ok(Self::from_x509(&name))
    }

    /// Whether the name has no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The values of all commonName attributes, in the order of the certificate. One in a string
    /// type that we do not read is empty: leaving it out could turn two names into one.
    pub fn common_names(&self) -> &[String] {
        &self.common_names
    }

    pub(crate) fn from_x509(name: &X509Name<'_>) -> Self {
        Self {
            text: print(name),
            common_names: name
                .iter_common_name()
                .map(|attribute| attribute.as_str().unwrap_or_default().to_owned())
                .collect(),
        }
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// RFC 4514, section 2.1: the RDNs in reverse, separated by commas.
fn print(name: &X509Name<'_>) -> String {
    let rdns: Vec<_> = name.iter_rdn().collect();
    let printed: Vec<String> = rdns
        .into_iter()
        .rev()
        .map(|rdn| {
            let attributes: Vec<_> = rdn.iter().map(print_attribute).collect();
            attributes.join("+")
        })
        .collect();
    printed.join(",")
}

fn print_attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let key = KEYWORDS
        .iter()
        .find(|(known, _)| *known == oid)
        .map_or(oid.as_str(), |(_, keyword)| keyword);
    match attribute.as_str() {
        Ok(value) => format!("{key}={}", escape(value)),
        Err(_) => format!("{key}=#{}", HEXLOWER.encode(attribute.as_slice())),
    }
}

/// RFC 4514, section 2.4.
fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (position, character) in value.chars().enumerate() {
        let special = match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => true,
            '#' => position == 0,
            ' ' => position == 0 || position == last,
            _ => false,
        };
        if character.is_control() {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                // Writing to a String does not fail.
                let _ = write!(escaped, "\\{byte:02X}");
            }
            continue;
        }
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// RFC 4514, section 3, and the ones that open banking adds.
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
    use super::*;

    #[test]
    fn what_would_forge_structure_is_escaped() {
        for (value, printed) in [
            ("plain", "plain"),
            ("admin,O=Evil", r"admin\,O=Evil"),
            ("a+b;c<d>\"e\\", r#"a\+b\;c\<d\>\"e\\"#),
            ("# leading", r"\# leading"),
            (" both ", r"\ both\ "),
            ("line\nX-Client-CN: root", r"line\0AX-Client-CN: root"),
            ("nul\0.evil", r"nul\00.evil"),
            ("next\u{85}line", r"next\C2\85line"),
        ] {
            assert_eq!(escape(value), printed);
        }
    }
}
