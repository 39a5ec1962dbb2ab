//! Every property that a manifest can ask for is in the certificate, and a change of it touches exactly the
//! files that it should.

use std::fs;

use countersign_pki::{Manifest, Plan, Renewal, Store};
use tempfile::TempDir;
use x509_parser::prelude::*;

use crate::reconcile::apply;
use crate::schema::{Schema, check_schema};
use crate::store::contents;
use crate::{at, now};

/// Two authorities and three leaves. Each test changes one line of it.
const BASE: &str = r#"version = 1

[authority.root]
subject = "Root"
#root

[authority.issuing]
issuer = "root"
subject = "Issuing"
#issuing

[profile.signer]
extends = "client"
#signer

[certificate.one]
profile = "client"
issuer = "issuing"
cn = "one"
#one

[certificate.two]
profile = "signer"
issuer = "issuing"
cn = "two"
#two

[certificate.tpp]
profile = "qwac"
issuer = "issuing"
dns = ["tpp.example.com"]
subject = { c = "GB", o = "Acme", org_id = "PSDGB-FCA-123456", cn = "tpp.example.com" }
psd2 = { nca = ["GB-FCA", "Financial Conduct Authority"], roles = ["PSP_AI"] }
"#;

/// The manifest with a line in place of `#place`.
#[track_caller]
fn with(place: &str, line: &str) -> String {
    let mark = format!("#{place}\n");
    assert!(BASE.contains(&mark), "{place}");
    let text = BASE.replacen(&mark, &format!("{line}\n"), 1);
    check_schema(&text, Schema::Accepts);
    text
}

fn plan(text: &str) -> Plan {
    Plan::new(&Manifest::parse(text).unwrap(), now())
}

fn made(text: &str) -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join(".pki")).unwrap();
    store.apply(&plan(text)).unwrap();
    (folder, store)
}

/// Applies the change and its undoing; answers the lines of both. Keys stay, but for those rotated.
#[track_caller]
fn there_and_back(from: &str, to: &str) -> [Vec<String>; 2] {
    let (_folder, store) = made(from);
    [apply(&store, &plan(to)), apply(&store, &plan(from))]
}

/// Checks that adding the line to `item` reissues that item for this reason, and so does removing it.
#[track_caller]
fn check(place: &str, line: &str, [item, added, removed]: [&str; 3]) {
    let told = there_and_back(BASE, &with(place, line));
    let line = |reason: &str| vec![format!("reissued   {item}  {reason}")];
    assert_eq!(told, [line(added), line(removed)]);
}

fn again(names: &[&str]) -> Vec<String> {
    let again = |name: &&str| format!("reissued   {name}  issuer `issuing` replaced");
    names.iter().map(again).collect()
}

#[test]
fn a_key_usage_is_noticed() {
    check(
        "one",
        "ku = [\"digitalSignature\", \"keyAgreement\"]",
        [
            "one",
            "key usage changed to digitalSignature,keyAgreement",
            "key usage changed to digitalSignature",
        ],
    );
    check(
        "signer",
        "ku = []",
        [
            "two",
            "key usage changed to none",
            "key usage changed to digitalSignature",
        ],
    );
    check(
        "signer",
        "eku = []",
        [
            "two",
            "profile changed to `signer`",
            "profile changed to `signer`",
        ],
    );
    let told = there_and_back(BASE, &with("issuing", "ku = [\"keyCertSign\"]"));
    assert_eq!(
        told[0][0],
        "reissued   issuing  key usage changed to keyCertSign"
    );
    assert_eq!(told[0][1..], again(&["one", "two", "tpp"]));
}

