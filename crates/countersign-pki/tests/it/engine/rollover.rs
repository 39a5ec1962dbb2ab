//! Cross-certificates, renewals with the same key, and certificates for keys that exist.

use countersign_pki::{Attribute, Authority, IssueError, Key, KeyKind, Subject};

use super::{is_signed_by, parse, root};
use crate::{at, now};

#[test]
fn a_cross_certificate_leads_from_the_old_root_to_the_new_ones_leaves() {
    let subject = Subject::new()
        .with(Attribute::Country, "GB")
        .with(Attribute::CommonName, "New");
    let new = Authority::root_request("", now())
        .subject(subject)
        .issue_authority()
        .unwrap();
    let old = Authority::root("Old", now()).unwrap();
    let crossed = old.cross_request(&new, now()).issue_authority().unwrap();
    let client = new.client(now()).common_name("x").issue().unwrap();

    let (cross, root) = (
        parse(crossed.certificate_der()),
        parse(new.certificate_der()),
    );
    assert_eq!(cross.subject().as_raw(), root.subject().as_raw());
    assert_eq!(cross.public_key().raw, root.public_key().raw);
    assert_eq!(crossed.key_id(), new.key_id());
    assert!(is_signed_by(
        crossed.certificate_der(),
        old.certificate_der()
    ));
    assert!(is_signed_by(
        client.certificate_der(),
        crossed.certificate_der()
    ));
    // What the crossed authority issues travels with the cross-certificate.
    let client = crossed.client(now()).common_name("x").issue().unwrap();
    assert_eq!(client.chain_der()[1], crossed.certificate_der());
    assert!(is_signed_by(
        client.certificate_der(),
        new.certificate_der()
    ));
}

#[test]
fn a_renewed_root_stands_above_what_the_old_one_issued() {
    let old = root();
    let client = old.client(now()).common_name("x").issue().unwrap();
    let later = at("2030-01-01T00:00:00Z");
    let new = old.renewal_request(later).issue_authority().unwrap();
    assert_ne!(new.serial(), old.serial());
    assert!(new.not_after() > old.not_after());
    assert_eq!(new.key_id(), old.key_id());
    assert!(is_signed_by(
        client.certificate_der(),
        new.certificate_der()
    ));
    assert!(is_signed_by(new.certificate_der(), new.certificate_der()));
    assert_eq!(
        new.intermediate("Issuing", later)
            .unwrap()
            .chain_pem()
            .matches("BEGIN")
            .count(),
        1
    );
}

#[test]
fn a_renewed_intermediate_keeps_its_key() {
    let root = root();
    let old = root.intermediate("Issuing", now()).unwrap();
    let new = root.cross_request(&old, now()).issue_authority().unwrap();
    let client = old.client(now()).common_name("x").issue().unwrap();
    assert!(is_signed_by(
        client.certificate_der(),
        new.certificate_der()
    ));
    assert_ne!(new.serial(), old.serial());
}

#[test]
fn a_renewed_leaf_may_keep_its_key() {
    let root = root();
    let first = root.client(now()).common_name("x").issue().unwrap();
    let second = root
        .client(now())
        .common_name("x")
        .for_key(first.key())
        .issue()
        .unwrap();
    assert_eq!(
        parse(first.certificate_der()).public_key().raw,
        parse(second.certificate_der()).public_key().raw
    );
    assert_ne!(first.serial(), second.serial());
}

#[test]
fn an_authority_is_put_together_from_its_files() {
    let root = root();
    let issuing = root.intermediate("Issuing", now()).unwrap();
    let key = Key::from_pem(&issuing.key_pem()).unwrap();
    let again = Authority::from_chain(&[issuing.certificate_der().to_vec()], key).unwrap();
    assert_eq!(
        (again.name(), again.chain_pem()),
        ("Issuing", issuing.chain_pem())
    );
    let client = again.client(now()).common_name("x").issue().unwrap();
    assert!(is_signed_by(
        client.certificate_der(),
        issuing.certificate_der()
    ));

    let chain = [issuing.certificate_der().to_vec()];
    let stranger = Key::generate(KeyKind::P256).unwrap();
    let refused = Authority::from_chain(&chain, stranger.clone()).unwrap_err();
    assert!(
        matches!(refused, IssueError::KeyMismatch { .. }),
        "{refused}"
    );
    let refused = Authority::from_chain(&[], stranger).unwrap_err();
    assert!(
        matches!(refused, IssueError::Unreadable { .. }),
        "{refused}"
    );
}
