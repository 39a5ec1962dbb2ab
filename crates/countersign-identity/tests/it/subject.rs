use countersign_pki::Authority;
use rcgen::{DnType, DnValue};

use crate::{client, now, odd, read};

/// How a subject of these attributes, in the order of the certificate, is printed.
fn printed(attributes: &[(DnType, DnValue)]) -> String {
    let der = odd(|params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in attributes {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
    });
    read(&der).subject().to_string()
}

fn text(value: &str) -> DnValue {
    DnValue::Utf8String(value.to_owned())
}

#[test]
fn the_last_rdn_is_printed_first() {
    let attributes = [
        (DnType::CountryName, text("GB")),
        (DnType::OrganizationName, text("Acme")),
        (DnType::OrganizationalUnitName, text("Payments")),
        (DnType::CommonName, text("billing")),
    ];
    assert_eq!(printed(&attributes), "CN=billing,OU=Payments,O=Acme,C=GB");
}

#[test]
fn a_value_cannot_forge_an_attribute_or_a_line() {
    let attributes = [
        (DnType::OrganizationName, text("x,CN=admin")),
        (DnType::CommonName, text("lowly\nCN=root\0+O=Evil")),
    ];
    assert_eq!(
        printed(&attributes),
        r"CN=lowly\0ACN=root\00\+O=Evil,O=x\,CN=admin"
    );
}

#[test]
fn what_has_no_keyword_or_is_not_text_is_printed_in_full() {
    let attributes = [
        (
            DnType::CustomDnType(vec![2, 5, 4, 97]),
            text("PSDGB-FCA-123456"),
        ),
        (DnType::CustomDnType(vec![1, 2, 3, 4]), text("odd")),
        (
            DnType::CommonName,
            DnValue::BmpString("ab".try_into().unwrap()),
        ),
    ];
    assert_eq!(
        printed(&attributes),
        "CN=#00610062,1.2.3.4=odd,organizationIdentifier=PSDGB-FCA-123456"
    );
}

#[test]
fn an_empty_subject_is_empty_and_prints_nothing() {
    let certificate = read(&client(|client| client.uri("spiffe://dev.example/a")));
    assert!(certificate.subject().is_empty());
    assert_eq!(certificate.subject().to_string(), "");
    assert!(certificate.subject().common_names().is_empty());
}

#[test]
fn the_issuer_is_the_name_that_the_certificate_gives() {
    let root = Authority::root("Test Root", now()).unwrap();
    let issuing = root.intermediate("Test Issuing CA", now()).unwrap();
    let leaf = issuing.client(now()).issue().unwrap();
    assert_eq!(
        read(leaf.certificate_der()).issuer().to_string(),
        "CN=Test Issuing CA"
    );
    assert_eq!(
        read(issuing.certificate_der()).issuer(),
        read(root.certificate_der()).subject()
    );
}
