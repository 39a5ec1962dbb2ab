//! `countersign trust check` and `export`.

use std::fs;

use countersign_pki::{Authority, BasicConstraints, Extension, KeyUsage, Usage};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::tempdir;

use crate::support::{run, stderr, stdout};

fn now() -> Timestamp {
    "2026-08-01T12:00:00Z".parse().unwrap()
}

/// The exit code, and what is printed, line for line.
#[track_caller]
fn check(bundle: &str, code: i32, wanted: &[&str]) {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("cas.pem"), bundle).unwrap();
    let args = ["trust", "check", "cas.pem", "--clock"];
    let output = run(folder.path(), &[&args[..], &[&now().to_string()]].concat());
    assert_eq!(stdout(&output).lines().collect::<Vec<_>>(), wanted);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
}

fn root(name: &str) -> Authority {
    Authority::root(name, now()).unwrap()
}

#[test]
fn a_bundle_of_good_authorities_has_no_remark() {
    let (one, two) = (root("One"), root("Two"));
    let issuing = two.intermediate("Issuing", now()).unwrap();
    let bundle = [
        "# ours\n",
        &one.certificate_pem(),
        &issuing.certificate_pem(),
    ];
    check(&bundle.concat(), 0, &[]);
}

#[test]
fn each_is_looked_at_as_an_anchor() {
    let old = Authority::root_valid("Old", now() - hours(48), now() - hours(24));
    let mute = Authority::root_request("Mute", now()).key_usage(&[KeyUsage::CrlSign]);
    let leaf = root("One").client(now()).common_name("billing").issue();
    // Its own signature does not verify any more, so it counts as somebody else's.
    let weak = root("Weak").renewal_request(now()).issue().unwrap();
    let weak = weak.forge().unwrap().public_key(&rsa_1024());
    let v1 = root("First").renewal_request(now()).issue().unwrap();
    let v1 = v1.forge().unwrap().version_1().keep_signature();
    let odd = Extension::new(&[1, 2, 3], [5, 0]).critical();
    let odd = Authority::root_request("Odd", now()).extension(odd);
    let bundle = [
        old.unwrap().certificate_pem(),
        mute.issue_authority().unwrap().certificate_pem(),
        leaf.unwrap().leaf_pem(),
        weak.keep_signature().leaf_pem(),
        v1.leaf_pem(),
        odd.issue_authority().unwrap().certificate_pem(),
        "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n".to_owned(),
    ];
    check(
        &bundle.concat(),
        1,
        &[
            "error: certificate 1 (CN=Old): it expired at 2026-07-31T12:00:00Z [expired]",
            "error: certificate 2 (CN=Mute): it is an authority's, but may not sign certificates: \
             no keyCertSign [no-key-cert-sign]",
            "error: certificate 3 (CN=billing): it is not a CA's [not-a-ca]",
            "error: certificate 4 (CN=Weak): its RSA key has 1024 bits, not at least 2048 [weak-key]",
            "warning: certificate 4 (CN=Weak): it does not say which key signed it (RFC 5280, 4.2.1.1) \
             [no-authority-key-id]",
            "error: certificate 5 (CN=First): it is not of version 3, so no extension says what it is \
             for [old-version]",
            "error: certificate 6 (CN=Odd): it has the critical extension 1.2.3, which is not known \
             here [not-an-anchor]",
            "error: certificate 7: it cannot be read [unreadable]",
        ],
    );
}

