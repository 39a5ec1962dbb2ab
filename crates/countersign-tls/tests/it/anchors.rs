use std::fs;

use countersign_identity::CertificateError;
use countersign_tls::{Anchors, AnchorsError, LoadError};

use crate::world::{Ca, now};

const NOT_PEM: &str = "malformed PEM: a section is cut short or is not base64";

/// Why a bundle does not hold anchors, as an operator reads it.
#[track_caller]
fn check(bundle: &str, wanted: &AnchorsError, message: &str) {
    let error = Anchors::from_pem(bundle.as_bytes()).unwrap_err();
    assert_eq!(&error, wanted);
    assert_eq!(error.to_string(), message);
}

fn empty(found: &str) -> AnchorsError {
    AnchorsError::Empty {
        found: found.to_owned(),
    }
}

#[test]
fn a_bundle_is_the_certificates_of_cas_in_order() {
    let (one, two) = (Ca::new("One"), Ca::new("Two"));
    let comment = "# our partners\r\n";
    let bundle = [
        comment,
        &one.root.certificate_pem(),
        "\n",
        &two.root.certificate_pem(),
    ];
    let anchors = Anchors::from_pem(bundle.concat().as_bytes()).unwrap();
    let subjects: Vec<_> = anchors
        .certificates()
        .map(|anchor| anchor.subject().to_string())
        .collect();
    assert_eq!(subjects, ["CN=One", "CN=Two"]);
    assert_eq!(anchors.trust_anchors().count(), 2);
    assert_eq!(format!("{anchors:?}"), r#"["CN=One", "CN=Two"]"#);
}

#[test]
fn a_bundle_without_a_certificate_is_empty() {
    for bundle in ["", "\n", "no PEM at all", "MIIB"] {
        check(
            bundle,
            &empty("found no PEM section"),
            "no CA certificate: found no PEM section",
        );
    }
    check(
        &Ca::new("One").root.key_pem(),
        &empty("found 1 x PRIVATE KEY"),
        "no CA certificate: found 1 x PRIVATE KEY",
    );
}

#[test]
fn the_certificate_of_a_client_is_no_anchor() {
    let ca = Ca::new("One");
    let leaf = ca
        .root
        .client(now())
        .common_name("billing")
        .issue()
        .unwrap();
    check(
        &leaf.leaf_pem(),
        &AnchorsError::NotCa {
            position: 1,
            subject: "CN=billing".to_owned(),
        },
        "certificate 1, whose subject is `CN=billing`, is not a CA certificate",
    );
    // Beside one that is, it is left out.
    let bundle = leaf.leaf_pem() + &ca.root.certificate_pem();
    let anchors = Anchors::from_pem(bundle.as_bytes()).unwrap();
    assert_eq!(format!("{anchors:?}"), r#"["CN=One"]"#);
    let [AnchorsError::NotCa { position: 1, .. }] = anchors.dropped() else {
        panic!("{:?}", anchors.dropped());
    };
}

#[test]
fn bytes_that_are_no_certificate_are_refused_by_their_place() {
    check(
        "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n",
        &AnchorsError::Certificate {
            position: 1,
            source: CertificateError::Encoding,
        },
        "certificate 1: not a DER-encoded X.509 certificate",
    );
}

#[test]
fn a_bundle_that_is_cut_short_is_not_pem() {
    let pem = Ca::new("One").root.certificate_pem();
    for cut in ["-----END CERTIFICATE-----\n", "----\n"] {
        check(pem.strip_suffix(cut).unwrap(), &AnchorsError::Pem, NOT_PEM);
    }
    check(&pem.replace('M', "?"), &AnchorsError::Pem, NOT_PEM);
}

#[test]
fn an_error_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let error = Anchors::from_pem_file(&missing).unwrap_err();
    assert!(matches!(error, LoadError::Read { .. }));
    let wanted = format!("cannot read `{}`: ", missing.display());
    assert!(error.to_string().starts_with(&wanted), "{error}");

    let file = folder.path().join("ca.pem");
    fs::write(&file, "").unwrap();
    assert_eq!(
        Anchors::from_pem_file(&file).unwrap_err().to_string(),
        format!(
            "`{}`: no CA certificate: found no PEM section",
            file.display()
        )
    );
}
