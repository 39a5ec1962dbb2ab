//! What was revoked stays so, and the lists say it.

use std::fs;
use std::process::Command;

use countersign_pki::{
    Action, Plan, Renewal, RevocationReason, Revoke, Store, StoreError, Warning,
};
use jiff::Timestamp;
use x509_parser::prelude::*;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::store::{contents, dev_store};
use crate::{at, dev_plan, now};

fn revoke(store: &Store, name: &str) -> Vec<String> {
    revoke_at(store, name, now())
}

fn revoke_at(store: &Store, name: &str, now: Timestamp) -> Vec<String> {
    let reason = RevocationReason::KeyCompromise;
    let (_, report) = store
        .revoke(&dev_plan(now), Revoke::InPlace(name), reason)
        .unwrap();
    report.lists().iter().map(ToString::to_string).collect()
}

/// The number of a list, its next update, and how many certificates it revokes.
fn list(store: &Store, issuer: &str) -> (u64, i64, usize) {
    let text = fs::read(store.crl_path(issuer)).unwrap();
    let (_, pem) = parse_x509_pem(&text).unwrap();
    let (_, list) = CertificateRevocationList::from_der(&pem.contents).unwrap();
    let number = list.crl_number().unwrap().try_into().unwrap();
    let next = list.next_update().unwrap().timestamp();
    (number, next, list.iter_revoked_certificates().count())
}

#[track_caller]
fn apply(store: &Store, plan: &Plan) -> Vec<String> {
    let foreseen = store.compare(plan).unwrap().to_string();
    let report = store.apply(plan).unwrap();
    let items = report.changes().map(ToString::to_string);
    let lists = report.lists().iter().map(ToString::to_string);
    let told: Vec<String> = items.chain(lists).collect();
    assert_eq!(foreseen.lines().collect::<Vec<_>>(), told);
    assert!(!store.apply(plan).unwrap().changed());
    told
}

fn warnings(store: &Store, plan: &Plan) -> Vec<String> {
    let report = store.apply(plan).unwrap();
    report.warnings().iter().map(Warning::to_string).collect()
}

#[test]
fn nothing_revoked_means_no_list() {
    let (_folder, store, _) = dev_store();
    assert!(
        contents(store.dir())
            .keys()
            .all(|name| !name.contains("crl"))
    );
    assert!(store.revocations().unwrap().is_empty());
}

#[test]
fn the_issuer_and_those_above_it_get_a_list_and_nothing_else_changes() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    assert_eq!(
        revoke(&store, "billing"),
        [
            "created    root.crl  missing",
            "created    issuing.crl  missing"
        ]
    );
    assert_eq!(list(&store, "issuing").2, 1);
    assert_eq!(list(&store, "root").2, 0);
    let mut after = contents(store.dir());
    for name in ["root.crl.pem", "issuing.crl.pem", "revoked.toml"] {
        assert!(after.remove(name).is_some(), "{name}");
    }
    assert_eq!(after, before);
}

#[test]
fn revoking_twice_changes_no_byte_and_keeps_the_first_moment() {
    let (_folder, store, _) = dev_store();
    revoke(&store, "billing");
    let before = contents(store.dir());
    assert!(revoke_at(&store, "billing", at("2026-08-02T12:00:00Z")).is_empty());
    assert_eq!(contents(store.dir()), before);
    assert_eq!(store.revocations().unwrap()[0].at, now());
}

#[test]
fn each_list_has_a_greater_number_even_within_a_second() {
    let (_folder, store, _) = dev_store();
    revoke(&store, "billing");
    let first = list(&store, "issuing");
    assert_eq!(
        revoke(&store, "reports"),
        ["renewed    issuing.crl  revoked: `reports`"]
    );
    let second = list(&store, "issuing");
    assert_eq!((second.0, second.2), (first.0 + 1, 2));
}

#[test]
fn a_list_is_refreshed_within_a_third_of_its_end_and_not_before() {
    let (_folder, store, _) = dev_store();
    let week = countersign_pki::Lifetime::parse("3d").unwrap();
    store
        .publish(&dev_plan(now()), Some("issuing"), Some(week))
        .unwrap();
    assert!(apply(&store, &dev_plan(at("2026-08-03T11:59:59Z"))).is_empty());
    let two_days_on = at("2026-08-03T12:00:00Z");
    assert_eq!(
        apply(&store, &dev_plan(two_days_on)),
        ["renewed    issuing.crl  ends soon, at 2026-08-04T12:00:00Z"]
    );
    // As long as the one before.
    let next = list(&store, "issuing").1;
    assert_eq!(next, at("2026-08-06T12:00:00Z").as_second());
}

#[test]
fn a_list_that_was_lost_or_lacks_a_revocation_is_made_by_the_next_run() {
    let (_folder, store, _) = dev_store();
    revoke(&store, "billing");
    let old = fs::read(store.crl_path("issuing")).unwrap();
    revoke(&store, "reports");
    fs::write(store.crl_path("issuing"), old).unwrap();
    fs::remove_file(store.crl_path("root")).unwrap();
    assert_eq!(
        apply(&store, &dev_plan(now())),
        [
            "created    root.crl  missing",
            "renewed    issuing.crl  revoked: `reports`"
        ]
    );
}

