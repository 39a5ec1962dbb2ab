//! What does somebody else's linter say of our good certificates? That of PyPI's pkilint, which finds no
//! error: neither in the catalogue, nor in the presets, nor in what is shaped like a QWAC or a QSealC.
//!
//! `pip install pkilint` puts the programs where this finds them. Without them the tests say so and pass;
//! with `COUNTERSIGN_INTEROP=require`, as in CI, they fail.
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::collections::BTreeMap;
use std::process::Command;

use countersign_pki::psd2::{Nca, Role, Tpp};
use countersign_pki::{
    Attribute, Authority, CI_MANIFEST, Catalogue, DEV_MANIFEST, Fixture, Manifest, Plan, Stage,
    Subject,
};
use regex::Regex;
use serde_json::Value;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::now;

/// What is accepted by everybody although RFC 5280, 4.1.2.2, wants other serial numbers: no good ones.
const ODD: [&str; 2] = ["client-serial-zero", "client-serial-24-bytes"];
const ODD_SERIAL: &str = "pkix.certificate_serial_number_out_of_range";

/// The code and the message of an error.
type Finding = (String, String);

/// Looks at each certificate once; its label says where it comes from.
fn check(command: &[&str], certificates: &BTreeMap<Vec<u8>, String>) {
    for (der, label) in certificates {
        let Some(found) = errors(command, der) else {
            return;
        };
        let tolerated = tolerated(der);
        let left: Vec<_> = found.iter().filter(|it| !tolerated.contains(it)).collect();
        assert!(left.is_empty(), "{label}: {left:?}");
    }
}

/// The errors in one certificate; `None` if there is no such program.
fn errors(command: &[&str], der: &[u8]) -> Option<Vec<Finding>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("certificate.der");
    std::fs::write(&path, der).unwrap();
    let (program, arguments) = command.split_first().unwrap();
    let mut linter = Command::new(program);
    let linter = linter.arg("lint").args(arguments);
    let linter = linter.args(["-s", "ERROR", "-f", "JSON"]).arg(&path);
    let Ok(done) = linter.output() else {
        let required = std::env::var("COUNTERSIGN_INTEROP").is_ok_and(|it| it == "require");
        assert!(!required, "pkilint is required and is not here");
        eprintln!("skipped: there is no pkilint here");
        return None;
    };
    let report = serde_json::from_slice(&done.stdout);
    assert!(report.is_ok(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(findings(&report.unwrap()))
}

fn findings(report: &Value) -> Vec<Finding> {
    let results = report["results"].as_array().unwrap().iter();
    let found = results.flat_map(|it| it["finding_descriptions"].as_array().unwrap());
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    found
        .map(|it| (text(&it["code"]), text(&it["message"])))
        .collect()
}

/// Two errors are pkilint's own. Both checks ask the `validators` package, at its version 0.22, something
/// else than what the RFCs say; there is no SPIFFE ID, and no other `localhost`, that would satisfy it.
///
/// - `validators.url` knows nine schemes of URIs, from `ftp` to `telnet`, and calls every other one bad.
///   RFC 5280, 4.2.1.6, asks for a scheme as RFC 3986 has it, and an X509-SVID must have `spiffe`.
/// - `validators.domain` wants at least two labels. The preferred name syntax of RFC 1034, 3.5, which
///   RFC 5280 asks for, does with one, and a server on this machine is called `localhost`.
fn tolerated(der: &[u8]) -> Vec<Finding> {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    let names = certificate.subject_alternative_name().unwrap();
    let names = names.map_or(&[][..], |it| &it.value.general_names);
    let spiffe = Regex::new("^spiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)+$").unwrap();
    let finding = |code: &str, what: &str, name: &str| {
        let message = format!("Invalid {what} syntax: \"{name}\"");
        (code.to_owned(), message)
    };
    let own = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) if spiffe.is_match(uri) => {
            Some(finding("pkix.invalid_uri_syntax", "URI", uri))
        }
        GeneralName::DNSName(name @ "localhost") => {
            let code = "pkix.invalid_domain_name_syntax";
            Some(finding(code, "domain name", name))
        }
        _ => None,
    });
    own.collect()
}

