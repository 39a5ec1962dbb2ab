//! An authority changes its key, and nobody is refused: who trusts the old root, the new one, or both
//! accepts what was signed before and after.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use countersign_pki::{Crossed, Rotation, Store};
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;

use crate::store::{contents, dev_store};
use crate::{at, dev_plan};

/// When the certificates are looked at, and when the second authority is made.
fn later() -> Timestamp {
    at("2026-08-02T12:00:00Z")
}

pub(crate) fn certificates(text: &str) -> Vec<CertificateDer<'static>> {
    let all = CertificateDer::pem_slice_iter(text.as_bytes());
    all.map(Result::unwrap).collect()
}

/// What a rustls server says of a client with that chain.
pub(crate) fn rustls_accepts(trusted: &str, chain: &str) -> bool {
    let mut roots = RootCertStore::empty();
    for root in certificates(trusted) {
        roots.add(root).unwrap();
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let seconds = later().as_second().unsigned_abs();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let chain = certificates(chain);
    let (leaf, above) = chain.split_first().unwrap();
    let verdict = verifier
        .build()
        .unwrap()
        .verify_client_cert(leaf, above, time);
    verdict.is_ok()
}

/// What OpenSSL says of it; nothing where there is none.
fn openssl_accepts(trusted: &str, chain: &str) -> Option<bool> {
    let folder = tempfile::tempdir().unwrap();
    let (trust, sent) = (folder.path().join("trust"), folder.path().join("sent"));
    fs::write(&trust, trusted).unwrap();
    fs::write(&sent, chain).unwrap();
    let done = Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", "sslclient", "-attime"])
        .arg(later().as_second().to_string())
        .arg("-CAfile")
        .arg(trust)
        .arg("-untrusted")
        .args([&sent, &sent])
        .output();
    done.ok().map(|done| done.status.success())
}

#[track_caller]
fn check(what: &str, trusted: &str, chain: &str, wanted: bool) {
    assert_eq!(rustls_accepts(trusted, chain), wanted, "rustls: {what}");
    if let Some(accepted) = openssl_accepts(trusted, chain) {
        assert_eq!(accepted, wanted, "openssl: {what}");
    }
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

/// The folder, after that authority was rotated and the plan applied, and billing's chain of before.
fn rotated(name: &str) -> (TempDir, Store, Rotation, String) {
    let (folder, store, _) = dev_store();
    let before = read(store.certificate_path("billing"));
    let rotation = store.rotate(&dev_plan(later()), name).unwrap();
    store.apply(&dev_plan(later())).unwrap();
    assert!(!store.apply(&dev_plan(later())).unwrap().changed());
    (folder, store, rotation, before)
}

#[test]
fn whoever_trusts_the_old_root_the_new_one_or_both_accepts_a_leaf_of_before_and_of_after() {
    let (_folder, store, rotation, before) = rotated("root");
    let Crossed { old_by_new, .. } = rotation.crossed.unwrap();
    let bundles = [&rotation.before, &rotation.after, &rotation.during].map(read);
    let before_and_back = before.clone() + &read(old_by_new);
    let after = read(store.certificate_path("billing"));
    assert_ne!(before, after);
    for (trusted, who) in bundles.iter().zip(["old", "new", "both"]) {
        check(&format!("{who}, before"), trusted, &before_and_back, true);
        check(&format!("{who}, after"), trusted, &after, true);
    }
    // What makes the difference is the cross-certificates.
    let [old, new, both] = &bundles;
    check("new, before, no way back", new, &before, false);
    let crossed = read(store.cross_path("root"));
    let bare = after.strip_suffix(&crossed).unwrap();
    check("old, after, no way back", old, bare, false);
    check("both, before", both, &before, true);
    check("both, after", both, bare, true);
}

#[test]
fn below_a_root_nobody_has_to_do_anything() {
    let (_folder, store, rotation, before) = rotated("issuing");
    assert!(rotation.crossed.is_none());
    let root = read(store.certificate_path("root"));
    let after = read(store.certificate_path("billing"));
    assert_ne!(before, after);
    check("before", &root, &before, true);
    check("after", &root, &after, true);
    let bundles = [&rotation.before, &rotation.during, &rotation.after].map(read);
    assert_eq!(bundles[1], format!("{}{}", bundles[0], bundles[2]));
    assert!(before.ends_with(&bundles[0]) && after.ends_with(&bundles[2]));
}

#[test]
fn after_two_rotations_who_trusts_the_first_root_is_still_served() {
    let (_folder, store, first, _) = rotated("root");
    let oldest = read(&first.before);
    let second = store.rotate(&dev_plan(later()), "root").unwrap();
    store.apply(&dev_plan(later())).unwrap();
    let after = read(store.certificate_path("billing"));
    for trusted in [oldest, read(second.before), read(second.after)] {
        check("after two", &trusted, &after, true);
    }
}

#[test]
fn a_rotation_touches_nothing_but_the_authority_and_no_key_is_lost() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    store.rotate(&dev_plan(later()), "issuing").unwrap();
    let mut after = contents(store.dir());
    for name in ["issuing.pem", "issuing-key.pem"] {
        let old = &before[name];
        assert_ne!(&after[name], old);
        after.insert(name.to_owned(), old.clone());
        let end = name.strip_prefix("issuing").unwrap();
        let retired = format!("retired/issuing-20260802T120000Z{end}");
        assert_eq!(&fs::read(store.dir().join(retired)).unwrap(), old);
    }
    assert_eq!(after, before);
    assert_eq!(store.compare(&dev_plan(later())).unwrap().iter().count(), 4);
}

#[test]
fn the_way_back_is_no_longer_sent_once_its_file_is_removed() {
    let (_folder, store, _, _) = rotated("root");
    let count = |store: &Store| certificates(&read(store.certificate_path("billing"))).len();
    assert_eq!(count(&store), 3);
    fs::remove_file(store.cross_path("root")).unwrap();
    let report = store.apply(&dev_plan(later())).unwrap();
    assert_eq!(count(&store), 2);
    assert_eq!(report.changes().count(), 4);
    assert!(!store.apply(&dev_plan(later())).unwrap().changed());
}

#[test]
fn a_run_that_was_killed_before_the_new_root_was_put_in_place_changes_nothing() {
    let (_folder, store, _) = dev_store();
    let (_other, other, _, _) = rotated("root");
    fs::copy(other.cross_path("root"), store.cross_path("root")).unwrap();
    assert!(!store.apply(&dev_plan(later())).unwrap().changed());
}
