//! Certificates of every kind of key and profile, from the command line.

use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use crate::support::{run, stderr, stdout};

fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["pki", "init", ".countersign"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    folder
}

#[track_caller]
fn issue(folder: &Path, args: &[&str]) {
    let output = run(folder, &[&["pki", "issue"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

fn manifest(folder: &Path) -> String {
    fs::read_to_string(folder.join(".countersign/pki.toml")).unwrap()
}

#[test]
fn a_key_of_every_kind_is_issued_exported_and_linted() {
    let folder = folder();
    fs::write(folder.path().join("password"), "secret\n").unwrap();
    for kind in ["p256", "p384", "p521", "ed25519", "rsa2048", "rsa3072"] {
        issue(folder.path(), &["client", kind, "--key", kind]);
        let lines = format!(
            "[certificate.{kind}]\nprofile = \"client\"\nissuer = \"issuing\"\nkey = \"{kind}\"\n"
        );
        assert!(manifest(folder.path()).contains(&lines));
        for format in ["pem", "der", "curl", "nginx", "k8s-secret"] {
            let args = ["pki", "export", kind, "--format", format];
            let output = run(folder.path(), &args);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert!(!output.stdout.is_empty());
        }
        for format in ["p12", "p12-legacy", "encrypted-pem"] {
            let args = [
                "pki",
                "export",
                kind,
                "--format",
                format,
                "--password-file",
                "password",
            ];
            let output = run(folder.path(), &args);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        }
        let file = format!(".countersign/{kind}.pem");
        let output = run(folder.path(), &["pki", "lint", &file]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    }
    let plan = run(folder.path(), &["pki", "apply", "--plan"]);
    assert_eq!(plan.status.code(), Some(0), "{}", stdout(&plan));
}

#[test]
fn a_key_of_no_kind_is_not_understood() {
    let folder = folder();
    let args = ["pki", "issue", "client", "x", "--key", "rsa1024"];
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(2));
    let known = "there are p256, p384, p521, ed25519, rsa2048, rsa3072, rsa4096";
    assert!(stderr(&output).contains(known), "{}", stderr(&output));
}

#[test]
fn a_payment_service_provider_is_registered_somewhere_as_something() {
    let folder = folder();
    let registered = ["--org-id", "PSDGB-FCA-123456", "--psd2-role", "PSP_AI"];
    let qwac = ["qwac", "tpp", "--dns", "tpp.example.com"];
    let again = [&qwac[..], &registered, &["--psd2-role", "PSP_PI"]].concat();
    issue(folder.path(), &again);
    issue(folder.path(), &again);
    let text = manifest(folder.path());
    for line in [
        "[certificate.tpp]\nprofile = \"qwac\"\nissuer = \"issuing\"\n",
        "subject = { jurisdiction_c = \"GB\", business_category = \"Private Organization\", \
         serial_number = \"123456\", c = \"GB\", st = \"Test State\", o = \"tpp\", \
         org_id = \"PSDGB-FCA-123456\", cn = \"tpp.example.com\" }\n",
        "psd2 = { nca = [\"GB-FCA\", \"GB-FCA\"], roles = [\"PSP_AI\", \"PSP_PI\"], \
         pds = { en = \"https://tpp.example.com/pds.pdf\" } }\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let names = [
        "--organization",
        "Acme Limited",
        "--nca-name",
        "Financial Conduct Authority",
    ];
    issue(
        folder.path(),
        &[&["qseal", "seal"][..], &registered, &names].concat(),
    );
    let text = manifest(folder.path());
    let nca = "nca = [\"GB-FCA\", \"Financial Conduct Authority\"]";
    assert!(
        text.contains(nca) && text.contains("cn = \"Acme Limited\" }"),
        "{text}"
    );
}

#[test]
fn what_psd2_wants_is_asked_for() {
    let folder = folder();
    let output = run(
        folder.path(),
        &["pki", "issue", "qwac", "x", "--dns", "x.example"],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains(
            "cannot add `x`: certificate `x` cannot state what PSD2 wants: it needs `nca`"
        ) && said.ends_with("hint: see countersign pki issue --help\n"),
        "{said}"
    );
    let args = [
        "pki",
        "issue",
        "qwac",
        "x",
        "--psd2-role",
        "PSP_AI",
        "--org-id",
        "12345",
    ];
    let output = run(folder.path(), &args);
    assert_eq!(output.status.code(), Some(2));
    let wanted = "write PSD, a country, an authority and a number: PSDGB-FCA-123456";
    assert!(stderr(&output).contains(wanted), "{}", stderr(&output));
}

#[test]
fn a_profile_of_the_manifest_may_be_named() {
    let folder = folder();
    let path = folder.path().join(".countersign/pki.toml");
    let text = manifest(folder.path())
        + "\n[profile.partner]\nextends = \"client\"\nkey = \"p384\"\nttl = \"7d\"\n";
    fs::write(&path, text).unwrap();
    issue(folder.path(), &["client", "acme", "--profile", "partner"]);
    let args = ["pki", "apply", "--plan", "--json"];
    assert_eq!(run(folder.path(), &args).status.code(), Some(0));
    let text = manifest(folder.path());
    assert!(
        text.contains("[certificate.acme]\nprofile = \"partner\"\n"),
        "{text}"
    );
    let output = run(
        folder.path(),
        &["pki", "issue", "client", "x", "--profile", "peer"],
    );
    assert!(
        stderr(&output).contains("profile `peer` is not known"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn another_kind_of_key_is_told_in_the_plan_and_retires_the_old_one() {
    let folder = folder();
    let text = manifest(folder.path()).replace(
        "[certificate.reports]\n",
        "[certificate.reports]\nkey = \"ed25519\"\n",
    );
    fs::write(folder.path().join(".countersign/pki.toml"), text).unwrap();
    let plan = run(folder.path(), &["pki", "apply", "--plan"]);
    assert_eq!(plan.status.code(), Some(2));
    let told = "rotated    reports  key changed to ed25519\n";
    let planned = stdout(&plan).strip_prefix(told).unwrap();
    assert!(planned.contains(" key=ed25519 "), "{planned}");
    let done = run(folder.path(), &["pki", "apply"]);
    assert_eq!(stdout(&done), told);
    let retired = fs::read_dir(folder.path().join(".countersign/retired")).unwrap();
    assert_eq!(retired.count(), 2);
}