#[test]
fn every_attribute_of_a_subject_is_noticed_and_so_is_their_order() {
    let one = |subject: &str| {
        let text = with("one", &format!("subject = {subject}"));
        text.replacen("cn = \"one\"\n", "", 1)
    };
    let from = one("{ c = \"GB\", o = \"Acme\", cn = \"one\" }");
    for (to, told) in [
        (
            "{ c = \"IE\", o = \"Acme\", cn = \"one\" }",
            "c=IE, o=Acme, cn=one",
        ),
        (
            "{ o = \"Acme\", c = \"GB\", cn = \"one\" }",
            "o=Acme, c=GB, cn=one",
        ),
        (
            "{ c = \"GB\", o = \"Acme\", ou = \"Pay\", cn = \"one\" }",
            "c=GB, o=Acme, ou=Pay, cn=one",
        ),
        ("\"one\"", "one"),
    ] {
        let wanted = format!("reissued   one  subject changed to `{told}`");
        assert_eq!(there_and_back(&from, &one(to))[0], [wanted]);
    }
    // `cn` is the last attribute.
    let apart = with("one", "subject = { c = \"GB\", o = \"Acme\" }");
    assert!(there_and_back(&from, &apart)[0].is_empty());
}

#[test]
fn name_constraints_are_noticed() {
    let told = there_and_back(
        BASE,
        &with(
            "issuing",
            "permit = { dns = [\"example.com\"], email = [\"example.com\"] }\nexclude = { ip = [\"0.0.0.0/0\"] }",
        ),
    );
    assert_eq!(told[0][0], "reissued   issuing  name constraints changed");
    assert_eq!(told[0][1..], again(&["one", "two", "tpp"]));
    assert_eq!(told[1], told[0]);
}

#[test]
fn what_an_authority_publishes_is_in_what_it_issues_and_not_in_itself() {
    let url = "ocsp = { url = \"http://pki.example.com/ocsp\" }\nca_issuers = { url = \"http://pki.example.com/i.cer\" }";
    let elsewhere = |name: &&str| format!("reissued   {name}  `issuing` publishes elsewhere");
    let told = there_and_back(BASE, &with("issuing", url));
    let leaves = ["one", "two", "tpp"];
    assert_eq!(told[0], leaves.iter().map(elsewhere).collect::<Vec<_>>());
    assert_eq!(told[1], told[0]);
}

#[test]
fn a_list_that_is_published_is_made_and_counts_as_long_as_the_manifest_says() {
    let url = |days: u8| {
        let line = format!(
            "crl = {{ url = \"http://pki.example.com/i.crl\", next_update = \"{days}d\" }}"
        );
        plan(&with("issuing", &line))
    };
    let (_folder, store) = made(BASE);
    assert!(!store.crl_path("issuing").exists());
    let report = store.apply(&url(3)).unwrap();
    let lists: Vec<String> = report.lists().iter().map(ToString::to_string).collect();
    assert_eq!(lists, ["created    issuing.crl  missing"]);
    assert_eq!(report.lists()[0].next_update, at("2026-08-04T12:00:00Z"));
    assert_eq!(report.changes().count(), 3);
    assert!(!store.apply(&url(3)).unwrap().changed());

    let report = store.apply(&url(2)).unwrap();
    let lists: Vec<String> = report.lists().iter().map(ToString::to_string).collect();
    assert_eq!(lists, ["renewed    issuing.crl  lifetime changed to 2d"]);
    assert_eq!(report.changes().count(), 0);
    assert!(!store.apply(&url(2)).unwrap().changed());
}

#[test]
fn psd2_statements_are_noticed() {
    for (from, to) in [
        ("[\"PSP_AI\"]", "[\"PSP_AI\", \"PSP_PI\"]"),
        ("Financial Conduct Authority", "FCA"),
        ("roles", "compliance = false, roles"),
        (
            "roles",
            "pds = { en = \"https://tpp.example.com/pds.pdf\" }, roles",
        ),
        ("roles", "type = \"eseal\", roles"),
    ] {
        let to = BASE.replacen(from, to, 1);
        check_schema(&to, Schema::Accepts);
        let told = there_and_back(BASE, &to);
        let wanted = ["reissued   tpp  PSD2 statements changed"];
        assert_eq!(told, [wanted, wanted], "{to}");
    }
}

/// The names of the files that are in the folder `retired`.
fn retired(store: &Store) -> Vec<String> {
    match store.dir().join("retired") {
        folder if folder.exists() => contents(&folder).into_keys().collect(),
        _ => Vec::new(),
    }
}

