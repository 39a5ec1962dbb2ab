//! What a certificate may say.

use countersign_pki::{
    Attribute, Authority, BasicConstraints, Extension, IssueError, KeyUsage, NameConstraints,
    Subject, Subtree, Usage,
};
use x509_parser::prelude::*;

use super::{extension, is_signed_by, openssl, parse, root};
use crate::{at, now};

#[test]
fn a_subject_keeps_its_order() {
    let subject = Subject::new()
        .with(Attribute::Country, "GB")
        .with(Attribute::Organization, "Acme TPP Limited")
        .with(Attribute::OrganizationIdentifier, "PSDGB-FCA-123456")
        .with(Attribute::CommonName, "acme");
    let client = root().client(now()).subject(subject).issue().unwrap();
    let leaf = parse(client.certificate_der());
    assert_eq!(
        leaf.subject().to_string(),
        "C=GB, O=Acme TPP Limited, OID(2.5.4.97)=PSDGB-FCA-123456, CN=acme"
    );
}

#[test]
fn a_subject_states_nothing_twice() {
    let subject = Subject::named("a").with(Attribute::CommonName, "b");
    let refused = root().client(now()).subject(subject).issue().unwrap_err();
    let attribute = Attribute::CommonName;
    assert_eq!(refused, IssueError::AttributeTwice { attribute });
}

#[test]
fn a_subject_may_hold_what_it_should_not() {
    for name in ["a\0b", "a\nb", "a,O=Evil", "Zürich ✓"] {
        let client = root().client(now()).common_name(name).issue().unwrap();
        let leaf = parse(client.certificate_der());
        let mut names = leaf.subject().iter_common_name();
        assert_eq!(names.next().unwrap().as_str().unwrap(), name);
    }
}

/// The issuer's name is compared byte by byte, so it has to be the same bytes.
#[test]
fn a_rich_name_of_an_authority_is_its_leaves_issuer() {
    let subject = Subject::new()
        .with(Attribute::Country, "GB")
        .with(Attribute::SerialNumber, "1")
        .with(Attribute::Organization, "Ünusual, Inc.")
        .with(Attribute::OrganizationIdentifier, "VATGB-1")
        .with(Attribute::CommonName, "CA");
    let root = Authority::root_request("", now()).subject(subject);
    let root = root.issue_authority().unwrap();
    let client = root.client(now()).common_name("x").issue().unwrap();
    let (leaf, above) = (
        parse(client.certificate_der()),
        parse(root.certificate_der()),
    );
    assert_eq!(leaf.issuer().as_raw(), above.subject().as_raw());
    assert_eq!(root.name(), "CA");
    assert!(is_signed_by(
        client.certificate_der(),
        root.certificate_der()
    ));
}

#[test]
fn key_usage_is_what_was_asked_for() {
    let all = [
        KeyUsage::DigitalSignature,
        KeyUsage::ContentCommitment,
        KeyUsage::KeyEncipherment,
        KeyUsage::DataEncipherment,
        KeyUsage::KeyAgreement,
        KeyUsage::KeyCertSign,
        KeyUsage::CrlSign,
        KeyUsage::EncipherOnly,
        KeyUsage::DecipherOnly,
    ];
    for (number, usage) in all.into_iter().enumerate() {
        let request = root()
            .client(now())
            .common_name("x")
            .key_usage(&[usage])
            .issue();
        let client = request.unwrap();
        let leaf = parse(client.certificate_der());
        assert_eq!(leaf.key_usage().unwrap().unwrap().value.flags, 1 << number);
    }
    let none = root()
        .client(now())
        .common_name("x")
        .key_usage(&[])
        .issue()
        .unwrap();
    assert!(parse(none.certificate_der()).key_usage().unwrap().is_none());
}

#[test]
fn extended_key_usage_is_what_was_asked_for() {
    let usage = [
        Usage::Any,
        Usage::OcspSigning,
        Usage::Other(&[1, 3, 6, 1, 4, 1, 99999, 1]),
    ];
    let request = root()
        .client(now())
        .common_name("x")
        .extended_key_usage(&usage)
        .issue();
    let client = request.unwrap();
    let leaf = parse(client.certificate_der());
    let found = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(found.any && found.ocsp_signing && !found.client_auth);
    assert_eq!(found.other.len(), 1);
}

