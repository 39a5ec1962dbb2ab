//! What must hold of everything that a parser lets through?

use countersign_identity::{Certificate, DistinguishedName, Psd2, QcStatements, Scheme};

/// Whatever a certificate says can be asked for and printed, and names of it are read again.
pub fn certificate(certificate: &Certificate) {
    for name in [certificate.subject(), certificate.issuer()] {
        distinguished_name(name);
    }
    for name in certificate.alt_names() {
        one_line(&name.to_string());
    }
    for scheme in Scheme::ALL {
        match scheme.name_in(certificate) {
            Ok(name) => assert_eq!(name.to_string().parse(), Ok(name), "{scheme}"),
            Err(error) => one_line(&format!("{error} {error:?}")),
        }
    }
    psd2(certificate);
    one_line(&format!(
        "{} {} {:?} {:?}",
        certificate.key_kind(),
        certificate.signature_algorithm(),
        certificate.key_usage(),
        certificate.extended_key_usage(),
    ));
}

/// A statement is read, or refused for a reason; what is read has one authority and sound roles.
pub fn psd2(certificate: &Certificate) {
    let statements = QcStatements::of(certificate);
    match Psd2::of(certificate) {
        Ok(psd2) => {
            assert_eq!(statements.as_ref(), Ok(&Some(psd2.statements().clone())));
            assert!(psd2.organization().nca().is_some());
            assert!(!(psd2.roles().is_empty() && psd2.unknown_roles().is_empty()));
            one_line(&psd2.to_string());
        }
        Err(error) => one_line(&error.to_string()),
    }
}

/// Print and parse are each other's inverse, and the canonical form is one.
pub fn distinguished_name(name: &DistinguishedName) {
    let printed = name.to_string();
    one_line(&printed);
    if printed.len() > MAX_PRINTED {
        return;
    }
    let again = parse(&printed);
    assert_eq!(again.to_string(), printed);
    assert!(again.matches(name) && name.matches(&again), "{printed}");
    assert!(name.differences(&again).is_empty());

    let canonical = name.canonical();
    let again = parse(canonical.as_str());
    assert_eq!(again.canonical(), canonical);
    assert!(again.matches(name), "{canonical}");

    assert!(parse(&name.to_plain_rfc4514()).matches(name), "{printed}");
}

pub fn one_line(text: &str) {
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn parse(text: &str) -> DistinguishedName {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The parser reads no longer text.
const MAX_PRINTED: usize = 128 * 1024;
