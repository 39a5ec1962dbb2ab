//! The first and the last second of a certificate.

use countersign_tls::{Peer, PeerError, Refusal};

use crate::wire::{VERSIONS, client, shake};
use crate::world::{Ca, Server, at, credential, now};

#[test]
fn both_ends_of_the_validity_are_inclusive() {
    let (server, ca) = (
        Server::new(),
        Ca::since("Clients", at("2026-01-01T00:00:00Z")),
    );
    let snapshot = server.snapshot([ca.trust("clients")]);
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-09-01T00:00:00Z"));
    let given = ca.ask(|client| {
        client
            .uri("spiffe://dev.example/billing")
            .validity(from, until)
    });
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&given)), &snapshot);
        let expired = Err(PeerError::Refused(Refusal::Expired { not_after: until }));
        let early = Err(PeerError::Refused(Refusal::NotYetValid {
            not_before: from,
        }));
        for (time, wanted) in [
            ("2026-06-30T23:59:59.999Z", early),
            ("2026-07-01T00:00:00Z", Ok(())),
            ("2026-09-01T00:00:00Z", Ok(())),
            ("2026-09-01T00:00:00.999Z", Ok(())),
            ("2026-09-01T00:00:01Z", expired),
        ] {
            let peer = Peer::of(&ended.server, &snapshot, at(time));
            assert_eq!(peer.map(drop), wanted, "{version:?} {time}");
        }
    }
}

#[test]
fn a_chain_is_judged_whole_again() {
    // The intermediate ends before the leaf.
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-08-15T00:00:00Z"));
    let issuing = ca.root.intermediate_valid("Issuing", from, until).unwrap();
    let leaf = issuing
        .client(now())
        .uri("spiffe://dev.example/billing")
        .validity(from, at("2027-01-01T00:00:00Z"));
    let given = credential(&leaf.issue().unwrap());
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&given)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        assert!(peer.again(&snapshot, until).is_ok());
        assert_eq!(
            peer.again(&snapshot, at("2026-08-15T00:00:01Z"))
                .unwrap_err(),
            PeerError::Refused(Refusal::Expired { not_after: until })
        );
    }
}