#[test]
fn a_purpose_has_an_object_identifier() {
    let root = root();
    let request = root.client(now()).common_name("x");
    let refused = request
        .clone()
        .extended_key_usage(&[Usage::Other(&[9, 9])])
        .issue();
    assert_eq!(
        refused.unwrap_err(),
        IssueError::NotAnOid { arcs: vec![9, 9] }
    );
    let refused = request.extension(Extension::new(&[1], [])).issue();
    assert_eq!(refused.unwrap_err(), IssueError::NotAnOid { arcs: vec![1] });
}

#[test]
fn basic_constraints_are_what_was_asked_for() {
    for (asked, found) in [
        (BasicConstraints::Absent, None),
        (BasicConstraints::Leaf, Some((false, None))),
        (BasicConstraints::Authority, Some((true, None))),
        (BasicConstraints::AuthorityAbove(0), Some((true, Some(0)))),
        (
            BasicConstraints::AuthorityAbove(200),
            Some((true, Some(200))),
        ),
    ] {
        let root = root();
        let request = root
            .intermediate_request("CA", now())
            .basic_constraints(asked);
        let authority = request.issue_authority().unwrap();
        let certificate = parse(authority.certificate_der());
        let constraints = certificate.basic_constraints().unwrap();
        let constraints = constraints.map(|c| (c.value.ca, c.value.path_len_constraint));
        assert_eq!(constraints, found);
        let client = authority.client(now()).common_name("x").issue().unwrap();
        assert!(is_signed_by(
            client.certificate_der(),
            authority.certificate_der()
        ));
    }
}

#[test]
fn a_request_may_break_its_issuers_path_length() {
    let issuing = root().intermediate("Issuing", now()).unwrap();
    assert!(issuing.intermediate("Too deep", now()).is_err());
    let deep = issuing
        .intermediate_request("Too deep", now())
        .issue_authority();
    let client = deep
        .unwrap()
        .client(now())
        .common_name("x")
        .issue()
        .unwrap();
    assert_eq!(client.chain_der().len(), 3);
}

#[test]
fn name_constraints_of_every_kind_are_written() {
    let constraints = NameConstraints::new()
        .permit(Subtree::Dns("example.test".into()))
        .permit(Subtree::Email(".mail.test".into()))
        .permit(Subtree::Ip([10, 1, 0, 0].into(), 12))
        .permit(Subtree::Directory(
            Subject::new().with(Attribute::Country, "GB"),
        ))
        .exclude(Subtree::Uri("bad.test".into()))
        .exclude(Subtree::Ip("2001:db8::".parse().unwrap(), 32));
    let root = root();
    let request = root
        .intermediate_request("CA", now())
        .name_constraints(constraints);
    let authority = request.issue_authority().unwrap();
    let certificate = parse(authority.certificate_der());
    let found = certificate.name_constraints().unwrap().unwrap();
    assert!(found.critical);
    let names = |list: Option<&Vec<GeneralSubtree<'_>>>| {
        let names = list.unwrap().iter().map(|s| s.base.to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names(found.value.permitted_subtrees.as_ref()),
        "DNSName(example.test) RFC822Name(.mail.test) IPAddress(0a:01:00:00:ff:f0:00:00) DirectoryName(C=GB)"
    );
    let excluded = names(found.value.excluded_subtrees.as_ref());
    assert!(
        excluded.starts_with("URI(bad.test) IPAddress(20:01:0d:b8:"),
        "{excluded}"
    );
    assert!(excluded.contains("ff:ff:ff:ff:00"), "{excluded}");
}

#[test]
fn further_extensions_are_written_as_given() {
    let client = root()
        .client(now())
        .common_name("x")
        .extension(Extension::crl_distribution_points([
            "http://a.test/1",
            "http://a.test/2",
        ]))
        .extension(Extension::certificate_policies([&[2, 23, 140, 1, 1][..]]))
        .extension(Extension::authority_information_access(
            ["http://o.test"],
            ["http://c.test"],
        ))
        .extension(Extension::ocsp_no_check())
        .extension(Extension::new(&[1, 3, 6, 1, 4, 1, 99999, 1], [5, 0]).critical())
        .issue()
        .unwrap();
    let leaf = parse(client.certificate_der());
    let critical = leaf
        .extensions()
        .iter()
        .find(|e| e.oid.to_id_string().contains("99999"));
    assert!(critical.is_some_and(|e| e.critical && e.value == [5, 0]));
    assert_eq!(extension(&leaf, "1.3.6.1.5.5.7.48.1.5"), [5, 0]);
    if let Some(text) = openssl(&["x509", "-noout", "-text", "-in"], &client.leaf_pem()) {
        for words in [
            "URI:http://a.test/2",
            "Policy: 2.23.140.1.1",
            "OCSP - URI:http://o.test",
        ] {
            assert!(text.contains(words), "{text}");
        }
        assert!(text.contains("CA Issuers - URI:http://c.test"), "{text}");
    }
}