fn key_length(store: &Store, name: &str) -> usize {
    let stored = store.stored(name).unwrap();
    let (_, leaf) = X509Certificate::from_der(stored.certificate_der()).unwrap();
    leaf.public_key().raw.len()
}

#[test]
fn a_key_of_another_kind_is_made_beside_the_old_one_which_is_retired() {
    for (place, line, name, length) in [
        ("one", "key = \"ed25519\"", "one", 44),
        ("signer", "key = \"p384\"", "two", 120),
        ("one", "key = \"p521\"", "one", 158),
        ("one", "key = \"rsa2048\"", "one", 294),
    ] {
        let (_folder, store) = made(BASE);
        let before = contents(store.dir());
        let wanted = plan(&with(place, line));
        let kind = line.split('"').nth(1).unwrap();
        let line = format!("rotated    {name}  key changed to {kind}");
        assert_eq!(
            store.compare(&wanted).unwrap().to_string(),
            format!("{line}\n")
        );
        assert!(retired(&store).is_empty());

        let report = store.apply(&wanted).unwrap();
        let told: Vec<String> = report.changes().map(ToString::to_string).collect();
        assert_eq!(told, [line]);
        assert_eq!(key_length(&store, name), length);
        let folder = contents(&store.dir().join("retired"));
        for end in ["-key.pem", ".pem"] {
            let old = &folder[&format!("{name}-20260801T120000Z{end}")];
            assert_eq!(*old, before[&format!("{name}{end}")]);
        }
        assert!(!store.apply(&wanted).unwrap().changed());
        // Who names no kind has no wish: the key stays.
        assert!(!store.apply(&plan(BASE)).unwrap().changed());
    }
}

#[test]
fn every_new_key_is_of_the_kind_that_the_settings_say() {
    let text = BASE.replacen("[authority", "[settings]\nkey = \"p384\"\n\n[authority", 1);
    check_schema(&text, Schema::Accepts);
    let text = text.replacen("#one", "key = \"p256\"", 1);
    let (_folder, store) = made(&text);
    for (name, length) in [("root", 120), ("issuing", 120), ("one", 91), ("two", 120)] {
        assert_eq!(key_length(&store, name), length, "{name}");
    }
    let printed = plan(&text).to_string();
    assert_eq!(printed.matches(" key=p384 ").count(), 4, "{printed}");
}

#[test]
fn a_key_of_another_kind_for_an_authority_re_signs_what_is_below_it() {
    let (_folder, store) = made(BASE);
    let wanted = plan(&with("issuing", "key = \"p384\""));
    let report = store.apply(&wanted).unwrap();
    let told: Vec<String> = report.changes().map(ToString::to_string).collect();
    assert_eq!(told[0], "rotated    issuing  key changed to p384");
    assert_eq!(told[1..], again(&["one", "two", "tpp"]));
    assert!(!store.apply(&wanted).unwrap().changed());
    assert_eq!(retired(&store).len(), 2);
}

#[test]
fn an_authority_takes_a_key_of_another_kind_when_it_changes_its_key_with_cross_certificates() {
    let (_folder, store) = made(BASE);
    let wanted = plan(&with("root", "key = \"p384\""));
    let rotation = store.rotate(&wanted, "root").unwrap();
    assert!(rotation.crossed.is_some());
    assert_eq!(key_length(&store, "root"), 120);
    store.apply(&wanted).unwrap();
    assert!(!store.apply(&wanted).unwrap().changed());
}

/// A run that was killed in the middle of a rotation leaves that.
#[test]
fn a_key_of_another_kind_without_a_certificate_is_retired_too() {
    let (_folder, store) = made(BASE);
    let key = fs::read(store.key_path("one")).unwrap();
    fs::remove_file(store.certificate_path("one")).unwrap();
    let wanted = plan(&with("one", "key = \"ed25519\""));
    let report = store.apply(&wanted).unwrap();
    let told: Vec<String> = report.changes().map(ToString::to_string).collect();
    let line = "rotated    one  its key has no certificate; key changed to ed25519";
    assert_eq!(told, [line]);
    assert_eq!(retired(&store), ["one-20260801T120000Z-key.pem"]);
    let folder = contents(&store.dir().join("retired"));
    assert_eq!(folder["one-20260801T120000Z-key.pem"], key);
    assert!(!store.apply(&wanted).unwrap().changed());
}