#[test]
fn a_revoked_certificate_in_place_is_a_warning_until_it_is_renewed() {
    let (_folder, store, _) = dev_store();
    revoke(&store, "billing");
    assert_eq!(
        warnings(&store, &dev_plan(now())),
        [
            "`billing` is revoked since 2026-08-01T12:00:00Z (keyCompromise); \
          run countersign pki renew billing --rotate-key"
        ]
    );
    let renew = dev_plan(now()).only("billing").unwrap();
    let renew = renew.renewing("billing", Renewal::RotateKey).unwrap();
    assert_eq!(store.apply(&renew).unwrap().changes().count(), 1);
    assert!(warnings(&store, &dev_plan(now())).is_empty());
    assert_eq!(store.revocations().unwrap().len(), 1);
}

#[test]
fn renewing_for_a_key_that_somebody_else_has_is_a_warning_too() {
    let (_folder, store, _) = dev_store();
    revoke(&store, "billing");
    let renew = dev_plan(now())
        .renewing("billing", Renewal::KeepKey)
        .unwrap();
    assert!(
        warnings(&store, &renew)[0].ends_with("run countersign pki renew billing --rotate-key")
    );
}

#[test]
fn a_certificate_that_was_renewed_since_is_revoked_by_its_serial_number() {
    let (_folder, store, _) = dev_store();
    let what = Revoke::Serial {
        name: "partner",
        issuer: "issuing",
        serial: &[0, 0xab, 1],
    };
    let (revoked, _) = store
        .revoke(&dev_plan(now()), what, RevocationReason::Superseded)
        .unwrap();
    assert_eq!(revoked[0].serial, [0xab, 1]);
    assert_eq!(list(&store, "issuing").2, 1);
    assert!(apply(&store, &dev_plan(now())).is_empty());
}

#[test]
fn an_authority_is_revoked_by_the_one_above_and_a_root_by_nobody() {
    let (_folder, store, _) = dev_store();
    assert_eq!(revoke(&store, "issuing"), ["created    root.crl  missing"]);
    let refused = store.revoke(
        &dev_plan(now()),
        Revoke::InPlace("root"),
        RevocationReason::Unspecified,
    );
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, StoreError::RootRevoked { .. }),
        "{refused}"
    );
}

#[test]
fn another_key_of_the_authority_means_another_list() {
    let (_folder, store, _) = dev_store();
    revoke(&store, "billing");
    let plan = dev_plan(now())
        .renewing("issuing", Renewal::RotateKey)
        .unwrap();
    let report = store.apply(&plan).unwrap();
    let lists: Vec<_> = report.lists().iter().map(ToString::to_string).collect();
    assert_eq!(lists, ["renewed    issuing.crl  issuer `issuing` replaced"]);
    assert!(!store.apply(&dev_plan(now())).unwrap().changed());
}

#[test]
fn a_broken_ledger_or_list_is_an_error_and_nothing_is_written() {
    for (file, text) in [
        ("revoked.toml", "version = 1\nrevokd = []\n"),
        ("issuing.crl.pem", "nothing of the kind"),
    ] {
        let (_folder, store, _) = dev_store();
        fs::write(store.dir().join(file), text).unwrap();
        let before = contents(store.dir());
        let error = store
            .apply(&dev_plan(at("2026-08-25T12:00:00Z")))
            .unwrap_err();
        assert!(error.to_string().contains(file), "{error}");
        assert_eq!(contents(store.dir()), before);
    }
}

#[test]
fn the_ledger_of_a_new_folder_is_not_taken_for_somebody_elses_work() {
    let (_folder, store, report) = dev_store();
    assert!(report.entries().iter().all(|e| e.action == Action::Created));
    revoke(&store, "billing");
    fs::remove_file(store.dir().join(".gitignore")).unwrap();
    Store::open(store.dir()).unwrap();
    assert!(store.dir().join(".gitignore").exists());
}

#[test]
fn openssl_refuses_what_was_revoked_and_accepts_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join(".pki")).unwrap();
    let today = Timestamp::now();
    store.apply(&dev_plan(today)).unwrap();
    revoke_at(&store, "billing", today);
    let path = |name: &str| store.dir().join(name);
    let verify = |name: &str| {
        let done = Command::new("openssl")
            .args(["verify", "-crl_check_all", "-CAfile"])
            .arg(path("root.pem"))
            .arg("-untrusted")
            .arg(path("issuing.pem"))
            .args(["-CRLfile".as_ref(), path("issuing.crl.pem").as_os_str()])
            .args(["-CRLfile".as_ref(), path("root.crl.pem").as_os_str()])
            .arg(path(&format!("{name}.pem")))
            .output();
        done.ok().map(|done| {
            let error = String::from_utf8_lossy(&done.stderr).into_owned();
            (done.status.success(), error)
        })
    };
    let (Some((refused, error)), Some((accepted, why))) = (verify("billing"), verify("reports"))
    else {
        return;
    };
    assert!(!refused && error.contains("certificate revoked"), "{error}");
    assert!(accepted, "{why}");
}
