//! A folder is made what the manifest asks for, and nothing else in it is touched.

use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use countersign_pki::{
    Action, Authority, DEV_MANIFEST, Manifest, Plan, Renewal, Report, Store, StoreError,
};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::store::{contents, dev_store};
use crate::{at, dev_plan, now};

/// The dev manifest with one text in place of another, which must be there.
#[track_caller]
fn edited(from: &str, to: &str) -> Manifest {
    assert!(DEV_MANIFEST.contains(from), "{from}");
    Manifest::parse(&DEV_MANIFEST.replacen(from, to, 1)).unwrap()
}

/// Applies the plan, and checks that `compare` foresaw it, that the files written are exactly those of
/// the changes, that no key changed, and that a second run has nothing left to do.
#[track_caller]
pub(crate) fn apply(store: &Store, plan: &Plan) -> Vec<String> {
    let (before, times) = (contents(store.dir()), modified(store));
    let foreseen = store.compare(plan).unwrap().to_string();
    assert_eq!(contents(store.dir()), before, "comparing changed something");
    let report = store.apply(plan).unwrap();
    let told: Vec<String> = report.changes().map(ToString::to_string).collect();
    assert_eq!(foreseen.lines().collect::<Vec<_>>(), told);
    check_touched(store, &before, &times, &report);
    assert_eq!(store.compare(plan).unwrap().to_string(), "");
    assert!(!store.apply(plan).unwrap().changed());
    told
}

#[track_caller]
fn check_touched(
    store: &Store,
    before: &BTreeMap<String, Vec<u8>>,
    times: &BTreeMap<String, SystemTime>,
    report: &Report,
) {
    let changed: Vec<String> = report
        .changes()
        .map(|e| format!("{}.pem", e.name))
        .collect();
    let (after, now) = (contents(store.dir()), modified(store));
    for (name, bytes) in before {
        let is_changed = changed.contains(name);
        assert_eq!(after.get(name) != Some(bytes), is_changed, "{name}");
        assert_eq!(now.get(name) != times.get(name), is_changed, "{name}");
    }
}

fn modified(store: &Store) -> BTreeMap<String, SystemTime> {
    let entries = fs::read_dir(store.dir()).unwrap().map(Result::unwrap);
    let time = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, entry.metadata().unwrap().modified().unwrap())
    };
    entries.map(time).collect()
}

/// What becomes of the dev folder at that moment.
#[track_caller]
fn dev_at(store: &Store, now: &str) -> Vec<String> {
    apply(store, &dev_plan(at(now)))
}

/// What becomes of a new dev folder under another manifest.
#[track_caller]
fn under(manifest: &Manifest) -> Vec<String> {
    let (_folder, store, _) = dev_store();
    apply(&store, &Plan::new(manifest, now()))
}

#[test]
fn nothing_is_due_before_two_thirds_of_a_life() {
    let (_folder, store, _) = dev_store();
    assert!(dev_at(&store, "2026-08-21T11:59:59Z").is_empty());
}

#[test]
fn past_two_thirds_exactly_the_due_ones_are_renewed() {
    let (_folder, store, _) = dev_store();
    let due = |name: &str| format!("renewed    {name}  ends soon, at 2026-08-31T12:00:00Z");
    let leaves = ["server", "billing", "reports", "newcomer", "mallory"];
    assert_eq!(dev_at(&store, "2026-08-21T12:00:00Z"), leaves.map(due));
}

#[test]
fn what_has_expired_is_renewed() {
    let (_folder, store, _) = dev_store();
    let told = dev_at(&store, "2026-09-15T00:00:00Z");
    assert_eq!(told.len(), 5);
    assert_eq!(
        told[1],
        "renewed    billing  expired at 2026-08-31T12:00:00Z"
    );
}

#[test]
fn a_renewed_authority_takes_those_along_whose_chain_it_is_in() {
    let (_folder, store, _) = dev_store();
    // Two thirds of the issuing authority's 730 days have gone; mallory's issuer is not due, so mallory
    // is renewed for its own sake.
    let told = dev_at(&store, "2027-12-15T00:00:00Z");
    assert_eq!(
        told,
        [
            "renewed    issuing  ends soon, at 2028-07-31T12:00:00Z",
            "reissued   server  expired at 2026-08-31T12:00:00Z; issuer `issuing` replaced",
            "reissued   billing  expired at 2026-08-31T12:00:00Z; issuer `issuing` replaced",
            "reissued   reports  expired at 2026-08-31T12:00:00Z; issuer `issuing` replaced",
            "reissued   newcomer  expired at 2026-08-31T12:00:00Z; issuer `issuing` replaced",
            "renewed    mallory  expired at 2026-08-31T12:00:00Z",
        ]
    );
}

