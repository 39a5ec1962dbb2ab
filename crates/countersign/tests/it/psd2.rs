//! The preset for open banking, and the fixtures of a manifest.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::{run, stderr, stdout};

/// The folder `certs` of the preset.
fn preset() -> TempDir {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["pki", "init", "certs", "--preset", "psd2"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = "present the bad ones: countersign pki verify -f certs/pki.toml\n";
    assert!(stderr(&output).ends_with(said), "{}", stderr(&output));
    folder
}

#[test]
fn the_preset_has_a_qwac_for_each_role_a_seal_and_a_revoked_one() {
    let folder = preset();
    let certs = folder.path().join("certs");
    for name in ["server", "aisp", "pisp", "cbpii", "tpp", "seal", "former"] {
        assert!(certs.join(format!("{name}.pem")).is_file(), "{name}");
    }
    let revoked = fs::read_to_string(certs.join("revoked.toml")).unwrap();
    assert!(revoked.contains("name = \"former\""), "{revoked}");
    assert!(certs.join("issuing.crl.pem").is_file() && certs.join("root.crl.pem").is_file());

    let again = run(folder.path(), &["pki", "init", "certs", "--preset", "psd2"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(stderr(&again).contains("the PKI in certs is unchanged"));
    assert!(!stderr(&again).contains("warning"), "{}", stderr(&again));
    let plan = run(folder.path(), &["pki", "apply", "certs", "--plan"]);
    assert_eq!(plan.status.code(), Some(0), "{}", stdout(&plan));
    let other = run(folder.path(), &["pki", "init", "certs", "--preset", "dev"]);
    assert!(
        stderr(&other).contains("is not that preset"),
        "{}",
        stderr(&other)
    );
}

#[test]
fn the_preset_lints_clean_with_ours() {
    let folder = preset();
    for name in ["server", "aisp", "tpp", "seal", "issuing", "root"] {
        let file = format!("certs/{name}.pem");
        let output = run(folder.path(), &["pki", "lint", &file]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    }
}

#[test]
fn the_preset_is_the_same_under_one_seed() {
    let folder = tempdir().unwrap();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pki-psd2.toml");
    for dir in ["one", "two"] {
        let clock = "2026-08-01T12:00:00Z";
        let args = [
            "pki", "apply", dir, "-f", manifest, "--seed", "a test", "--clock", clock,
        ];
        assert_eq!(run(folder.path(), &args).status.code(), Some(0));
    }
    let names = [
        "tpp.pem",
        "seal.pem",
        "seal-key.pem",
        "revoked.toml",
        "issuing.crl.pem",
    ];
    for name in names {
        let read = |dir: &str| fs::read(folder.path().join(dir).join(name)).unwrap();
        assert_eq!(read("one"), read("two"), "{name}");
    }
}

#[test]
fn every_fixture_of_the_preset_has_its_verdict_at_any_time() {
    let folder = preset();
    for clock in [
        &["--clock", "2025-01-01T00:00:00Z"][..],
        &[],
        &["--clock", "2040-01-01T00:00:00Z"],
    ] {
        let args = [&["pki", "verify", "-f", "certs/pki.toml"], clock].concat();
        let output = run(folder.path(), &args);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        let said = "16 fixtures, 0 verdicts of ours pending, 0 differences\n";
        assert_eq!(stderr(&output), said);
    }
}

const MANIFEST: &str = r#"version = 1
[authority.root]
subject = "Root TEST ONLY"
[certificate.billing]
profile = "client"
issuer = "root"
cn = "billing"
[[fixture]]
name = "billing-good"
about = "as it should be"
from = "billing"
expect = { stage = "accepted" }
[[fixture]]
name = "billing-revoked"
from = "billing"
mutate = { revoked = { reason = "superseded" }, key = "ed25519" }
expect = { stage = "tls", code = "certificate-revoked", countersign = "alert 44", pending = true }
"#;

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("my.toml"), text).unwrap();
}

#[test]
fn fixtures_of_a_manifest_become_files_with_the_verdicts_beside_them() {
    let folder = tempdir().unwrap();
    write(folder.path(), MANIFEST);
    let listed = run(folder.path(), &["pki", "fixtures", "-f", "my.toml"]);
    assert_eq!(stdout(&listed), "billing-good\nbilling-revoked\n");

    let args = ["pki", "fixtures", "-f", "my.toml", "--out", "made"];
    let written = run(folder.path(), &args);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    assert_eq!(stdout(&written), "made/expected.json\n");
    let made = folder.path().join("made");
    let document = fs::read_to_string(made.join("expected.json")).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document[0]["name"], "billing-good");
    assert_eq!(document[0]["about"], "as it should be");
    assert_eq!(document[0]["scheme"], "cn");
    assert_eq!(document[0]["known"]["caller"], "cn:billing");
    assert_eq!(document[0]["expected"]["openssl"], "accept");
    assert_eq!(document[1]["about"], "made from `billing`");
    assert_eq!(document[1]["expected"]["code"], "certificate-revoked");
    assert_eq!(document[1]["expected"]["pending"], "as the manifest says");
    assert_eq!(document[1]["files"]["crl"], "billing-revoked-crl.pem");
    for (_, name) in document[1]["files"].as_object().unwrap() {
        assert!(made.join(name.as_str().unwrap()).is_file(), "{name}");
    }
}

#[test]
fn a_verdict_that_differs_is_an_error() {
    let folder = tempdir().unwrap();
    let wrong = MANIFEST.replace("\"accepted\"", "\"policy\", code = \"principal-unknown\"");
    write(folder.path(), &wrong);
    let args = ["pki", "verify", "-f", "my.toml", "--only", "good"];
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(1));
    let line = "billing-good  policy  accept, EXPECTED http 403 principal-unknown";
    assert!(stdout(&output).contains(line), "{}", stdout(&output));
}

#[test]
fn a_manifest_without_fixtures_is_told_so() {
    let folder = tempdir().unwrap();
    let (head, _) = MANIFEST.split_once("[[fixture]]").unwrap();
    write(folder.path(), head);
    for command in ["fixtures", "verify"] {
        let output = run(folder.path(), &["pki", command, "-f", "my.toml"]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            stderr(&output),
            "error: there is no fixture in `my.toml`\nhint: write one: countersign pki schema \
             prints what may be said under [[fixture]]\n"
        );
    }
}
