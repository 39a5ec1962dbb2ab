//! An intermediate that two roots have certified.

use countersign_identity::IdentityError;
use countersign_problem::Code;
use countersign_tls::{Credential, Peer};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, SanType};

use crate::wire::{VERSIONS, client, shake};
use crate::world::{Ca, Server, now};

/// A client of an intermediate that both have certified, sent with both certificates of it.
fn crossed(one: &Ca, other: &Ca) -> Credential {
    let mut issuing = CertificateParams::default();
    issuing.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    issuing.use_authority_key_identifier_extension = true;
    issuing
        .distinguished_name
        .push(DnType::CommonName, "Crossed");
    let issuing_key = KeyPair::generate().unwrap();
    let by_one = issuing.signed_by(&issuing_key, &one.issuer()).unwrap();
    let by_other = issuing.signed_by(&issuing_key, &other.issuer()).unwrap();

    let mut leaf = CertificateParams::default();
    let name = "spiffe://dev.example/billing".try_into().unwrap();
    leaf.subject_alt_names = vec![SanType::URI(name)];
    let key = KeyPair::generate().unwrap();
    let issuer = crate::world::issuer(by_one.der(), &issuing_key.serialize_pem());
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let pem = leaf.pem() + &by_one.pem() + &by_other.pem() + &key.serialize_pem();
    Credential::from_combined_pem(pem.as_bytes()).unwrap()
}

#[test]
fn a_certificate_for_which_two_trusts_vouch_is_ambiguous() {
    let server = Server::new();
    let (one, other) = (Ca::new("One"), Ca::new("Other"));
    let snapshot = server.snapshot([one.trust("one"), other.trust("other")]);
    let given = crossed(&one, &other);
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&given)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        let error = peer.identity().unwrap_err();
        assert_eq!(
            error,
            &IdentityError::AmbiguousTrust {
                first: "one".parse().unwrap(),
                second: "other".parse().unwrap(),
            }
        );
        assert_eq!(error.code(), Code::IdentityAmbiguous);

        // Once one of the two is gone, it is no more.
        let again = peer.again(&server.snapshot([other.trust("other")]), now());
        assert_eq!(again.unwrap().identity().unwrap().trust().as_str(), "other");
    }
}

#[test]
fn a_certificate_for_which_one_trust_vouches_twice_is_not() {
    let server = Server::new();
    let (one, other) = (Ca::new("One"), Ca::new("Other"));
    let both = one.root.certificate_pem() + &other.root.certificate_pem();
    let anchors = countersign_tls::Anchors::from_pem(both.as_bytes()).unwrap();
    let trust = crate::world::trust("both", anchors, &["spiffe://dev.example/*"]);
    let snapshot = server.snapshot([trust]);
    let given = crossed(&one, &other);
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&given)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        assert_eq!(
            peer.identity().unwrap().to_string(),
            "both: spiffe://dev.example/billing"
        );
    }
}