/// A public key that is too short: the modulus is the least of 1024 bits.
fn rsa_1024() -> Vec<u8> {
    let der = |tag: u8, parts: &[&[u8]]| {
        let content = parts.concat();
        let length = u8::try_from(content.len()).unwrap();
        let header: &[u8] = match length {
            0x80.. => &[tag, 0x81, length],
            _ => &[tag, length],
        };
        [header, &content].concat()
    };
    let mut modulus = [0; 129];
    *modulus.get_mut(1).unwrap() = 0x80;
    let key = der(0x30, &[&der(2, &[&modulus]), &[2, 3, 1, 0, 1]]);
    let rsa = [6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0];
    der(0x30, &[&der(0x30, &[&rsa]), &der(3, &[&[0], &key])])
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[test]
fn what_is_only_odd_is_a_warning() {
    let one = root("One");
    let renewed = one.renewal_request(now()).issue_authority();
    let soon = Authority::root_valid("Soon", now() - hours(200), now() + hours(100));
    let servers = Authority::root_request("Servers", now()).extended_key_usage(&[Usage::Server]);
    let bundle = [
        one.certificate_pem(),
        one.certificate_pem(),
        renewed.unwrap().certificate_pem(),
        root("One").certificate_pem(),
        soon.unwrap().certificate_pem(),
        servers.issue_authority().unwrap().certificate_pem(),
    ];
    check(
        &bundle.concat(),
        0,
        &[
            "warning: certificate 2 (CN=One): it is the same as certificate 1 [duplicate]",
            "warning: certificate 3 (CN=One): it has the name and the key of certificate 1 [same-key]",
            "warning: certificate 4 (CN=One): it has the name of certificate 1 and another key \
             [same-name]",
            "warning: certificate 5 (CN=Soon): it ends soon, at 2026-08-05T16:00:00Z [ends-soon]",
            "warning: certificate 6 (CN=Servers): its extended key usage does not include clientAuth: \
             it vouches for no client [not-for-clients]",
        ],
    );
}

#[test]
fn a_bundle_without_a_certificate_is_an_error() {
    let key = root("One").key_pem();
    for text in ["", key.as_str(), "-----END CERTIFICATE-----"] {
        check(
            text,
            1,
            &["error: bundle: there is no certificate in PEM [empty]"],
        );
    }
}

#[test]
fn the_same_is_told_as_json() {
    let folder = tempdir().unwrap();
    let leaf = Authority::root_request("Leaf", now()).basic_constraints(BasicConstraints::Leaf);
    let leaf = leaf.issue_authority().unwrap().certificate_pem();
    fs::write(folder.path().join("cas.pem"), leaf).unwrap();
    let output = run(folder.path(), &["trust", "check", "cas.pem", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        document,
        serde_json::json!({
            "certificates": 1,
            "remarks": [{
                "severity": "error",
                "certificate": 1,
                "subject": "CN=Leaf",
                "code": "not-a-ca",
                "message": "it is not a CA's",
            }],
        })
    );
    assert_eq!(stderr(&output), "1 certificate, 1 error, 0 warnings\n");
}

#[test]
fn a_missing_bundle_is_said_with_what_to_do() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["trust", "check", "nothing.pem"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.starts_with("error: cannot read `nothing.pem`"),
        "{said}"
    );
    assert!(said.contains("hint: name a PEM file"), "{said}");
}

#[test]
fn a_trust_store_for_aws_has_each_certificate_once_and_nothing_else() {
    let folder = tempdir().unwrap();
    let one = root("One");
    let issuing = one.intermediate("Issuing", now()).unwrap();
    let (one, issuing) = (one.certificate_pem(), issuing.certificate_pem());
    fs::write(
        folder.path().join("roots.pem"),
        format!("# ours\n{one}{one}"),
    )
    .unwrap();
    fs::write(folder.path().join("issuing.pem"), &issuing).unwrap();
    let clock = now().to_string();
    let export = ["trust", "export", "--aws", "--clock", &clock];
    let output = run(
        folder.path(),
        &[&export[..], &["roots.pem", "issuing.pem"]].concat(),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), format!("{one}{issuing}"));
    assert!(stderr(&output).contains("[duplicate]"));

    let odd = Authority::root_request("Odd", now()).key(countersign_pki::KeyKind::Ed25519);
    let odd = odd.issue_authority().unwrap().certificate_pem();
    fs::write(folder.path().join("odd.pem"), &odd).unwrap();
    let output = run(
        folder.path(),
        &[&export[..], &["roots.pem", "odd.pem"]].concat(),
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    let wanted =
        "error: certificate 3 (CN=Odd): AWS takes no key of this kind, Ed25519 [key-not-for-aws]";
    assert!(stderr(&output).contains(wanted), "{}", stderr(&output));
}
