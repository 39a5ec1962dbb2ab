use std::fs;
use std::path::Path;

use countersign_pki::{Attribute, Authority, RevocationReason, Subject};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::tempdir;

use crate::support::{run, stderr, stdout};

const NOW: &str = "2026-08-01T12:00:00Z";

fn inspect(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut all = vec!["inspect", "--clock", NOW];
    all.extend_from_slice(args);
    let output = run(folder, &all);
    (
        output.status.code(),
        stdout(&output).to_owned(),
        stderr(&output).to_owned(),
    )
}

#[test]
fn a_chain_is_shown_fact_by_fact_with_what_is_odd() {
    let folder = tempdir().unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let root = Authority::root("Root", now).unwrap();
    let issuing = root.intermediate("Issuing", now).unwrap();
    let subject = Subject::named("billing").with(Attribute::Organization, "ACME, Ltd");
    let request = issuing.client(now).uri("spiffe://a.example/billing");
    let issued = request.subject(subject).dns("b.a.example").issue().unwrap();
    let bundle = format!("{}{}", issued.chain_pem(), issued.key_pem().as_str());
    fs::write(folder.path().join("billing.pem"), bundle).unwrap();

    let (code, said, error) = inspect(folder.path(), &["billing.pem"]);
    assert_eq!(code, Some(0), "{error}");
    for line in [
        "certificate (1)",
        "  version             3",
        r"  subject             O=ACME\, Ltd,CN=billing",
        "  issuer              CN=Issuing",
        "  not before          2026-08-01T11:55:00Z",
        "  not after           2026-08-31T12:00:00Z",
        "  days left           30",
        "  names               spiffe://a.example/billing",
        "  names               dns:b.a.example",
        "  key usage           digitalSignature",
        "  extended key usage  clientAuth",
        "  ca                  no",
        "certificate (2)",
        "  path length       0",
        "private key (3)",
    ] {
        assert!(said.lines().any(|found| found == line), "{line}\n{said}");
    }
    // The key is that of the certificate, and its bytes are nowhere.
    let pins: Vec<_> = said
        .lines()
        .filter(|line| line.trim_start().starts_with("pin "))
        .collect();
    assert_eq!(pins.len(), 3, "{said}");
    let pin = |line: &str| line.split_whitespace().last().unwrap().to_owned();
    assert_eq!(pin(pins[0]), pin(pins[2]));
    let secret = issued.key_pem();
    let secret = secret.lines().nth(1).unwrap();
    assert!(!said.contains(secret));

    let (_, said, _) = inspect(folder.path(), &["billing.pem", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["items"][0]["item"], "certificate");
    assert_eq!(said["items"][0]["names"][0], "spiffe://a.example/billing");
    assert_eq!(said["items"][1]["path_length"], 0);
    assert_eq!(said["items"][2]["item"], "private key");
    assert_eq!(said["items"][0]["pin"], said["items"][2]["pin"]);
}

#[test]
fn what_is_wrong_is_told() {
    let folder = tempdir().unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let from = "2026-01-01T00:00:00Z".parse().unwrap();
    let root =
        Authority::root_valid("Root", from, "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let until = "2026-07-31T12:00:00Z".parse().unwrap();
    let request = root.client(now).common_name("old").validity(from, until);
    fs::write(
        folder.path().join("old.pem"),
        request.issue().unwrap().leaf_pem(),
    )
    .unwrap();
    let (code, said, _) = inspect(folder.path(), &["old.pem"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("  days left           -1\n"), "{said}");
    assert!(said.contains("certificate 1"), "{said}");
    assert!(
        said.lines()
            .any(|line| line.contains("error") && line.contains("[expired]")),
        "{said}"
    );
}

#[test]
fn lists_requests_and_der_are_shown_too() {
    let folder = tempdir().unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let root = Authority::root("Root", now).unwrap();
    let gone = root.client(now).common_name("gone").issue().unwrap();
    let list = root
        .crl(now)
        .number(7)
        .revoke(&gone.serial(), RevocationReason::KeyCompromise, now);
    let list = list.issue().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    put("root.crl.pem", list.pem().as_bytes());
    put("root.crl", list.der());
    put("gone.der", gone.certificate_der());
    for name in ["root.crl.pem", "root.crl"] {
        let (code, said, error) = inspect(folder.path(), &[name]);
        assert_eq!(code, Some(0), "{error}");
        assert!(
            said.starts_with("revocation list (1)\n  issuer       CN=Root\n  number       07\n"),
            "{said}"
        );
        assert!(said.contains("  entries      1\n"), "{said}");
        assert!(said.contains("  stale        no\n"), "{said}");
    }
    let (code, said, error) = inspect(folder.path(), &["gone.der"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("CN=gone"), "{said}");
}

#[test]
fn a_psd2_statement_is_told_or_why_it_gives_no_rights() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "--preset", "psd2"]);
    let (code, said, error) = inspect(folder.path(), &[".countersign/aisp.pem"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(said.contains("  psd2 roles          PSP_AI\n"), "{said}");
    assert!(said.contains("  psd2 organization   PSDGB-FCA-"), "{said}");
}

#[test]
fn two_names_match_or_it_is_said_what_differs() {
    let folder = tempdir().unwrap();
    for (names, code, wanted) in [
        (
            vec!["cn=Billing,o=ACME"],
            0,
            "name       CN=Billing,O=ACME\ncanonical  CN=billing,O=acme\n",
        ),
        (
            vec!["CN=Billing,O=ACME", "2.5.4.3=billing,o=acme"],
            0,
            "name       CN=Billing,O=ACME\n\
             canonical  CN=billing,O=acme\n\
             name       CN=billing,O=acme\n\
             canonical  CN=billing,O=acme\n\
             match      yes\n",
        ),
        (
            vec!["CN=Billing,O=ACME", "CN=Billing,O=Other"],
            1,
            "name       CN=Billing,O=ACME\n\
             canonical  CN=billing,O=acme\n\
             name       CN=Billing,O=Other\n\
             canonical  CN=billing,O=other\n\
             differs    `O=ACME` is not `O=Other`\n",
        ),
    ] {
        let mut args = Vec::new();
        for name in &names {
            args.extend(["--dn", name]);
        }
        let (status, said, error) = inspect(folder.path(), &args);
        assert_eq!(said, wanted, "{error}");
        assert_eq!(status, Some(code));
    }
}

#[test]
fn what_cannot_be_read_is_said_with_what_was_wanted() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("text"), "nothing").unwrap();
    for (args, wanted) in [
        (
            vec!["missing"],
            "error: cannot read `missing`: No such file or directory (os error 2)\nhint: name a file with a certificate, a request, a revocation list or a key\n",
        ),
        (
            vec!["text"],
            "error: `text` holds nothing that is known here\nhint: wanted certificates, requests, revocation lists or keys, as PEM or DER\n",
        ),
    ] {
        let (status, _, said) = inspect(folder.path(), &args);
        assert_eq!((status, said.as_str()), (Some(1), wanted));
    }
}
