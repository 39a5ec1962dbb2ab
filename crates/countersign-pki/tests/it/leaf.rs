//! What is in the certificates.

use std::time::Instant;

use countersign_pki::{Authority, IssueError, Name, Pki, Usage};
use x509_parser::prelude::*;

use crate::{at, now};

fn parse(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    certificate
}

fn authority_key_id<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate
        .iter_extensions()
        .find_map(|e| match e.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                id.key_identifier.as_ref().map(|id| id.0)
            }
            _ => None,
        })
}

fn subject_key_id<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a [u8]> {
    certificate
        .iter_extensions()
        .find_map(|e| match e.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
            _ => None,
        })
}

fn issuing() -> Authority {
    let root = Authority::root("Test Root", now()).unwrap();
    root.intermediate("Test Issuing CA", now()).unwrap()
}

#[test]
fn a_leaf_says_what_it_is_for_and_nothing_more() {
    let issuing = issuing();
    let server = issuing
        .server(now())
        .dns("localhost")
        .ip([127, 0, 0, 1])
        .issue()
        .unwrap();
    let client = issuing
        .client(now())
        .uri("spiffe://dev.example/billing")
        .issue()
        .unwrap();
    for (issued, is_server) in [(&server, true), (&client, false)] {
        let leaf = parse(issued.certificate_der());
        let constraints = leaf.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && !constraints.value.ca);
        let usage = leaf.key_usage().unwrap().unwrap();
        assert!(usage.critical);
        assert_eq!(usage.value.flags, 1, "digitalSignature alone");
        let purpose = leaf.extended_key_usage().unwrap().unwrap().value;
        assert_eq!(
            (purpose.server_auth, purpose.client_auth),
            (is_server, !is_server)
        );
        assert!(!purpose.any && purpose.other.is_empty());
        assert_eq!(leaf.extensions().len(), 6, "{:?}", leaf.extensions());
    }
}

#[test]
fn a_leaf_names_the_key_that_signed_it() {
    let issuing = issuing();
    let client = issuing.client(now()).common_name("x").issue().unwrap();
    let (leaf, above) = (
        parse(client.certificate_der()),
        parse(issuing.certificate_der()),
    );
    assert_eq!(authority_key_id(&leaf), subject_key_id(&above));
    assert!(subject_key_id(&leaf).is_some_and(|id| id.len() == 20));
    assert_eq!(leaf.issuer(), above.subject());
    leaf.verify_signature(Some(above.public_key())).unwrap();
}

#[test]
fn names_are_critical_when_the_subject_is_empty() {
    let issuing = issuing();
    let unnamed = issuing.client(now()).email("a@b.example").issue().unwrap();
    let named = issuing
        .client(now())
        .common_name("x")
        .email("a@b.example")
        .issue()
        .unwrap();
    for (issued, critical) in [(unnamed, true), (named, false)] {
        let leaf = parse(issued.certificate_der());
        assert_eq!(leaf.subject().as_raw().len() == 2, critical);
        assert_eq!(
            leaf.subject_alternative_name().unwrap().unwrap().critical,
            critical
        );
    }
}

#[test]
fn serial_numbers_are_sixteen_random_bytes() {
    let issuing = issuing();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let client = issuing.client(now()).common_name("x").issue().unwrap();
        let serial = parse(client.certificate_der()).raw_serial().to_vec();
        assert_eq!(serial.len(), 16);
        assert_eq!(serial.first().unwrap() & 0xc0, 0x40);
        assert!(seen.insert(serial));
    }
}

#[test]
fn authorities_sign_certificates_and_crls_and_limit_their_depth() {
    let root = Authority::root("Test Root", now()).unwrap();
    let issuing = root.intermediate("Test Issuing CA", now()).unwrap();
    for (authority, path_len) in [(&root, 1), (&issuing, 0)] {
        let certificate = parse(authority.certificate_der());
        let constraints = certificate.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(path_len));
        let usage = certificate.key_usage().unwrap().unwrap();
        assert!(usage.critical && usage.value.key_cert_sign() && usage.value.crl_sign());
        assert!(!usage.value.digital_signature());
    }
    let refused = issuing.intermediate("Too deep", now()).unwrap_err();
    assert!(
        matches!(refused, IssueError::PathLength { .. }),
        "{refused}"
    );
}

#[test]
fn lifetimes_are_those_of_the_design() {
    let root = Authority::root("Test Root", now()).unwrap();
    let issuing = root.intermediate("Test Issuing CA", now()).unwrap();
    let client = issuing.client(now()).common_name("x").issue().unwrap();
    let backdated = at("2026-08-01T11:55:00Z").as_second();
    for (der, days) in [
        (root.certificate_der(), 3650),
        (issuing.certificate_der(), 730),
        (client.certificate_der(), 30),
    ] {
        let validity = parse(der).validity().clone();
        assert_eq!(validity.not_before.timestamp(), backdated);
        assert_eq!(
            validity.not_after.timestamp(),
            now().as_second() + days * 86_400
        );
    }
}

#[test]
fn a_leaf_outlives_its_issuer_only_when_asked_to() {
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-08-10T00:00:00Z"));
    let ending = Authority::root_valid("Ending Root", from, until).unwrap();
    let limited = ending.client(now()).common_name("x").issue().unwrap();
    assert_eq!(limited.not_after(), until);
    let later = at("2027-01-01T00:00:00Z");
    let asked = ending
        .client(now())
        .common_name("x")
        .validity(from, later)
        .issue()
        .unwrap();
    assert_eq!(asked.not_after(), later);
    for day in [until, at("2026-08-10T00:03:00Z"), later] {
        let refused = ending.client(day).common_name("x").issue().unwrap_err();
        assert!(
            matches!(refused, IssueError::IssuerNotValid { .. }),
            "{refused}"
        );
    }
}

