//! A trust that goes by keys: for clients whose certificates are self-signed.

use countersign_identity::Certificate;
use countersign_pki::{BasicConstraints, Issued, KeyUsage, Request, Usage};
use countersign_problem::Code;
use countersign_tls::{
    AnchorsError, BlockList, BlockedBy, Credential, KeyKind, Peer, PeerError, Pins, Refusal,
    SnapshotError, Trust, TrustSnapshot,
};

use crate::refused::check;
use crate::wire::{VERSIONS, client, shake};
use crate::world::{Ca, Hands, Server, at, credential, now};

fn issued(change: impl FnOnce(Request<'static>) -> Request<'static>) -> Issued {
    let request = Request::self_signed(Usage::Client, now());
    change(request.uri("spiffe://dev.example/admin"))
        .issue()
        .unwrap()
}

fn self_signed(change: impl FnOnce(Request<'static>) -> Request<'static>) -> Credential {
    credential(&issued(change))
}

fn pinning(given: &Credential) -> Trust {
    let pins = Pins::new().pin(given.certificate().pin());
    Trust::pinned("friends".parse().unwrap(), pins)
}

fn peer(given: &Credential, trust: Trust) -> Peer {
    let server = Server::new();
    let snapshot = server.snapshot([trust]);
    let ended = shake(&client(&server, VERSIONS[1], Some(given)), &snapshot);
    Peer::of(&ended.server, &snapshot, now()).unwrap()
}

#[track_caller]
fn refuses(trust: Trust, given: &Credential, refusal: Refusal, code: Code, alert: &str) {
    let server = Server::new();
    let snapshot = server.snapshot([trust]);
    check(&server, &snapshot, given, &refusal, code, alert);
}

#[test]
fn whoever_holds_a_pinned_key_is_called_by_its_pin() {
    let given = self_signed(|it| it);
    let pin = given.certificate().pin();
    let peer = peer(&given, pinning(&given));
    // Not by what he wrote into the certificate himself.
    assert_eq!(
        peer.identity().unwrap().to_string(),
        format!("friends: pin:{pin}")
    );
    assert_eq!(peer.until(), given.certificate().not_after());
}

#[test]
fn a_renewal_that_keeps_the_key_keeps_the_name() {
    let first = issued(|it| it);
    let renewed = self_signed(|it| it.for_key(first.key()).common_name("renewed"));
    let trust = pinning(&credential(&first));
    let of = |given| peer(given, trust.clone()).identity().unwrap().clone();
    assert_eq!(of(&credential(&first)), of(&renewed));
}

#[test]
fn another_key_is_not_trusted_whatever_its_certificate_says() {
    refuses(
        pinning(&self_signed(|it| it)),
        &self_signed(|it| it),
        Refusal::UnknownIssuer,
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn a_certificate_that_openssl_signs_itself_is_a_cas_and_comes_in() {
    let given = self_signed(|it| it.basic_constraints(BasicConstraints::Authority));
    assert!(peer(&given, pinning(&given)).identity().is_ok());
    // What it issues does not.
    let root = Ca::new("Friend");
    let pins = Pins::from_certificates(root.root.certificate_pem().as_bytes()).unwrap();
    refuses(
        Trust::pinned("friends".parse().unwrap(), pins),
        &root.client("spiffe://dev.example/billing"),
        Refusal::UnknownIssuer,
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn the_validity_counts() {
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    let ended = self_signed(|it| it.validity(from, until));
    refuses(
        pinning(&ended),
        &ended,
        Refusal::Expired { not_after: until },
        Code::CertificateExpired,
        "certificate_expired",
    );
    let (from, until) = (at("2026-09-01T00:00:00Z"), at("2026-10-01T00:00:00Z"));
    let early = self_signed(|it| it.validity(from, until));
    refuses(
        pinning(&early),
        &early,
        Refusal::NotYetValid { not_before: from },
        Code::CertificateNotYetValid,
        "certificate_expired",
    );
}

#[test]
fn the_usages_the_kind_of_key_and_the_block_list_count() {
    let unsuitable = Code::CertificateUnsuitable;
    let server = self_signed(|it| it.extended_key_usage(&[Usage::Server]));
    let purpose = Refusal::Purpose;
    let alert = "unsupported_certificate";
    refuses(pinning(&server), &server, purpose, unsuitable, alert);

    let mute = self_signed(|it| it.key_usage(&[KeyUsage::KeyEncipherment]));
    refuses(pinning(&mute), &mute, Refusal::KeyUsage, unsuitable, alert);

    let given = self_signed(|it| it);
    let kind = KeyKind::P256;
    refuses(
        pinning(&given).with_keys([KeyKind::Ed25519]),
        &given,
        Refusal::KeyKind { kind },
        unsuitable,
        alert,
    );
    let thumbprint = given.certificate().thumbprint();
    let by = BlockedBy::Thumbprint;
    refuses(
        pinning(&given).with_block_list(BlockList::default().thumbprint(thumbprint)),
        &given,
        Refusal::Blocked { by },
        Code::CertificateRevoked,
        "certificate_revoked",
    );
}

#[test]
fn a_key_whose_pin_was_taken_away_is_refused_at_once() {
    let (given, other) = (self_signed(|it| it), self_signed(|it| it));
    let server = Server::new();
    let before = server.snapshot([pinning(&given)]);
    let after = server.snapshot_after(&before, [pinning(&other)]);
    let ended = shake(&client(&server, VERSIONS[1], Some(&given)), &before);
    let peer = Peer::of(&ended.server, &before, now()).unwrap();
    assert_eq!(
        peer.again(&after, now()).unwrap_err(),
        PeerError::Refused(Refusal::UnknownIssuer)
    );
}

#[test]
fn pins_are_read_from_the_certificates_of_partners() {
    let (one, two) = (issued(|it| it), issued(|it| it));
    let pins = Pins::from_certificates((one.leaf_pem() + &two.leaf_pem()).as_bytes()).unwrap();
    assert_eq!(pins.len(), 2);
    let pin = Certificate::from_der(two.certificate_der()).unwrap().pin();
    assert!(pins.contains(pin) && !pins.is_empty());
    assert_eq!(
        Pins::from_certificates(one.key_pem().as_bytes()).unwrap_err(),
        AnchorsError::Empty {
            found: "found 1 x PRIVATE KEY".to_owned()
        }
    );
}

#[test]
fn a_pin_in_two_trusts_is_refused() {
    let given = self_signed(|it| it);
    let pins = Pins::new().pin(given.certificate().pin());
    let trusts = vec![
        pinning(&given),
        Trust::pinned("others".parse().unwrap(), pins),
    ];
    let server = Server::new().credential();
    let error = TrustSnapshot::new(server, trusts, Hands::at(now())).unwrap_err();
    assert_eq!(
        error,
        SnapshotError::PinShared {
            first: "friends".parse().unwrap(),
            second: "others".parse().unwrap(),
            pin: given.certificate().pin(),
        }
    );
}