#[test]
fn usual_extensions_can_be_left_out_replaced_and_repeated() {
    let root = root();
    let request = || root.client(now()).common_name("x");
    let without = request()
        .without_extension(&[2, 5, 29, 14])
        .issue()
        .unwrap();
    assert_eq!(parse(without.certificate_der()).extensions().len(), 4);
    let wrong = request().authority_key_id(&[7; 20]).issue().unwrap();
    let leaf = parse(wrong.certificate_der());
    assert_eq!(extension(&leaf, "2.5.29.35")[4..], [7; 20]);
    assert_eq!(leaf.extensions().len(), 5);
    let twice = request()
        .extension(Extension::subject_key_id(&[7; 20]))
        .issue()
        .unwrap();
    let ids = parse(twice.certificate_der());
    let ids = ids
        .extensions()
        .iter()
        .filter(|e| e.oid.to_id_string() == "2.5.29.14");
    assert_eq!(ids.count(), 2);
}

#[test]
fn serial_numbers_are_any_number() {
    for (asked, found) in [
        (&[0][..], &[0][..]),
        (&[0, 0, 9], &[9]),
        (&[0xff], &[0, 0xff]),
        (&[0x77; 24], &[0x77; 24]),
    ] {
        let request = root().client(now()).common_name("x").serial(asked).issue();
        let client = request.unwrap();
        assert_eq!(parse(client.certificate_der()).raw_serial(), found);
        assert_eq!(client.serial(), found);
    }
}

#[test]
fn names_may_repeat_and_may_be_rubbish() {
    let client = root()
        .client(now())
        .uri("spiffe://dev.example/a")
        .uri("spiffe://dev.example/a")
        .raw_name(0x87, [1, 2, 3, 4, 5])
        .raw_name(0x82, [0xff, 0xfe])
        .issue()
        .unwrap();
    let leaf = parse(client.certificate_der());
    let names = extension(&leaf, "2.5.29.17");
    let uri = b"spiffe://dev.example/a";
    assert_eq!(names.windows(uri.len()).filter(|w| w == uri).count(), 2);
    assert!(names.ends_with(&[0x87, 5, 1, 2, 3, 4, 5, 0x82, 2, 0xff, 0xfe]));
}

#[test]
fn dates_may_lie_anywhere() {
    let (from, until) = (at("2000-01-01T00:00:00Z"), at("9999-12-30T00:00:00Z"));
    let root = root();
    let request = root.client(now()).common_name("x").validity(from, until);
    let client = request.issue().unwrap();
    let leaf = parse(client.certificate_der());
    assert_eq!(leaf.validity().not_before.timestamp(), from.as_second());
    assert_eq!(leaf.validity().not_after.timestamp(), until.as_second());
}

#[test]
fn a_leaf_may_sign_itself_and_others() {
    let own = countersign_pki::Request::self_signed(Usage::Client, now());
    let own = own.common_name("own").issue().unwrap();
    assert!(is_signed_by(own.certificate_der(), own.certificate_der()));
    assert_eq!(own.chain_der().len(), 1);

    let leaf = root().client(now()).common_name("leaf").issue().unwrap();
    let authority = leaf.as_authority().unwrap();
    let below = authority.client(now()).common_name("below");
    let below = below.issue().unwrap();
    assert!(is_signed_by(
        below.certificate_der(),
        leaf.certificate_der()
    ));
    assert_eq!(
        below.chain_der(),
        [below.certificate_der(), leaf.certificate_der()]
    );
}

#[test]
fn chains_are_sent_in_any_order_and_beside_any_key() {
    let root = root();
    let issuing = root.intermediate("Issuing", now()).unwrap();
    let client = issuing.client(now()).common_name("x").issue().unwrap();
    let alone = client.clone().sent_with(Vec::<Vec<u8>>::new());
    assert_eq!(alone.chain_pem(), client.leaf_pem());
    let with_root = [issuing.certificate_der(), root.certificate_der()];
    assert_eq!(client.clone().sent_with(with_root).chain_der().len(), 3);
    let other = client.clone().with_key(issuing.key().clone());
    assert_eq!(other.certificate_der(), client.certificate_der());
    assert_ne!(other.key_pem(), client.key_pem());
}
