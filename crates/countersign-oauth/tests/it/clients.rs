//! What a client registers, and which certificate will do (A5 to A7, A9).

use countersign_identity::Certificate;
use countersign_oauth::{
    Clients, OAuthClient, Proof, RegisteredCertificates, RegistrationError, Subject,
};
use countersign_pki::{Attribute, Authority, Issued, KeyKind, Request, Usage};
use serde_json::{Value, json};

use crate::bank::{jwk, jwks};
use crate::forge::now;

fn root() -> Authority {
    Authority::root("Root", now()).unwrap()
}

fn admits(subject: Result<Subject, RegistrationError>, issued: &Issued) -> bool {
    let certificate = Certificate::from_der(issued.certificate_der()).unwrap();
    Proof::Subject(subject.unwrap())
        .admits(&certificate)
        .is_ok()
}

#[test]
fn a5_a_subject_is_of_one_kind_and_well_formed() {
    for (subject, refused) in [
        (Subject::dn(""), "a subject without any part names nobody"),
        (Subject::dns("*.a.example"), "`*.a.example` is no host name"),
        (Subject::dns("a.example."), "`a.example.` is no host name"),
        (Subject::dns(""), "`` is no host name"),
        (Subject::dns("a b"), "`a b` is no host name"),
        (Subject::uri("a.example"), "`a.example` is no URI"),
        (
            Subject::uri("https://a.example/\u{e9}"),
            "`https://a.example/\u{e9}` is no URI",
        ),
        (Subject::ip("10.0.0.1/8"), "`10.0.0.1/8` is no address"),
        (Subject::ip("010.0.0.1"), "`010.0.0.1` is no address"),
        (Subject::email("a.example"), "`a.example` is no mailbox"),
        (Subject::email("a@b@c"), "`a@b@c` is no mailbox"),
    ] {
        assert_eq!(subject.unwrap_err().to_string(), refused);
    }
    assert!(matches!(
        Subject::dn("CN=a, O=b;"),
        Err(RegistrationError::Name(_))
    ));
}

#[test]
fn a5_a_principal_is_one_client() {
    let client = || {
        let proof = Proof::Subject(Subject::dns("a.example").unwrap());
        OAuthClient::new("billing".parse().unwrap(), proof)
    };
    let twice = Clients::new([client(), client()]).unwrap_err();
    assert_eq!(
        twice.to_string(),
        "the client `billing` is registered twice"
    );
}

#[test]
fn a6_the_subject_matches_by_rfc_4517_and_never_by_its_text() {
    let subject = countersign_pki::Subject::new()
        .with(Attribute::Country, "SE")
        .with(Attribute::Organization, "Acme  Ltd")
        .with(Attribute::CommonName, "billing, north");
    let issued = root().client(now()).subject(subject).issue().unwrap();
    for (text, matches) in [
        ("CN=billing\\, north,O=Acme  Ltd,C=SE", true),
        ("cn=BILLING\\2C north,o=acme ltd,c=se", true),
        (
            "2.5.4.3=billing\\, north,2.5.4.10=Acme Ltd,2.5.4.6=SE",
            true,
        ),
        ("CN=#0c0e62696c6c696e672c206e6f727468,O=Acme Ltd,C=SE", true),
        ("C=SE,O=Acme Ltd,CN=billing\\, north", false),
        ("O=Acme Ltd,CN=billing\\, north,C=SE", false),
        ("CN=billing\\, north+O=Acme Ltd,C=SE", false),
        ("CN=billing\\, north,O=Acme Ltd", false),
        ("CN=billing\\, north,O=AcmeLtd,C=SE", false),
        ("CN=billing\\, north,OU=Acme Ltd,C=SE", false),
    ] {
        assert_eq!(admits(Subject::dn(text), &issued), matches, "{text}");
    }
}

#[test]
fn a7_other_names_are_compared_as_their_kind_is() {
    let root = root();
    let request = || root.client(now());
    let v4 = request().ip([192, 0, 2, 1]).issue().unwrap();
    let named = request()
        .dns("Api.Partner.example")
        .uri("spiffe://a.example/Billing")
        .email("Ops@Partner.example");
    let named = named.issue().unwrap();
    let wild = request().dns("*.partner.example").issue().unwrap();
    for (subject, issued, matches) in [
        (Subject::dns("api.partner.EXAMPLE"), &named, true),
        (Subject::dns("partner.example"), &named, false),
        (Subject::dns("other.partner.example"), &wild, false),
        (Subject::uri("spiffe://a.example/Billing"), &named, true),
        (Subject::uri("spiffe://a.example/billing"), &named, false),
        (Subject::uri("spiffe://a.example/Billing/"), &named, false),
        (Subject::email("Ops@PARTNER.example"), &named, true),
        (Subject::email("ops@partner.example"), &named, false),
        (Subject::ip("192.0.2.1"), &v4, true),
        (Subject::ip("::ffff:192.0.2.1"), &v4, false),
        (Subject::ip("192.0.2.2"), &v4, false),
        // Of another kind.
        (Subject::uri("dns:api.partner.example"), &named, false),
        (Subject::dns("192.0.2.1"), &v4, false),
    ] {
        assert_eq!(admits(subject.clone(), issued), matches, "{subject:?}");
    }
}

