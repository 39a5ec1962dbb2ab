use countersign_identity::{Certificate, IdentityError, Name, NameError, Scheme};
use countersign_pki::psd2::{Nca, Tpp};
use countersign_pki::{Authority, Request};
use rcgen::{DnType, DnValue};

use crate::{client, now, odd, read};

/// A subject of these attributes, in the order of the certificate.
fn with_subject(attributes: &[(DnType, &str)]) -> Certificate {
    read(&odd(|params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in attributes {
            let value = DnValue::Utf8String((*value).to_owned());
            params.distinguished_name.push(kind.clone(), value);
        }
    }))
}

/// rcgen writes no type twice, so the second is changed into one afterwards.
fn organization_identifiers(values: &[&str]) -> Certificate {
    let kinds = [97, 98].map(|last| DnType::CustomDnType(vec![2, 5, 4, last]));
    let mut der = odd(|params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in kinds.into_iter().zip(values) {
            params.distinguished_name.push(kind, *value);
        }
    });
    let [first, second] = [[6, 3, 0x55, 4, 97], [6, 3, 0x55, 4, 98]];
    for place in 0..der.len() {
        match der.get_mut(place..place + 5) {
            Some(oid) if *oid == second => oid.copy_from_slice(&first),
            _ => {}
        }
    }
    read(&der)
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

#[test]
fn the_whole_subject_is_a_name_whatever_its_case_and_spaces() {
    let subject = [
        (DnType::CountryName, "SE"),
        (DnType::OrganizationName, "ACME  Inc."),
        (DnType::CommonName, "Billing"),
    ];
    let found = Scheme::DistinguishedName
        .name_in(&with_subject(&subject))
        .unwrap();
    assert_eq!(found, name("dn:CN=billing,O=Acme Inc.,C=SE"));
    assert_eq!(found.to_string(), "dn:CN=billing,O=acme inc.,C=se");
    assert_eq!(name(&found.to_string()), found);
}

#[test]
fn a_subject_in_another_order_is_another_name() {
    let subject = [
        (DnType::CommonName, "billing"),
        (DnType::OrganizationName, "Acme"),
    ];
    let found = Scheme::DistinguishedName
        .name_in(&with_subject(&subject))
        .unwrap();
    assert_ne!(found, name("dn:CN=billing,O=acme"));
    assert_eq!(found, name("dn:O=acme,CN=billing"));
}

#[test]
fn an_empty_subject_is_no_name() {
    let certificate = read(&client(|client| client.uri("spiffe://dev.example/a")));
    assert_eq!(
        Scheme::DistinguishedName.name_in(&certificate),
        Err(IdentityError::Missing {
            scheme: Scheme::DistinguishedName
        })
    );
}

#[test]
fn a_control_character_anywhere_in_the_subject_is_malformed() {
    let subject = [
        (DnType::OrganizationName, "Acme\nX-Client: root"),
        (DnType::CommonName, "billing"),
    ];
    let source = NameError::Malformed {
        name: r"CN=billing,O=Acme\0AX-Client: root".to_owned(),
        wanted: "a distinguished name without control characters",
    };
    assert_eq!(
        Scheme::DistinguishedName.name_in(&with_subject(&subject)),
        Err(IdentityError::Malformed {
            scheme: Scheme::DistinguishedName,
            source
        })
    );
    assert!(
        r"dn:CN=billing,O=Acme\0AX-Client: root"
            .parse::<Name>()
            .is_err()
    );
}

#[test]
fn the_one_organization_identifier_is_a_name() {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    let root = Authority::root("Test Root", now()).unwrap();
    let qwac = Tpp::new("Acme", fca, "123456")
        .qwac(&root, now())
        .issue()
        .unwrap();
    let found = Scheme::Organization
        .name_in(&read(qwac.certificate_der()))
        .unwrap();
    assert_eq!(found, name("org:PSDGB-FCA-123456"));
    assert_eq!(found.to_string(), "org:PSDGB-FCA-123456");
}

