//! What cannot be asked for.

use countersign_pki::{Authority, Digest, IssueError, Issued, Key, KeyKind};
use x509_parser::prelude::*;

use super::{is_signed_by, openssl, parse, root};
use crate::now;

fn client(root: &Authority) -> Issued {
    root.client(now())
        .common_name("x")
        .dns("x.test")
        .issue()
        .unwrap()
}

#[test]
fn a_broken_signature_is_broken_and_the_rest_is_whole() {
    let root = root();
    let client = client(&root);
    let broken = client.forge().unwrap().break_signature();
    assert!(!is_signed_by(
        broken.certificate_der(),
        root.certificate_der()
    ));
    let (one, two) = (
        parse(client.certificate_der()),
        parse(broken.certificate_der()),
    );
    assert_eq!(one.tbs_certificate.as_ref(), two.tbs_certificate.as_ref());
}

#[test]
fn version_1_has_no_extensions() {
    let root = root();
    let old = client(&root)
        .forge()
        .unwrap()
        .version_1()
        .sign(root.key())
        .unwrap();
    let leaf = parse(old.certificate_der());
    assert_eq!(
        (leaf.version(), leaf.extensions().len()),
        (X509Version::V1, 0)
    );
    assert!(is_signed_by(old.certificate_der(), root.certificate_der()));
}

#[test]
fn an_extension_is_there_twice() {
    let root = root();
    let twice = client(&root)
        .forge()
        .unwrap()
        .repeat_extension(&[2, 5, 29, 17]);
    let twice = twice.sign(root.key()).unwrap();
    let leaf = parse(twice.certificate_der());
    assert!(leaf.subject_alternative_name().is_err());
    assert!(is_signed_by(
        twice.certificate_der(),
        root.certificate_der()
    ));
}

#[test]
fn weak_digests_are_signed_over() {
    let root = root();
    for (digest, words) in [
        (Digest::Sha1, "ecdsa-with-SHA1"),
        (Digest::Sha224, "ecdsa-with-SHA224"),
        (Digest::Md5, "md5WithRSAEncryption"),
    ] {
        let weak = client(&root)
            .forge()
            .unwrap()
            .sign_over(digest, root.key())
            .unwrap();
        let Some(text) = openssl(&["x509", "-noout", "-text", "-in"], &weak.leaf_pem()) else {
            return;
        };
        assert_eq!(text.matches(words).count(), 2, "{text}");
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        std::fs::write(&ca, root.certificate_pem()).unwrap();
        let level = ["verify", "-auth_level", "0", "-no_check_time", "-CAfile"];
        if digest != Digest::Md5 {
            let arguments = level.into_iter().chain([ca.to_str().unwrap()]);
            let arguments: Vec<&str> = arguments.collect();
            assert!(
                openssl(&arguments, &weak.leaf_pem())
                    .unwrap()
                    .contains(": OK")
            );
        }
    }
}

#[test]
fn only_a_p256_key_signs_over_a_weak_digest() {
    let root = root();
    let key = Key::generate(KeyKind::Ed25519).unwrap();
    let refused = client(&root).forge().unwrap().sign_over(Digest::Sha1, &key);
    assert!(matches!(refused, Err(IssueError::Unforgeable { .. })));
}

#[test]
fn a_changed_certificate_may_keep_its_signature() {
    let root = root();
    let stranger = Key::generate(KeyKind::P256).unwrap();
    let stolen = client(&root)
        .forge()
        .unwrap()
        .public_key(stranger.public_key_der());
    let stolen = stolen.keep_signature().with_key(stranger.clone());
    let leaf = parse(stolen.certificate_der());
    assert_eq!(leaf.public_key().raw, stranger.public_key_der());
    assert!(!is_signed_by(
        stolen.certificate_der(),
        root.certificate_der()
    ));
}

#[test]
fn a_serial_number_may_be_negative() {
    let root = root();
    let odd = client(&root)
        .forge()
        .unwrap()
        .raw_serial(&[0x80, 1])
        .sign(root.key())
        .unwrap();
    assert_eq!(parse(odd.certificate_der()).raw_serial(), [0x80, 1]);
    assert_eq!(odd.serial(), [0x80, 1]);
}
