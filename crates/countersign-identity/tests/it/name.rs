use countersign_identity::{IdentityError, NameError, Scheme};
use countersign_pki::Request;
use rcgen::{DnType, DnValue};

use crate::{client, odd, read};

/// What a scheme finds in a certificate, as an operator reads it, with the cause.
fn found(scheme: Scheme, der: &[u8]) -> String {
    match scheme.name_in(&read(der)) {
        Ok(name) => name.to_string(),
        Err(IdentityError::Malformed { scheme, source }) => {
            format!("malformed {scheme}: {source}")
        }
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(scheme: Scheme, ask: impl FnOnce(Request<'_>) -> Request<'_>, wanted: &str) {
    assert_eq!(found(scheme, &client(ask)), wanted);
}

#[test]
fn the_one_name_of_the_kind_is_the_name() {
    check(
        Scheme::Spiffe,
        |client| client.uri("spiffe://dev.example/ns/a/sa/billing"),
        "spiffe://dev.example/ns/a/sa/billing",
    );
    check(
        Scheme::Uri,
        |client| client.uri("https://Partner.example/A?b#c"),
        "uri:https://Partner.example/A?b#c",
    );
    check(
        Scheme::Uri,
        |client| client.uri("spiffe://dev.example/billing"),
        "uri:spiffe://dev.example/billing",
    );
    check(
        Scheme::Dns,
        |client| client.dns("API.Partner.example"),
        "dns:api.partner.example",
    );
    check(
        Scheme::Email,
        |client| client.email("Ops@Partner.Example"),
        "email:Ops@partner.example",
    );
    check(
        Scheme::CommonName,
        |client| client.common_name("Billing, Ltd. (élan)"),
        "cn:Billing, Ltd. (élan)",
    );
}

#[test]
fn names_of_other_kinds_neither_help_nor_harm() {
    check(
        Scheme::Spiffe,
        |client| {
            client
                .common_name("admin")
                .dns("a.example")
                .dns("b.example")
                .email("a@b.example")
                .ip([127, 0, 0, 1])
                .uri("spiffe://dev.example/billing")
        },
        "spiffe://dev.example/billing",
    );
}

#[test]
fn a_name_of_another_kind_is_no_name() {
    let all: [(Scheme, &str); 5] = [
        (Scheme::CommonName, "the certificate has no cn name"),
        (Scheme::Dns, "the certificate has no dns name"),
        (Scheme::Email, "the certificate has no email name"),
        (Scheme::Spiffe, "the certificate has no spiffe name"),
        (Scheme::Uri, "the certificate has no uri name"),
    ];
    for (scheme, wanted) in all {
        // Nothing at all: an empty subject and no alternative name.
        check(scheme, |client| client, wanted);
        check(scheme, |client| client.ip([10, 0, 0, 1]), wanted);
        if scheme != Scheme::CommonName {
            check(
                scheme,
                |client| client.common_name("spiffe://dev.example/admin"),
                wanted,
            );
        }
        if scheme != Scheme::Email {
            check(scheme, |client| client.email("ops@dev.example"), wanted);
        }
        if scheme != Scheme::Dns {
            check(scheme, |client| client.dns("dev.example"), wanted);
        }
    }
}

#[test]
fn two_names_of_the_kind_are_ambiguous_and_never_first_wins() {
    check(
        Scheme::Spiffe,
        |client| {
            client
                .uri("spiffe://dev.example/billing")
                .uri("spiffe://dev.example/admin")
        },
        "the certificate has 2 spiffe names where one identifies",
    );
    // The same one twice: still not "exactly one URI" (X509-SVID, section 2).
    check(
        Scheme::Spiffe,
        |client| {
            client
                .uri("spiffe://dev.example/billing")
                .uri("spiffe://dev.example/billing")
        },
        "the certificate has 2 spiffe names where one identifies",
    );
    // A second URI of any scheme.
    check(
        Scheme::Spiffe,
        |client| {
            client
                .uri("spiffe://dev.example/billing")
                .uri("https://dev.example/")
        },
        "the certificate has 2 spiffe names where one identifies",
    );
    check(
        Scheme::Uri,
        |client| client.uri("urn:a").uri("urn:b").uri("urn:c"),
        "the certificate has 3 uri names where one identifies",
    );
    check(
        Scheme::Dns,
        |client| client.dns("a.example").dns("A.example"),
        "the certificate has 2 dns names where one identifies",
    );
    check(
        Scheme::Email,
        |client| client.email("a@a.example").email("b@a.example"),
        "the certificate has 2 email names where one identifies",
    );
}

/// A subject with two commonNames, the second of any string type.
fn two_common_names(second: DnValue) -> Vec<u8> {
    odd(|params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "billing");
        params
            .distinguished_name
            .push(DnType::CustomDnType(vec![2, 5, 4, 3]), second);
    })
}

#[test]
fn two_common_names_are_ambiguous_even_if_one_is_not_text() {
    for second in [
        DnValue::Utf8String("admin".to_owned()),
        DnValue::BmpString("admin".try_into().unwrap()),
        DnValue::TeletexString("admin".try_into().unwrap()),
    ] {
        assert_eq!(
            found(Scheme::CommonName, &two_common_names(second.clone())),
            "the certificate has 2 cn names where one identifies",
            "{second:?}"
        );
    }
}

fn common_name(value: DnValue) -> Vec<u8> {
    odd(|params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, value);
    })
}