#[test]
fn a_root_that_ends_is_renewed_for_its_key_and_holds_what_it_signed() {
    let (_folder, store, _) = dev_store();
    let told = dev_at(&store, "2036-07-01T00:00:00Z");
    assert_eq!(told.len(), 8);
    assert!(told[0].starts_with("renewed    root"), "{told:?}");
    let pair = |name: &str| fs::read_to_string(store.certificate_path(name)).unwrap();
    assert!(pair("billing").ends_with(&pair("issuing")));
}

#[test]
fn a_clock_that_was_ahead_is_put_right() {
    let (_folder, store, _) = dev_store();
    let told = dev_at(&store, "2026-07-01T00:00:00Z");
    assert_eq!(
        told[0],
        "renewed    root  not valid before 2026-08-01T11:55:00Z"
    );
    assert_eq!(told.len(), 8);
}

#[test]
fn a_clock_that_is_a_little_behind_changes_nothing_of_what_it_made() {
    let (_folder, store, _) = dev_store();
    let behind = dev_plan(at("2026-08-01T11:57:00Z"));
    fs::remove_file(store.certificate_path("billing")).unwrap();
    assert_eq!(
        apply(&store, &behind),
        ["completed  billing  its key has no certificate"]
    );
}

#[test]
fn a_short_life_is_not_due_as_soon_as_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let text = DEV_MANIFEST.replace("ttl = \"30d\"", "ttl = \"1m\"");
    let plan = |now: Timestamp| Plan::new(&Manifest::parse(&text).unwrap(), now);
    assert_eq!(apply(&store, &plan(now())).len(), 8);
    assert!(apply(&store, &plan(at("2026-08-01T12:00:39Z"))).is_empty());
    assert_eq!(apply(&store, &plan(at("2026-08-01T12:00:40Z"))).len(), 5);
}

#[test]
fn how_soon_is_a_setting() {
    let (_folder, store, _) = dev_store();
    let half = edited(
        "version = 1",
        "version = 1\n[settings]\nrenew_within = \"1/2\"\n",
    );
    let told = apply(&store, &Plan::new(&half, at("2026-08-16T12:00:00Z")));
    assert_eq!(told.len(), 5, "{told:?}");
}

#[test]
fn a_replaced_authority_re_signs_its_children() {
    let (_folder, store, _) = dev_store();
    let root = Authority::root("Countersign Dev Stranger TEST ONLY", now()).unwrap();
    fs::write(store.key_path("stranger"), root.key_pem()).unwrap();
    fs::write(store.certificate_path("stranger"), root.certificate_pem()).unwrap();
    assert_eq!(
        dev_at(&store, "2026-08-01T12:00:00Z"),
        [
            "reissued   stranger  path length changed to 0",
            "reissued   mallory  issuer `stranger` replaced",
        ]
    );
}

#[test]
fn an_authority_that_was_removed_is_made_anew_and_re_signs_its_children() {
    let (_folder, store, _) = dev_store();
    fs::remove_file(store.key_path("issuing")).unwrap();
    fs::remove_file(store.certificate_path("issuing")).unwrap();
    let told = dev_at(&store, "2026-08-01T12:00:00Z");
    let again = |name: &str| format!("reissued   {name}  issuer `issuing` replaced");
    assert_eq!(told[0], "created    issuing  missing");
    assert_eq!(
        told[1..],
        ["server", "billing", "reports", "newcomer"].map(again)
    );
}

#[test]
fn a_leaf_whose_chain_is_of_another_time_is_re_signed() {
    let (_folder, store, _) = dev_store();
    let old = fs::read(store.certificate_path("billing")).unwrap();
    let plan = dev_plan(now())
        .renewing("issuing", Renewal::KeepKey)
        .unwrap();
    store.apply(&plan).unwrap();
    // As a run that was killed between the authority and this leaf would have left it.
    fs::write(store.certificate_path("billing"), old).unwrap();
    assert_eq!(
        dev_at(&store, "2026-08-01T12:00:00Z"),
        ["reissued   billing  issuer `issuing` replaced"]
    );
}

