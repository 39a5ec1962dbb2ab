//! The same twice.

use countersign_pki::{Authority, IssueError, KeyKind, RevocationReason, Seed};

use super::{is_signed_by, openssl};
use crate::now;

/// A whole PKI from a seed, as one text: certificates, keys and a list.
fn world(seed: &Seed) -> String {
    let root = Authority::root_request("Test Root", now()).seeded(seed, "root");
    let root = root.issue_authority().unwrap();
    let issuing = root
        .intermediate_request("Test Issuing CA", now())
        .seeded(seed, "issuing");
    let issuing = issuing.issue_authority().unwrap();
    let mut text = root.certificate_pem() + &issuing.certificate_pem();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519] {
        let name = format!("{kind:?}");
        let request = issuing
            .client(now())
            .common_name(&name)
            .key(kind)
            .seeded(seed, &name);
        let client = request.issue().unwrap();
        assert!(is_signed_by(
            client.certificate_der(),
            issuing.certificate_der()
        ));
        text = text + &client.chain_pem() + &client.key_pem();
    }
    let crl = issuing
        .crl(now())
        .revoke(&[1], RevocationReason::Superseded, now())
        .issue()
        .unwrap();
    text + &crl.pem()
}

fn digest(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn one_seed_and_one_clock_give_the_same_bytes() {
    let one = world(&Seed::new("a seed"));
    assert_eq!(one, world(&Seed::new("a seed")));
    assert_ne!(one, world(&Seed::new("another seed")));
}

/// Over processes, machines and releases: who changes this changes every fixture of everybody.
#[test]
fn the_bytes_are_those_of_every_other_machine() {
    assert_eq!(
        digest(&world(&Seed::new("a seed"))),
        "e34f6f456625b86e9989a03e426a8266b395b60219f4444036851f394afa6981"
    );
}

#[test]
fn another_name_is_another_key() {
    let seed = Seed::new("a seed");
    let key = |name, kind| seed.key(name, kind).unwrap().public_key_der().to_vec();
    assert_ne!(key("a", KeyKind::P256), key("b", KeyKind::P256));
    assert_ne!(key("a", KeyKind::P256), key("a", KeyKind::Ed25519));
    assert_eq!(key("a", KeyKind::P256), key("a", KeyKind::P256));
}

#[test]
fn openssl_reads_a_key_from_a_seed() {
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::Ed25519] {
        let key = Seed::new("a seed").key("a", kind).unwrap();
        if openssl(&["pkey", "-noout", "-text", "-in"], &key.pem()).is_none() {
            return;
        }
    }
}

#[test]
fn what_would_not_come_out_the_same_is_refused() {
    let seed = Seed::new("a seed");
    for kind in [KeyKind::Rsa2048, KeyKind::P521] {
        let refused = seed.key("a", kind).unwrap_err();
        assert_eq!(refused, IssueError::NotSeedable { kind });
    }
    let chance = Authority::root("Chance", now()).unwrap();
    let refused = chance
        .client(now())
        .common_name("x")
        .seeded(&seed, "x")
        .issue();
    assert!(matches!(refused, Err(IssueError::NotDeterministic { .. })));
    let p384 = Authority::root_request("P-384", now())
        .key(KeyKind::P384)
        .seeded(&seed, "x");
    assert!(matches!(
        p384.issue_authority(),
        Err(IssueError::NotDeterministic { .. })
    ));
}