#[test]
fn a_key_is_rotated_to_the_kind_that_the_manifest_says() {
    let (_folder, store) = made(&with("one", "key = \"ed25519\""));
    let wanted = plan(&with("one", "key = \"ed25519\""));
    let wanted = wanted.renewing("one", Renewal::RotateKey).unwrap();
    store.apply(&wanted).unwrap();
    assert_eq!(key_length(&store, "one"), 44);
}

fn lines(store: &Store) -> Vec<String> {
    let all = store.revocations().unwrap().into_iter();
    all.map(|it| format!("{} {} {}", it.name, it.reason, it.at))
        .collect()
}

#[test]
fn what_the_manifest_revokes_is_on_the_lists_once_and_without_a_warning() {
    let wanted = plan(&with(
        "one",
        "revoked = { reason = \"keyCompromise\", at = \"-1h\" }",
    ));
    let (_folder, store) = made(BASE);
    let before = contents(store.dir());
    let foreseen = store.compare(&wanted).unwrap().to_string();
    assert_eq!(
        foreseen,
        "created    root.crl  missing\ncreated    issuing.crl  missing\n"
    );
    assert_eq!(contents(store.dir()), before);
    let report = store.apply(&wanted).unwrap();
    let told: Vec<String> = report.lists().iter().map(|it| format!("{it}\n")).collect();
    assert_eq!(told.concat(), foreseen);
    assert_eq!(report.changes().count(), 0);
    assert!(report.warnings().is_empty(), "{:?}", report.warnings());
    assert_eq!(lines(&store), ["one keyCompromise 2026-08-01T11:00:00Z"]);
    let again = store.apply(&wanted).unwrap();
    assert!(!again.changed() && again.warnings().is_empty());

    // What is made anew is revoked anew, and what was stays so.
    let renewed = wanted.renewing("one", Renewal::RotateKey).unwrap();
    let report = store.apply(&renewed).unwrap();
    let told: Vec<String> = report.lists().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["renewed    issuing.crl  revoked: `one`"]);
    assert_eq!(lines(&store).len(), 2);

    // The ledger forgets nothing.
    let report = store.apply(&plan(BASE)).unwrap();
    assert!(!report.changed());
    assert_eq!(report.warnings().len(), 1);
}

#[test]
fn an_authority_may_be_revoked_from_the_start() {
    let (_folder, store) = made(&with("issuing", "revoked = {}"));
    assert_eq!(lines(&store), ["issuing unspecified 2026-08-01T12:00:00Z"]);
    assert!(store.crl_path("root").exists() && !store.crl_path("issuing").exists());
}

#[test]
fn everything_of_a_whole_plan_is_printed() {
    let text = with(
        "issuing",
        "permit = { dns = [\"example.com\"] }\ncrl = { url = \"http://pki.example.com/i.crl\" }",
    );
    let printed = plan(&text.replacen("#two", "revoked = {}", 1)).to_string();
    let lines: Vec<&str> = printed.lines().collect();
    assert!(
        lines[1].contains(" constraints=+dns:example.com key=p256"),
        "{printed}"
    );
    let crl = " crl=http://pki.example.com/i.crl";
    assert!(
        lines[3].contains(&format!("{crl} revoked=unspecified key=p256")),
        "{printed}"
    );
    assert!(
        lines[4].contains(
            "qwac issuer=issuing subject=\"c=GB, o=Acme, org_id=PSDGB-FCA-123456, cn=tpp.example.com\" \
             names=dns:tpp.example.com key_usage=digitalSignature extended=serverAuth,clientAuth \
             psd2=web roles=PSP_AI nca=GB-FCA"
        ),
        "{printed}"
    );
}