#[test]
fn a_manifest_change_touches_what_it_is_about() {
    let one = |line: &str| vec![line.to_owned()];
    let lifetime = "ttl = \"30d\"\nspiffe = \"spiffe://dev.countersign.example/reports\"";
    assert_eq!(
        under(&edited(lifetime, &lifetime.replace("30d", "40d"))),
        one("reissued   reports  lifetime changed to 40d")
    );
    assert_eq!(
        under(&edited(
            "dns = [\"localhost\"]",
            "dns = [\"LOCALHOST\", \"api.test\"]"
        )),
        one("reissued   server  names changed: +dns:api.test")
    );
    assert_eq!(
        under(&edited(
            "countersign.example/newcomer",
            "countersign.example/latecomer"
        )),
        one("reissued   newcomer  names changed: \
             +uri:spiffe://dev.countersign.example/latecomer \
             -uri:spiffe://dev.countersign.example/newcomer")
    );
    assert_eq!(
        under(&edited(
            "[certificate.server]\nprofile = \"server\"",
            "[certificate.server]\nprofile = \"client\""
        )),
        one("reissued   server  profile changed to `client`")
    );
    assert_eq!(
        under(&edited(
            "issuer = \"stranger\"",
            "issuer = \"stranger\"\ncn = \"mallory\""
        )),
        one("reissued   mallory  subject changed to `mallory`")
    );
    assert_eq!(
        under(&edited("issuer = \"stranger\"", "issuer = \"issuing\"")),
        one("reissued   mallory  issuer changed to `issuing`")
    );
}

#[test]
fn a_change_of_an_authority_touches_what_rests_on_it() {
    let again = |name: &str| format!("reissued   {name}  issuer `issuing` replaced");
    let children = ["server", "billing", "reports", "newcomer"].map(again);
    let told = under(&edited("Countersign Dev Issuing CA", "Another Issuing CA"));
    assert_eq!(
        told[0],
        "reissued   issuing  subject changed to `Another Issuing CA TEST ONLY`"
    );
    assert_eq!(told[1..], children);
    let told = under(&edited("ttl = \"730d\"", "ttl = \"700d\""));
    assert_eq!(told[0], "reissued   issuing  lifetime changed to 700d");
    assert_eq!(told[1..], children);
    // The signatures below a root do not depend on its dates, and it does not travel.
    let told = under(&edited("ttl = \"3650d\"", "ttl = \"3000d\""));
    assert_eq!(told, ["reissued   root  lifetime changed to 3000d"]);
}

#[test]
fn lifetimes_follow_the_issuer_that_cut_them() {
    let text = |root: &str| {
        format!(
            "version = 1\n[authority.root]\nsubject = \"R\"\nttl = \"{root}\"\n\
             [certificate.x]\nprofile = \"client\"\nissuer = \"root\"\ncn = \"x\"\nttl = \"30d\"\n"
        )
    };
    let plan = |root: &str| Plan::new(&Manifest::parse(&text(root)).unwrap(), now());
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(apply(&store, &plan("10d")).len(), 2);
    let told = apply(&store, &plan("60d"));
    let wanted = [
        "reissued   root  lifetime changed to 60d",
        "reissued   x  lifetime changed to 30d",
    ];
    assert_eq!(told, wanted);
    assert_eq!(
        apply(&store, &plan("50d")),
        ["reissued   root  lifetime changed to 50d"]
    );
}

#[test]
fn a_new_entry_leaves_the_others_alone() {
    let more = format!(
        "{DEV_MANIFEST}\n[certificate.alice]\nprofile = \"client\"\nissuer = \"issuing\"\ncn = \"alice\"\n"
    );
    assert_eq!(
        under(&Manifest::parse(&more).unwrap()),
        ["created    alice  missing"]
    );
}

#[test]
fn renewing_on_demand_touches_that_one_and_keeps_its_key() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    let plan = dev_plan(at("2026-08-25T00:00:00Z"))
        .only("billing")
        .unwrap();
    let plan = plan.renewing("billing", Renewal::KeepKey).unwrap();
    let report = store.apply(&plan).unwrap();
    let told: Vec<String> = report.changes().map(ToString::to_string).collect();
    // The others are due as well, but nobody asked for them.
    assert_eq!(
        told,
        ["renewed    billing  asked for; ends soon, at 2026-08-31T12:00:00Z"]
    );
    let after = contents(store.dir());
    let other = |name: &&String| before[*name] != after[*name];
    assert_eq!(
        after.keys().filter(other).collect::<Vec<_>>(),
        ["billing.pem"]
    );
}

