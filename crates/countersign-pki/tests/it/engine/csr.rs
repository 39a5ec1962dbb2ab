//! Signing requests.

use countersign_pki::{Csr, Key, KeyKind, Name};
use rcgen::{CertificateParams, DnType, KeyPair, SanType, SignatureAlgorithm};

use super::{is_signed_by, openssl, parse, root};
use crate::now;

fn request(algorithm: &'static SignatureAlgorithm, name: &str, dns: &str) -> String {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = vec![SanType::DnsName(dns.try_into().unwrap())];
    params.serialize_request(&key).unwrap().pem().unwrap()
}

#[test]
fn a_request_is_signed_with_the_names_that_it_asks_for() {
    let root = root();
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let csr = Csr::from_pem(&request(algorithm, "billing", "billing.test")).unwrap();
        let certified = root.client(now()).names_of(&csr).sign(&csr).unwrap();
        let leaf = parse(certified.certificate_der());
        assert_eq!(leaf.subject().to_string(), "CN=billing");
        let names = leaf.subject_alternative_name().unwrap().unwrap().value;
        assert_eq!(names.general_names.len(), 1);
        assert_eq!(leaf.public_key().raw, csr.public_key_der());
        assert!(is_signed_by(
            certified.certificate_der(),
            root.certificate_der()
        ));
        assert_eq!(leaf.extensions().len(), 6);
    }
}

#[test]
fn a_request_is_signed_with_the_names_that_are_given() {
    let csr = Csr::from_pem(&request(&rcgen::PKCS_ED25519, "admin", "admin.test")).unwrap();
    let certified = root()
        .client(now())
        .uri("spiffe://dev.example/a")
        .sign(&csr)
        .unwrap();
    let leaf = parse(certified.certificate_der());
    assert_eq!(leaf.subject().to_string(), "");
    let names = leaf.subject_alternative_name().unwrap().unwrap().value;
    assert_eq!(names.general_names.len(), 1);
}

/// rcgen #448: it takes the curve of the key from the digest of the signature.
#[test]
fn a_p256_key_stays_one_when_its_request_is_signed_with_sha384() {
    let key = Key::generate(KeyKind::P256).unwrap();
    let arguments = ["req", "-new", "-sha384", "-subj", "/CN=x", "-key"];
    let Some(text) = openssl(&arguments, &key.pem()) else {
        return;
    };
    let csr = Csr::from_pem(&text).unwrap();
    assert_eq!(csr.public_key_der(), key.public_key_der());
    let certified = root().client(now()).names_of(&csr).sign(&csr).unwrap();
    assert_eq!(
        parse(certified.certificate_der()).public_key().raw,
        key.public_key_der()
    );
}

#[test]
fn other_extensions_that_a_request_asks_for_are_not_looked_at() {
    let key = Key::generate(KeyKind::P256).unwrap();
    let asked = [
        "req",
        "-new",
        "-subj",
        "/CN=x",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "subjectKeyIdentifier=00:01",
        "-addext",
        "subjectAltName=IP:10.0.0.1",
        "-key",
    ];
    let Some(text) = openssl(&asked, &key.pem()) else {
        return;
    };
    let csr = Csr::from_pem(&text).unwrap();
    assert_eq!(csr.names(), [Name::Ip([10, 0, 0, 1].into())]);
    let certified = root().client(now()).names_of(&csr).sign(&csr).unwrap();
    let leaf = parse(certified.certificate_der());
    assert!(!leaf.basic_constraints().unwrap().unwrap().value.ca);
}

#[test]
fn a_request_without_proof_or_with_a_bad_name_is_refused() {
    let good = request(&rcgen::PKCS_ED25519, "x", "x.test");
    let der = x509_parser::pem::Pem::iter_from_buffer(good.as_bytes())
        .next()
        .unwrap();
    let mut der = der.unwrap().contents;
    assert!(Csr::from_der(&der).is_ok());
    *der.last_mut().unwrap() ^= 1;
    for (refused, reason) in [
        (Csr::from_der(&der), "does not fit its key"),
        (Csr::from_der(&der[1..]), "not exactly one"),
        (Csr::from_pem(""), "no PEM block"),
        (
            Csr::from_pem(&request(&rcgen::PKCS_ED25519, "a\nb", "x.test")),
            "control character",
        ),
        (
            Csr::from_pem(&request(&rcgen::PKCS_ED25519, "x", "a..b")),
            "not a DNS name",
        ),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
}
