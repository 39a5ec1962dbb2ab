use countersign_identity::{NameRules, Scheme};
use countersign_tls::{Anchors, SnapshotError, Trust, TrustSnapshot};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

use crate::world::{Ca, Hands, now};

/// Why these trusts cannot be in force together, as an operator reads it.
#[track_caller]
fn check(trusts: Vec<Trust>, wanted: &SnapshotError, message: &str) {
    let ca = Ca::new("Server Root");
    let server = ca.ask(|client| client.dns("api.dev.example"));
    let error = TrustSnapshot::new(server, trusts, Hands::at(now())).unwrap_err();
    assert_eq!(&error, wanted);
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_server_without_a_trust_is_refused() {
    check(
        vec![],
        &SnapshotError::NoTrust,
        "no trust: wanted at least one",
    );
}

#[test]
fn two_trusts_of_one_name_are_refused() {
    check(
        vec![
            Ca::new("One").trust("clients"),
            Ca::new("Two").trust("clients"),
        ],
        &SnapshotError::NameTaken {
            name: "clients".parse().unwrap(),
        },
        "two trusts are called `clients`",
    );
}

fn shared(subject: &str) -> SnapshotError {
    SnapshotError::AnchorShared {
        first: "clients".parse().unwrap(),
        second: "partners".parse().unwrap(),
        subject: subject.to_owned(),
    }
}

#[test]
fn an_anchor_in_two_trusts_is_refused() {
    let ca = Ca::new("One");
    check(
        vec![ca.trust("clients"), ca.trust("partners")],
        &shared("CN=One"),
        "the trusts `clients` and `partners` share the anchor `CN=One`",
    );
}

#[test]
fn an_anchor_that_was_reissued_for_the_same_key_is_the_same_anchor() {
    let ca = Ca::new("One");
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "One");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::from_pem(&ca.root.key_pem()).unwrap();
    let reissued = params.self_signed(&key).unwrap().pem();
    assert_ne!(reissued, ca.root.certificate_pem());
    let anchors = Anchors::from_pem(reissued.as_bytes()).unwrap();
    let rules = NameRules::new(Scheme::Spiffe, []);
    check(
        vec![
            ca.trust("clients"),
            Trust::new("partners".parse().unwrap(), anchors, rules),
        ],
        &shared("CN=One"),
        "the trusts `clients` and `partners` share the anchor `CN=One`",
    );
}

#[test]
fn an_anchor_twice_in_one_trust_does_no_harm() {
    let ca = Ca::new("One");
    let twice = ca.root.certificate_pem().repeat(2);
    let anchors = Anchors::from_pem(twice.as_bytes()).unwrap();
    let trust = crate::world::trust("clients", anchors, &["spiffe://dev.example/*"]);
    let server = ca.ask(|client| client.dns("api.dev.example"));
    assert!(TrustSnapshot::new(server, vec![trust], Hands::at(now())).is_ok());
}

#[test]
fn a_snapshot_shows_no_key() {
    let ca = Ca::new("One");
    let server = ca.ask(|client| client.dns("api.dev.example"));
    let snapshot = TrustSnapshot::new(server, vec![ca.trust("clients")], Hands::at(now()));
    let printed = format!("{:?}", snapshot.unwrap());
    assert!(
        printed.contains("clients") && !printed.contains("key:"),
        "{printed}"
    );
}