#[test]
fn rotating_a_key_retires_the_old_pair() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    let plan = || {
        dev_plan(now())
            .renewing("billing", Renewal::RotateKey)
            .unwrap()
    };
    let report = store.apply(&plan()).unwrap();
    let told: Vec<String> = report.changes().map(ToString::to_string).collect();
    assert_eq!(told, ["rotated    billing  asked for"]);
    let retired = contents(&store.dir().join("retired"));
    assert_eq!(
        retired["billing-20260801T120000Z-key.pem"],
        before["billing-key.pem"]
    );
    assert_eq!(
        retired["billing-20260801T120000Z.pem"],
        before["billing.pem"]
    );
    assert_ne!(
        fs::read(store.key_path("billing")).unwrap(),
        before["billing-key.pem"]
    );
    assert!(!store.apply(&dev_plan(now())).unwrap().changed());

    // Twice within a second: what was retired first stays.
    store.apply(&plan()).unwrap();
    let again = contents(&store.dir().join("retired"));
    assert_eq!(again.len(), 4, "{:?}", again.keys());
    assert!(retired.iter().all(|(name, bytes)| again[name] == *bytes));
}

#[test]
fn a_rotated_authority_re_signs_what_is_below_it_even_if_nobody_asked_for_that() {
    let (_folder, store, _) = dev_store();
    let plan = dev_plan(now()).only("issuing").unwrap();
    let plan = plan.renewing("issuing", Renewal::RotateKey).unwrap();
    let report = store.apply(&plan).unwrap();
    let changed: Vec<&str> = report.changes().map(|entry| entry.name.as_str()).collect();
    assert_eq!(
        changed,
        ["issuing", "server", "billing", "reports", "newcomer"]
    );
    assert!(!store.apply(&dev_plan(now())).unwrap().changed());
}

#[test]
fn a_rotation_that_cannot_be_issued_leaves_the_old_pair() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    fs::write(store.dir().join("retired"), "in the way").unwrap();
    let plan = dev_plan(now())
        .renewing("billing", Renewal::RotateKey)
        .unwrap();
    let error = store.apply(&plan).unwrap_err();
    assert!(error.to_string().starts_with("cannot move `"), "{error}");
    fs::remove_file(store.dir().join("retired")).unwrap();
    assert_eq!(contents(store.dir()), before);
}

#[test]
fn one_item_alone_is_made_with_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let report = store
        .apply(&dev_plan(now()).only("mallory").unwrap())
        .unwrap();
    let made: Vec<&str> = report.entries().iter().map(|e| e.name.as_str()).collect();
    assert_eq!(made, ["stranger", "mallory"]);
    assert_eq!(
        dev_plan(now()).only("nobody").unwrap_err().to_string(),
        "no item is called `nobody`; there is root, issuing, stranger, server, billing, reports, \
         newcomer, mallory"
    );
}

fn range(count: u32) -> Manifest {
    let text = format!(
        "version = 1\n[authority.root]\nsubject = \"R\"\n[certificate.load]\nprofile = \"client\"\n\
         issuer = \"root\"\ncount = {count}\nspiffe = \"spiffe://dev.example/load\"\n"
    );
    Manifest::parse(&text).unwrap()
}

#[test]
fn a_range_is_a_certificate_for_each_number() {
    let (_folder, store): (TempDir, Store) = {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        (folder, store)
    };
    assert_eq!(apply(&store, &Plan::new(&range(20), now())).len(), 21);
    let told = apply(&store, &Plan::new(&range(22), now()));
    assert_eq!(
        told,
        [
            "created    load-0021  missing",
            "created    load-0022  missing"
        ]
    );
    let plan = Plan::new(&range(3), now());
    assert!(
        plan.to_string()
            .contains("names=uri:spiffe://dev.example/load-0003 ")
    );
    let renewed = plan.renewing("load", Renewal::KeepKey).unwrap();
    let report = store.apply(&renewed).unwrap();
    assert!(
        report
            .changes()
            .all(|entry| entry.action == Action::Renewed)
    );
    assert_eq!(report.changes().count(), 3);
}

#[test]
fn who_looks_after_one_item_reads_it_and_those_above_and_nothing_else_unless_an_authority_changes()
{
    let (_folder, store, _) = dev_store();
    fs::write(store.certificate_path("reports"), "garbage").unwrap();
    let only = || dev_plan(now()).only("billing").unwrap();
    let report = store.apply(&only().renewing("billing", Renewal::KeepKey).unwrap());
    let entries = report.unwrap();
    let names: Vec<&str> = entries
        .entries()
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["root", "issuing", "billing"]);

    let garbage = |result: Result<Report, StoreError>| {
        assert!(matches!(result, Err(StoreError::Garbage { item, .. }) if item == "reports"));
    };
    garbage(store.apply(&only().renewing("issuing", Renewal::KeepKey).unwrap()));
    garbage(store.apply(&dev_plan(now())));
}