/// Adds the certificates of a text.
fn add(all: &mut BTreeMap<Vec<u8>, String>, label: &str, pem: &str) {
    for block in Pem::iter_from_buffer(pem.as_bytes()) {
        let der = block.unwrap().contents;
        all.entry(der).or_insert_with(|| label.to_owned());
    }
}

fn is_odd(fixture: &Fixture) -> bool {
    ODD.contains(&fixture.name)
}

#[test]
fn no_error_is_found_in_the_good_fixtures_nor_in_what_issued_them() {
    let mut all = BTreeMap::new();
    let fixtures = Catalogue::all().unwrap().into_iter();
    let good = fixtures.filter(|it| it.expected.stage == Stage::Accepted && !is_odd(it));
    for fixture in good {
        add(&mut all, fixture.name, &fixture.anchors_pem);
        let presented = fixture.presented.unwrap();
        add(&mut all, fixture.name, &presented.chain_pem);
    }
    assert!(all.len() >= 40, "{}", all.len());
    check(&["lint_pkix_cert"], &all);
}

#[test]
fn what_everybody_accepts_against_the_rfc_is_found_to_be_so() {
    for name in ODD {
        let fixture = Catalogue::get(name).unwrap().unwrap();
        let mut all = BTreeMap::new();
        add(&mut all, name, &fixture.presented.unwrap().chain_pem);
        let found = all.keys().map(|der| errors(&["lint_pkix_cert"], der));
        let Some(found) = found.collect::<Option<Vec<_>>>() else {
            return;
        };
        assert!(
            found.concat().iter().any(|(code, _)| code == ODD_SERIAL),
            "{name}"
        );
    }
}

#[test]
fn no_error_is_found_in_the_presets() {
    let mut all = BTreeMap::new();
    for (preset, text) in [("dev", DEV_MANIFEST), ("ci", CI_MANIFEST)] {
        let plan = Plan::new(&Manifest::parse(text).unwrap(), now());
        let pki = plan.issue().unwrap();
        for name in plan.names() {
            let label = format!("{name} of {preset}");
            let of_authority = pki.authority(name).map(Authority::certificate_pem);
            let pem = of_authority.or_else(|_| pki.issued(name).map(|it| it.leaf_pem()));
            add(&mut all, &label, &pem.unwrap());
        }
    }
    check(&["lint_pkix_cert"], &all);
}

#[test]
fn no_error_is_found_in_what_is_shaped_like_a_qwac_or_a_qsealc() {
    let subject = Subject::new()
        .with(Attribute::Country, "GB")
        .with(Attribute::Organization, "Countersign Test")
        .with(Attribute::CommonName, "Issuing CA TEST ONLY");
    let root = Authority::root("Test Root", now()).unwrap();
    let issuing = root.intermediate_request("", now()).subject(subject);
    let issuing = issuing.issue_authority().unwrap();
    let [mut qwacs, mut qseals, mut all] = [const { BTreeMap::new() }; 3];
    add(&mut all, "the root", &root.certificate_pem());
    let sets = Role::ALL.map(|role| vec![role]).into_iter();
    for roles in sets.chain([Role::ALL.to_vec()]) {
        let label = format!("{roles:?}");
        let tpp = tpp().roles(roles);
        let qwac = tpp.qwac(&issuing, now()).issue().unwrap();
        let qseal = tpp.qseal(&issuing, now()).issue().unwrap();
        add(&mut qwacs, &label, &qwac.leaf_pem());
        add(&mut qseals, &label, &qseal.leaf_pem());
        add(&mut all, &label, &qwac.chain_pem());
        add(&mut all, &label, &qseal.chain_pem());
    }
    for (kind, certificates) in [
        ("QEVCP-W-PSD2-EIDAS-FINAL-CERTIFICATE", &qwacs),
        ("QEVCP-W-PSD2-EIDAS-NON-BROWSER-FINAL-CERTIFICATE", &qwacs),
        ("NCP-LEGAL-PERSON-CERTIFICATE", &qseals),
    ] {
        check(&["lint_etsi_cert", "-t", kind], certificates);
    }
    check(&["lint_pkix_cert"], &all);
}

fn tpp() -> Tpp {
    let fca = Nca::new("GB", "FCA", "Financial Conduct Authority");
    Tpp::new("Acme TPP Limited", fca, "123456")
}
