//! A chain that was vouched for is remembered, and never for longer than it should be.

use std::sync::Arc;

use countersign_identity::Certificate;
use countersign_tls::{Peer, PeerError, Refusal, TrustSnapshot};
use jiff::Timestamp;

use crate::wire::{VERSIONS, client, shake};
use crate::world::{Ca, Server, at, now};

/// The certificate of the peer, as it was read: again, or remembered.
fn read(peer: &Peer) -> *const Certificate {
    Arc::as_ptr(peer.certificate())
}

fn peer(server: &Server, ca: &Ca, snapshot: &TrustSnapshot, at: Timestamp) -> Peer {
    let given = ca.client("spiffe://dev.example/billing");
    let ended = shake(&client(server, VERSIONS[1], Some(&given)), snapshot);
    Peer::of(&ended.server, snapshot, at).unwrap()
}

#[test]
fn a_chain_is_verified_once_in_a_snapshot() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let given = ca.client("spiffe://dev.example/billing");
    let connect = || {
        let ended = shake(&client(&server, VERSIONS[1], Some(&given)), &snapshot);
        Peer::of(&ended.server, &snapshot, now()).unwrap()
    };
    let (first, second) = (connect(), connect());
    assert_eq!(read(&first), read(&second));
    assert_eq!(read(&first), read(&first.again(&snapshot, now()).unwrap()));
    // Another certificate of the same name is another chain.
    let other = peer(&server, &ca, &snapshot, now());
    assert_ne!(read(&first), read(&other));
}

#[test]
fn what_one_snapshot_remembers_the_next_does_not_know() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let first = peer(&server, &ca, &snapshot, now());
    // The certificate is the same whoever judges it, and is not read again.
    let next = server.snapshot([ca.trust("clients")]);
    let again = first.again(&next, now()).unwrap();
    assert_eq!(read(&first), read(&again));
    let without = server.snapshot([Ca::new("Others").trust("clients")]);
    assert_eq!(
        first.again(&without, now()).unwrap_err(),
        PeerError::Refused(Refusal::UnknownIssuer)
    );
}

#[test]
fn nothing_is_remembered_beyond_its_end_or_before_it_was_found() {
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
    let ended = shake(&client(&server, VERSIONS[1], Some(&given)), &snapshot);
    let first = Peer::of(&ended.server, &snapshot, now()).unwrap();
    assert_eq!(first.until(), until);
    assert_eq!(read(&first), read(&first.again(&snapshot, until).unwrap()));
    assert_eq!(
        first
            .again(&snapshot, at("2026-09-01T00:00:01Z"))
            .unwrap_err(),
        PeerError::Refused(Refusal::Expired { not_after: until })
    );
    // A clock that was set back: asked anew.
    let early = at("2026-06-30T23:59:59Z");
    assert_eq!(
        first.again(&snapshot, early).unwrap_err(),
        PeerError::Refused(Refusal::NotYetValid { not_before: from })
    );
}

#[test]
fn the_first_end_on_the_path_is_the_end() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let until = at("2026-08-15T00:00:00Z");
    let issuing = ca.root.intermediate_valid("Issuing", now(), until).unwrap();
    let unrelated = Ca::since("Unrelated", at("2010-01-01T00:00:00Z"));
    let leaf = issuing
        .client(now())
        .validity(now(), at("2027-01-01T00:00:00Z"));
    let leaf = leaf.uri("spiffe://dev.example/billing").issue().unwrap();
    // One that is not on the path does not count, sent along or not.
    let above = [issuing.certificate_der(), unrelated.root.certificate_der()];
    let given = crate::world::credential(&leaf.sent_with(above.map(<[u8]>::to_vec)));
    let ended = shake(&client(&server, VERSIONS[1], Some(&given)), &snapshot);
    let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
    assert_eq!(peer.until(), until);
}
