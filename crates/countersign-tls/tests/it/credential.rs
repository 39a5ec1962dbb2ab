use std::fs;

use countersign_identity::CertificateError;
use countersign_pki::{Issued, Key, KeyKind};
use countersign_tls::{Credential, CredentialError, LoadError, RustlsCredential};

use crate::world::{Ca, now};

fn issued() -> Issued {
    let ca = Ca::new("Clients");
    let issuing = ca.root.intermediate("Issuing", now()).unwrap();
    let client = issuing.client(now()).common_name("billing");
    client.issue().unwrap()
}

/// Why these are not a credential, as an operator reads it.
#[track_caller]
fn check(chain: &str, key: &str, wanted: &CredentialError, message: &str) {
    let error = Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
    assert_eq!(&error, wanted);
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_chain_and_its_key_are_a_credential() {
    let issued = issued();
    let credential =
        Credential::from_pem(issued.chain_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap();
    assert_eq!(credential.certificate().subject().to_string(), "CN=billing");
    let chain: Vec<_> = credential.chain().iter().map(|der| der.to_vec()).collect();
    assert_eq!(chain, issued.chain_der());
}

#[test]
fn a_combined_text_is_read_in_any_order_and_with_any_line_ending() {
    let (chain, key) = (issued().chain_pem(), issued().key_pem());
    assert!(Credential::from_combined_pem((chain + &key).as_bytes()).is_err());

    let issued = issued();
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    for text in [
        format!("{chain}{key}"),
        format!("{key}{chain}"),
        format!("Bag Attributes\n  friendlyName: x\n{chain}\n\n{key}"),
        format!("{key}{chain}").replace('\n', "\r\n"),
    ] {
        let credential = Credential::from_combined_pem(text.as_bytes()).unwrap();
        assert_eq!(credential.certificate().subject().to_string(), "CN=billing");
        assert_eq!(credential.chain().len(), 2);
    }
}

#[test]
fn the_key_of_another_certificate_does_not_match() {
    let (ours, other) = (issued(), issued());
    let mismatch = |subject: &str| CredentialError::KeyMismatch {
        subject: subject.to_owned(),
    };
    check(
        &ours.chain_pem(),
        &other.key_pem(),
        &mismatch("CN=billing"),
        "the private key does not belong to the first certificate, whose subject is `CN=billing`",
    );
    assert_eq!(
        mismatch("").to_string(),
        "the private key does not belong to the first certificate, which has no subject"
    );
}

#[test]
fn the_right_key_with_the_chain_the_wrong_way_round_is_told_from_a_wrong_key() {
    let ca = Ca::new("Clients");
    let leaf = ca
        .root
        .client(now())
        .common_name("billing")
        .issue()
        .unwrap();
    check(
        &(ca.root.certificate_pem() + &leaf.leaf_pem()),
        &leaf.key_pem(),
        &CredentialError::LeafNotFirst {
            position: 2,
            subject: "CN=billing".to_owned(),
        },
        "the private key belongs to certificate 2 of the chain, whose subject is `CN=billing`: \
         it must be the first",
    );
}

#[test]
fn what_is_missing_is_named_together_with_what_there_is() {
    let issued = issued();
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    let no_key = |found: &str| CredentialError::NoKey {
        found: found.to_owned(),
    };
    let no_certificate = |found: &str| CredentialError::NoCertificate {
        found: found.to_owned(),
    };
    check(
        &chain,
        "",
        &no_key("found no PEM section"),
        "no private key: found no PEM section",
    );
    // Two files, the wrong way round: the key is looked for first.
    check(
        &key,
        &chain,
        &no_key("found 2 x CERTIFICATE"),
        "no private key: found 2 x CERTIFICATE",
    );
    check(
        "",
        &key,
        &no_certificate("found no PEM section"),
        "no certificate: found no PEM section",
    );
    check(
        &key,
        &key,
        &no_certificate("found 1 x PRIVATE KEY"),
        "no certificate: found 1 x PRIVATE KEY",
    );
}

#[test]
fn sections_of_kinds_that_look_right_are_named() {
    let issued = issued();
    let relabelled = |label: &str| issued.chain_pem().replace("CERTIFICATE", label);
    for (label, hint) in [("TRUSTED CERTIFICATE", "-trustout"), ("PKCS7", "PKCS#7")] {
        let found = format!("found 2 x {label}");
        let error = Credential::from_pem(relabelled(label).as_bytes(), issued.key_pem().as_bytes());
        let error = error.unwrap_err();
        assert_eq!(error, CredentialError::NoCertificate { found });
        assert!(error.hint().unwrap().contains(hint), "{error}");
    }
}

#[test]
fn lists_and_requests_beside_them_are_passed_over() {
    let issued = issued();
    let other = |label: &str| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
    let text =
        other("X509 CRL") + &issued.chain_pem() + &other("CERTIFICATE REQUEST") + &issued.key_pem();
    assert!(Credential::from_combined_pem(text.as_bytes()).is_ok());
}

#[test]
fn bytes_where_text_is_wanted_are_called_der() {
    let issued = issued();
    let error = Credential::from_pem(issued.certificate_der(), issued.key_pem().as_bytes());
    let error = error.unwrap_err();
    assert_eq!(error, CredentialError::Der);
    assert!(error.hint().unwrap().contains("PKCS#12"));
}

#[test]
fn der_is_read_too() {
    let issued = issued();
    let key = issued.key().pkcs8_der().to_vec();
    let credential = Credential::from_der(issued.chain_der(), key).unwrap();
    assert_eq!(credential.chain().len(), 2);
    assert_eq!(
        Credential::from_der(issued.chain_der(), b"junk".to_vec()).unwrap_err(),
        CredentialError::KeyUnusable
    );
    let none = Credential::from_der([], issued.key().pkcs8_der().to_vec()).unwrap_err();
    assert_eq!(none.to_string(), "no certificate: found an empty chain");
}

#[test]
fn of_several_keys_none_is_taken() {
    let issued = issued();
    for count in [2, 3] {
        check(
            &issued.chain_pem(),
            &issued.key_pem().repeat(count),
            &CredentialError::SeveralKeys { count },
            &format!("{count} private keys: wanted one"),
        );
    }
}

#[test]
fn a_text_that_is_cut_short_is_not_pem() {
    let issued = issued();
    let message = "malformed PEM: a section is cut short or is not base64";
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    let cut = |text: &str| text.get(..text.len() - 30).unwrap().to_owned();
    check(&cut(&chain), &key, &CredentialError::Pem, message);
    check(&chain, &cut(&key), &CredentialError::Pem, message);
    check(
        &chain.replace('M', "?"),
        &key,
        &CredentialError::Pem,
        message,
    );
}

#[test]
fn bytes_that_are_no_certificate_are_refused_by_their_place() {
    let issued = issued();
    let junk = "-----BEGIN CERTIFICATE-----\nanVuaw==\n-----END CERTIFICATE-----\n";
    for (chain, position) in [(junk.to_owned(), 1), (issued.chain_pem() + junk, 3)] {
        check(
            &chain,
            &issued.key_pem(),
            &CredentialError::Certificate {
                position,
                source: CertificateError::Encoding,
            },
            &format!("certificate {position} of the chain: not a DER-encoded X.509 certificate"),
        );
    }
}

#[test]
fn a_key_that_is_none_cannot_be_used() {
    let message = "the private key cannot be used: wanted PKCS#8, PKCS#1 or SEC1 with an RSA, ECDSA or Ed25519 key";
    for label in ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"] {
        check(
            &issued().chain_pem(),
            &format!("-----BEGIN {label}-----\nanVuaw==\n-----END {label}-----\n"),
            &CredentialError::KeyUnusable,
            message,
        );
    }
}

#[test]
fn a_credential_shows_no_key() {
    let issued = issued();
    let credential =
        Credential::from_combined_pem((issued.chain_pem() + &issued.key_pem()).as_bytes());
    let printed = format!("{:?}", credential.unwrap());
    assert!(printed.starts_with("Credential { certificate: Certificate {"));
    assert!(printed.ends_with(", .. }"), "{printed}");
}

#[test]
fn files_are_read_and_named() {
    let issued = issued();
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("a.pem"), folder.path().join("a-key.pem"));
    fs::write(&chain, issued.chain_pem()).unwrap();

    let error = Credential::from_pem_files(&chain, &key).unwrap_err();
    assert!(matches!(&error, LoadError::Read { path, .. } if *path == key));
    let wanted = format!("cannot read `{}`: ", key.display());
    assert!(error.to_string().starts_with(&wanted), "{error}");

    fs::write(&key, "").unwrap();
    assert_eq!(
        Credential::from_pem_files(&chain, &key)
            .unwrap_err()
            .to_string(),
        format!("`{}`: no private key: found no PEM section", key.display())
    );

    fs::write(&key, Key::generate(KeyKind::P256).unwrap().pem()).unwrap();
    let error = Credential::from_pem_files(&chain, &key).unwrap_err();
    let wanted = format!(
        "`{}` and `{}`: the private key",
        chain.display(),
        key.display()
    );
    assert!(error.to_string().starts_with(&wanted), "{error}");

    fs::write(&key, issued.key_pem()).unwrap();
    assert!(Credential::from_pem_files(&chain, &key).is_ok());
    fs::write(&chain, issued.chain_pem() + &issued.key_pem()).unwrap();
    assert!(Credential::from_pem_file(&chain).is_ok());
}