#[test]
fn a_common_name_in_another_string_type_is_the_same_name() {
    for value in [
        DnValue::Utf8String("billing".to_owned()),
        DnValue::BmpString("billing".try_into().unwrap()),
        DnValue::TeletexString("billing".try_into().unwrap()),
        DnValue::UniversalString("billing".try_into().unwrap()),
    ] {
        assert_eq!(found(Scheme::CommonName, &common_name(value)), "cn:billing");
    }
}

#[test]
fn a_common_name_that_is_not_text_is_malformed() {
    let value = DnValue::TeletexString("admin".try_into().unwrap());
    let mut der = common_name(value);
    for place in 0..der.len() {
        if der[place..].starts_with(b"admin") {
            der[place] = 0xe5;
        }
    }
    assert_eq!(
        found(Scheme::CommonName, &der),
        "malformed cn: `` is malformed: wanted text without control characters"
    );
}

#[test]
fn a_name_that_is_not_canonical_is_malformed() {
    for (uri, wanted) in [
        ("SPIFFE://dev.example/billing", BEGINNING),
        ("https://dev.example/billing", BEGINNING),
        ("spiffe://Dev.example/billing", DOMAIN),
        ("spiffe://dev.example:8443/billing", DOMAIN),
        ("spiffe://root@dev.example/billing", DOMAIN),
        ("spiffe:///billing", DOMAIN),
        ("spiffe://dev.example", "a SPIFFE ID with a path"),
        ("spiffe://dev.example/", SEGMENTS),
        ("spiffe://dev.example/../admin", SEGMENTS),
        ("spiffe://dev.example/a//b", SEGMENTS),
        ("spiffe://dev.example/a%2Fb", SEGMENTS),
        ("spiffe://dev.example/a b", SEGMENTS),
    ] {
        check(
            Scheme::Spiffe,
            |client| client.uri(uri),
            &format!("malformed spiffe: `{uri}` is malformed: wanted {wanted}"),
        );
    }
}

#[test]
fn a_host_or_a_mailbox_that_is_none_is_malformed() {
    for host in ["*.partner.example", "a..b", "-a.example", "a.example.", " "] {
        check(
            Scheme::Dns,
            |client| client.dns(host),
            &format!("malformed dns: `{host}` is malformed: wanted a host name"),
        );
    }
    for mailbox in [
        "ops",
        "@a.example",
        "ops@",
        "ops@a..example",
        "o ps@a.example",
    ] {
        check(
            Scheme::Email,
            |client| client.email(mailbox),
            &format!("malformed email: `{mailbox}` is malformed: wanted a mailbox `name@domain`"),
        );
    }
}

#[test]
fn a_common_name_with_a_control_character_is_malformed() {
    for name in [
        "admin\0.evil",
        "admin\nX-Client-CN: root",
        "a\tb",
        "\u{85}",
        "a\u{7f}",
        "",
    ] {
        let error = Scheme::CommonName
            .name_in(&read(&client(|client| client.common_name(name))))
            .unwrap_err();
        let source = NameError::Malformed {
            name: name.to_owned(),
            wanted: "text without control characters",
        };
        let wanted = IdentityError::Malformed {
            scheme: Scheme::CommonName,
            source,
        };
        assert_eq!(error, wanted);
    }
}

#[test]
fn the_error_of_a_malformed_name_is_one_line() {
    let der = client(|client| client.common_name("admin\nX-Client-CN: root\0"));
    let found = found(Scheme::CommonName, &der);
    assert!(!found.chars().any(char::is_control), "{found:?}");
}

const BEGINNING: &str = "a URI that begins with `spiffe://`";
const DOMAIN: &str = "a trust domain of lower-case letters, digits, dots, dashes and underscores";
const SEGMENTS: &str =
    "path segments of letters, digits, dots, dashes and underscores, none empty, `.` or `..`";