#[test]
fn dates_that_cannot_be_are_refused() {
    let issuing = issuing();
    let request = issuing.client(now()).common_name("x");
    let refused = request.clone().validity(now(), now()).issue().unwrap_err();
    assert!(
        matches!(refused, IssueError::ValidityEmpty { .. }),
        "{refused}"
    );
    let refused = request
        .clone()
        .validity(at("1949-12-31T00:00:00Z"), now())
        .issue()
        .unwrap_err();
    assert!(
        matches!(refused, IssueError::ValidityOutOfRange { .. }),
        "{refused}"
    );
    let long = request
        .validity(at("1950-01-01T00:00:00Z"), jiff::Timestamp::MAX)
        .issue()
        .unwrap();
    assert_eq!(
        long.not_after().as_second(),
        jiff::Timestamp::MAX.as_second()
    );
}

#[test]
fn a_test_can_have_what_no_manifest_may_say() {
    let issuing = issuing();
    let odd = issuing
        .client(now())
        .common_name("nul\0nul")
        .uri("spiffe://dev.example/a")
        .uri("spiffe://dev.example/b")
        .dns("a\0b")
        .extended_key_usage(&[Usage::Server])
        .issue()
        .unwrap();
    let leaf = parse(odd.certificate_der());
    let names = leaf.subject_alternative_name().unwrap().unwrap().value;
    assert_eq!(names.general_names.len(), 3);
    assert!(
        leaf.extended_key_usage()
            .unwrap()
            .unwrap()
            .value
            .server_auth
    );

    let any = issuing
        .client(now())
        .common_name("x")
        .extended_key_usage(&[])
        .issue()
        .unwrap();
    assert!(
        parse(any.certificate_der())
            .extended_key_usage()
            .unwrap()
            .is_none()
    );

    let refused = issuing
        .client(now())
        .name(Name::Dns("bücher.example".into()))
        .issue();
    assert!(matches!(refused, Err(IssueError::NameNotAscii { .. })));
}

#[test]
fn two_authorities_may_share_a_name_but_not_a_key() {
    let (one, two) = (
        Authority::root("Same", now()).unwrap(),
        Authority::root("Same", now()).unwrap(),
    );
    let (one, two) = (parse(one.certificate_der()), parse(two.certificate_der()));
    assert_eq!(one.subject().as_raw(), two.subject().as_raw());
    assert_ne!(subject_key_id(&one), subject_key_id(&two));
    assert!(one.verify_signature(Some(two.public_key())).is_err());
}

#[test]
fn chains_go_up_to_the_root_and_leave_it_out() {
    let issuing = issuing();
    let client = issuing.client(now()).common_name("x").issue().unwrap();
    assert_eq!(
        client.chain_der(),
        [client.certificate_der(), issuing.certificate_der()]
    );
    assert_eq!(
        client.chain_pem(),
        client.leaf_pem() + &issuing.certificate_pem()
    );
    assert_eq!(issuing.chain_pem(), issuing.certificate_pem());

    let root = Authority::root("Test Root", now()).unwrap();
    let client = root.client(now()).common_name("x").issue().unwrap();
    assert_eq!(client.chain_der(), [client.certificate_der()]);
    assert_eq!(root.chain_pem(), "");
}

#[test]
fn no_debug_output_holds_a_key() {
    let issuing = issuing();
    let client = issuing.client(now()).common_name("x").issue().unwrap();
    let pki = Pki::dev(now()).unwrap();
    let request = issuing.client(now()).common_name("x");
    let printed = format!("{issuing:?} {client:?} {pki:?} {request:?}");
    assert!(printed.contains("Authority {") && printed.contains("Issued {"));
    for word in ["key", "PRIVATE", "der"] {
        assert!(!printed.contains(word), "{word}: {printed}");
    }
}

#[test]
fn mallory_has_billings_name_from_a_stranger() {
    let pki = Pki::dev(now()).unwrap();
    let names = |name| {
        let leaf = pki.issued(name).unwrap().certificate_der();
        let leaf = parse(leaf);
        format!(
            "{:?}",
            leaf.subject_alternative_name()
                .unwrap()
                .unwrap()
                .value
                .general_names
        )
    };
    assert_eq!(names("mallory"), names("billing"));
    let mallory = parse(pki.issued("mallory").unwrap().certificate_der());
    let stranger = parse(pki.authority("stranger").unwrap().certificate_der());
    let issuing = parse(pki.authority("issuing").unwrap().certificate_der());
    assert!(
        mallory
            .verify_signature(Some(stranger.public_key()))
            .is_ok()
    );
    assert!(
        mallory
            .verify_signature(Some(issuing.public_key()))
            .is_err()
    );
}

#[test]
fn an_unknown_item_is_answered_with_those_there_are() {
    let pki = Pki::dev(now()).unwrap();
    assert_eq!(
        pki.issued("biling").unwrap_err().to_string(),
        "no certificate is called `biling`; there is billing, mallory, newcomer, reports, server"
    );
}

/// The bound is generous, for a debug build on a loaded machine; it takes about ten.
#[test]
fn a_whole_world_takes_milliseconds() {
    let best = (0..5).map(|_| {
        let start = Instant::now();
        Pki::dev(now()).unwrap();
        start.elapsed()
    });
    let best = best.min().unwrap();
    assert!(best.as_millis() < 200, "{best:?}");
}