#[test]
fn no_two_and_malformed_organization_identifiers_are_three_errors() {
    let scheme = Scheme::Organization;
    for (values, error) in [
        (&[][..], IdentityError::Missing { scheme }),
        (
            &["PSDGB-FCA-1", "NTRGB-1"],
            IdentityError::Ambiguous { scheme, count: 2 },
        ),
        (
            &["PSDGB-FCA-1", "PSDGB-FCA-1"],
            IdentityError::Ambiguous { scheme, count: 2 },
        ),
        (
            &["psdgb-fca-1"],
            IdentityError::Malformed {
                scheme,
                source: NameError::Malformed {
                    name: "psdgb-fca-1".to_owned(),
                    wanted: "`PSDGB-FCA-number`, `NTRGB-number` or the like",
                },
            },
        ),
    ] {
        assert_eq!(
            scheme.name_in(&organization_identifiers(values)),
            Err(error),
            "{values:?}"
        );
    }
}

#[test]
fn the_one_address_is_a_name() {
    let scheme = Scheme::Ip;
    let certificate = |ask: fn(Request<'_>) -> Request<'_>| read(&client(ask));
    let one = certificate(|client| {
        client
            .ip([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])
            .dns("a.example")
    });
    assert_eq!(scheme.name_in(&one), Ok(name("ip:2001:DB8::1")));
    assert_eq!(scheme.name_in(&one).unwrap().to_string(), "ip:2001:db8::1");
    let two = certificate(|client| client.ip([192, 0, 2, 7]).ip([192, 0, 2, 8]));
    assert_eq!(
        scheme.name_in(&two),
        Err(IdentityError::Ambiguous { scheme, count: 2 })
    );
    let none = certificate(|client| client.dns("a.example"));
    assert_eq!(
        scheme.name_in(&none),
        Err(IdentityError::Missing { scheme })
    );
}

#[test]
fn a_pin_and_a_thumbprint_are_always_there() {
    let certificate = read(&client(|client| client));
    for (scheme, prefix, value) in [
        (Scheme::Pin, "pin:", certificate.pin().to_string()),
        (
            Scheme::Thumbprint,
            "x5t:",
            certificate.thumbprint().to_string(),
        ),
    ] {
        let found = scheme.name_in(&certificate).unwrap();
        assert_eq!(found.to_string(), format!("{prefix}{value}"));
        assert_eq!(found.value(), value);
        assert_eq!(name(&found.to_string()), found);
        assert_eq!(found.scheme(), scheme);
    }
}

#[test]
fn every_kind_is_printed_and_parsed_by_one_word() {
    let words = Scheme::ALL.map(|scheme| scheme.to_string());
    assert_eq!(words.join(" "), "spiffe uri dns email ip dn org pin x5t cn");
    for scheme in Scheme::ALL {
        assert_eq!(scheme.as_str().parse(), Ok(scheme));
    }
    assert_eq!(
        "CN".parse::<Scheme>().unwrap_err().to_string(),
        "`CN` is malformed: wanted one of `spiffe`, `uri`, `dns`, `email`, `ip`, `dn`, `org`, `pin`, `x5t`, `cn`"
    );
}

#[test]
fn a_name_without_a_known_kind_is_refused() {
    for text in [
        "",
        "billing",
        ":billing",
        "CN=billing",
        "DNS:a.example",
        "dns",
        "rid:1.2.3",
    ] {
        assert_eq!(
            text.parse::<Name>(),
            Err(NameError::Kind {
                name: text.to_owned()
            })
        );
    }
}

#[test]
fn a_digest_that_is_not_exactly_one_is_refused() {
    for text in [
        "pin:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "pin:sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "pin:sha256/47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
        "pin:sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
        "pin:sha256/AAAA",
        "x5t:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
        // RFC 8705, section 3.1: bits are set that no byte holds.
        "x5t:bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2",
        "x5t:AAAA",
        "x5t:",
    ] {
        assert!(text.parse::<Name>().is_err(), "{text}");
    }
}