fn own(kind: KeyKind) -> Issued {
    let request = Request::self_signed(Usage::Client, now()).key(kind);
    request.issue().unwrap()
}

fn read(keys: Value) -> Result<RegisteredCertificates, RegistrationError> {
    RegisteredCertificates::from_jwks(json!({ "keys": keys }).to_string().as_bytes())
}

fn knows(known: &RegisteredCertificates, issued: &Issued) -> bool {
    let certificate = Certificate::from_der(issued.certificate_der()).unwrap();
    Proof::Certificates(known.clone())
        .admits(&certificate)
        .is_ok()
}

#[test]
fn a9_several_certificates_are_registered_while_one_replaces_another() {
    let (old, new, other) = (own(KeyKind::P256), own(KeyKind::P256), own(KeyKind::P256));
    let known = RegisteredCertificates::from_jwks(jwks(&[&old, &new]).as_bytes()).unwrap();
    assert_eq!(
        [&old, &new, &other].map(|issued| knows(&known, issued)),
        [true, true, false]
    );
}

#[test]
fn a9_a_key_that_is_not_the_one_of_its_certificate_is_not_registered() {
    let (one, other) = (own(KeyKind::P256), own(KeyKind::P256));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut key = jwk(&one);
        change(&mut key);
        read(json!([jwk(&other), key])).map_err(|error| error.to_string())
    };
    let chain = jwk(&other)["x5c"].clone();
    for (change, refused) in [
        (
            &|key: &mut Value| key["x5c"] = chain.clone() as Value,
            "key 2 is not the one of its certificate",
        ),
        (
            &|key: &mut Value| key["kty"] = "RSA".into(),
            "key 2 is not the one of its certificate",
        ),
        (
            &|key: &mut Value| key["x"] = "AAAA".into(),
            "key 2 is not the one of its certificate",
        ),
        (
            &|key: &mut Value| key["x5c"] = json!([]),
            "key 2 has no `x5c`",
        ),
        (
            &|key: &mut Value| key["x5c"] = Value::Null,
            "key 2 has no `x5c`",
        ),
        (
            &|key: &mut Value| key["d"] = "AAAA".into(),
            "key 2 is private",
        ),
    ] as [(&dyn Fn(&mut Value), &str); 6]
    {
        assert_eq!(with(change).unwrap_err(), refused);
    }
    assert!(with(&|_| {}).is_ok());
    assert_eq!(read(json!([])).unwrap_err(), RegistrationError::NoKeys);
    assert!(matches!(
        read(json!({})),
        Err(RegistrationError::KeySet { .. })
    ));
}

/// By the key set of another library.
#[test]
fn a9_keys_of_every_kind_are_compared_with_their_certificates() {
    use data_encoding::{BASE64, BASE64URL_NOPAD};

    for kind in [
        KeyKind::P256,
        KeyKind::P384,
        KeyKind::Ed25519,
        KeyKind::Rsa2048,
    ] {
        let issued = own(kind);
        let spki = issued.key().public_key_der();
        let encoded = |octets: &[u8]| BASE64URL_NOPAD.encode(octets);
        let tail = |len: usize| &spki[spki.len() - len..];
        let half = |octets: &[u8], at: usize| [encoded(&octets[..at]), encoded(&octets[at..])];
        let mut key = match kind {
            KeyKind::P256 => {
                let [x, y] = half(tail(64), 32);
                json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})
            }
            KeyKind::P384 => {
                let [x, y] = half(tail(96), 48);
                json!({"kty": "EC", "crv": "P-384", "x": x, "y": y})
            }
            KeyKind::Ed25519 => json!({"kty": "OKP", "crv": "Ed25519", "x": encoded(tail(32))}),
            // INTEGER of 257 octets, the first of them 0; then 65537.
            _ => {
                let modulus = &tail(5 + 256)[..256];
                json!({"kty": "RSA", "n": encoded(modulus), "e": "AQAB"})
            }
        };
        key["x5c"] = json!([BASE64.encode(issued.certificate_der())]);
        let known = read(json!([key])).unwrap();
        assert!(knows(&known, &issued), "{kind:?}");
    }
}
