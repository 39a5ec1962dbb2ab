//! Revocation lists.

use countersign_pki::{Authority, Crl, CrlScope, IssueError, Key, KeyKind, RevocationReason};
use x509_parser::prelude::*;
use x509_parser::revocation_list::CertificateRevocationList;

use super::{openssl, parse, root};
use crate::{at, now};

fn read(crl: &Crl) -> CertificateRevocationList<'_> {
    let (rest, list) = CertificateRevocationList::from_der(crl.der()).unwrap();
    assert!(rest.is_empty());
    list
}

fn is_by(crl: &Crl, authority: &Authority) -> bool {
    let issuer = parse(authority.certificate_der());
    read(crl).verify_signature(issuer.public_key()).is_ok()
}

fn key_id(list: &CertificateRevocationList<'_>) -> Vec<u8> {
    let parsed = list.extensions().iter().map(|e| e.parsed_extension());
    let mut ids = parsed.filter_map(|e| match e {
        ParsedExtension::AuthorityKeyIdentifier(id) => Some(id.key_identifier.clone()?.0.to_vec()),
        _ => None,
    });
    ids.next().unwrap()
}

#[test]
fn a_list_says_what_was_revoked_when_and_why() {
    let root = root();
    let client = root.client(now()).common_name("x").issue().unwrap();
    let issuing = root.intermediate("Issuing", now()).unwrap();
    let when = at("2026-07-31T12:00:00Z");
    let crl = root
        .crl(now())
        .revoke(&client.serial(), RevocationReason::KeyCompromise, when)
        .revoke(&issuing.serial(), RevocationReason::Unspecified, when)
        .number(7)
        .next_update(at("2026-08-02T12:00:00Z"))
        .issue()
        .unwrap();
    let list = read(&crl);
    let revoked: Vec<_> = list.iter_revoked_certificates().collect();
    assert_eq!(revoked[0].raw_serial(), client.serial());
    assert_eq!(
        revoked[0].reason_code().unwrap().1,
        ReasonCode::KeyCompromise
    );
    assert_eq!(revoked[0].revocation_date.timestamp(), when.as_second());
    assert_eq!(revoked[1].raw_serial(), issuing.serial());
    assert!(revoked[1].reason_code().is_none());
    assert_eq!(list.crl_number().unwrap().to_string(), "7");
    assert_eq!(list.last_update().timestamp(), now().as_second());
    assert_eq!(
        list.next_update().unwrap().timestamp(),
        now().as_second() + 86_400
    );
    assert!(is_by(&crl, &root));
}

#[test]
fn a_list_may_be_empty_and_stale() {
    let root = root();
    let crl = root
        .crl(at("2020-01-01T00:00:00Z"))
        .next_update(at("2020-01-08T00:00:00Z"))
        .issue()
        .unwrap();
    let list = read(&crl);
    assert_eq!(list.iter_revoked_certificates().count(), 0);
    assert!(list.next_update().unwrap().timestamp() < now().as_second());
    let refused = root.crl(now()).next_update(now()).issue().unwrap_err();
    assert!(
        matches!(refused, IssueError::ValidityEmpty { .. }),
        "{refused}"
    );
}

/// OpenSSL finds the issuer of a list by this identifier.
#[test]
fn a_list_names_the_key_as_the_certificate_of_its_issuer_does() {
    let root = Authority::root_request("Odd", now())
        .without_extension(&[2, 5, 29, 14])
        .extension(countersign_pki::Extension::subject_key_id(&[9; 12]))
        .issue_authority()
        .unwrap();
    let root = Authority::from_chain(&[root.certificate_der().to_vec()], root.key().clone());
    let root = root.unwrap();
    assert_eq!(root.key_id(), [9; 12]);
    assert_eq!(key_id(&read(&root.crl(now()).issue().unwrap())), [9; 12]);
}

#[test]
fn a_list_signed_by_a_stranger_has_the_name_of_its_issuer() {
    let root = root();
    for kind in [KeyKind::P256, KeyKind::Ed25519] {
        let stranger = Key::generate(kind).unwrap();
        let crl = root.crl(now()).signed_with(&stranger).issue().unwrap();
        assert_eq!(
            read(&crl).issuer().as_raw(),
            parse(root.certificate_der()).subject().as_raw()
        );
        assert_eq!(key_id(&read(&crl)), root.key_id());
        assert!(!is_by(&crl, &root));
    }
}

#[test]
fn a_list_may_speak_for_one_point_only() {
    let root = root();
    let crl = root
        .crl(now())
        .distribution_point("http://a.test/crl", CrlScope::Leaves);
    let crl = crl.issue().unwrap();
    let list = read(&crl);
    let point = list
        .extensions()
        .iter()
        .find(|e| e.oid.to_id_string() == "2.5.29.28");
    assert!(point.is_some_and(|e| e.critical && e.value.ends_with(&[0x81, 1, 0xff])));
}

#[test]
fn openssl_reads_a_list() {
    let root = root();
    let crl = root
        .crl(now())
        .revoke(&[1, 2, 3], RevocationReason::Superseded, now())
        .issue()
        .unwrap();
    if let Some(text) = openssl(&["crl", "-noout", "-text", "-in"], &crl.pem()) {
        assert!(
            text.contains("010203") && text.contains("Superseded"),
            "{text}"
        );
    }
}
