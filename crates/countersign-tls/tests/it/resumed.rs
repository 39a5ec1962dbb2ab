//! A resumed session: rustls has not looked at the certificate, and we do.

use countersign_tls::{Handshake, Peer, PeerError, Refusal};
use rustls::{HandshakeKind, SupportedProtocolVersion};

use crate::wire::{Ended, VERSIONS, client, shake, tls};
use crate::world::{Ca, Server, at, now, trust};

/// A second handshake of one client, which resumes the session of the first. What happens between
/// them is the test's.
fn resume(
    server: &Server,
    version: &'static SupportedProtocolVersion,
    clients: &Ca,
    between: impl FnOnce(),
) -> (Ended, countersign_tls::TrustSnapshot) {
    let snapshot = server.snapshot([clients.trust("clients")]);
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-09-01T00:00:00Z"));
    let given = clients.ask(|client| {
        client
            .uri("spiffe://dev.example/billing")
            .validity(from, until)
    });
    let client = client(server, version, Some(&given));
    let first = shake(&client, &snapshot);
    assert_eq!(first.server.handshake_kind(), Some(FULL), "{version:?}");
    assert!(!Handshake::of(&first.server).resumed);
    between();
    let second = shake(&client, &snapshot);
    let kind = second.server.handshake_kind();
    assert_eq!(kind, Some(HandshakeKind::Resumed), "{version:?}");
    assert!(Handshake::of(&second.server).resumed);
    assert!(second.server_error.is_none() && second.client_error.is_none());
    (second, snapshot)
}

const FULL: HandshakeKind = HandshakeKind::Full;

#[test]
fn a_resumed_session_belongs_to_whom_it_belonged() {
    for version in VERSIONS {
        let server = Server::new();
        let (ended, snapshot) = resume(&server, version, &Ca::new("Clients"), || {});
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        assert_eq!(
            peer.identity().unwrap().to_string(),
            "clients: spiffe://dev.example/billing"
        );
        assert_eq!(Handshake::of(&ended.server).version, tls(version));
    }
}

#[test]
fn a_certificate_that_expired_meanwhile_is_refused_although_rustls_resumed() {
    for version in VERSIONS {
        let server = Server::new();
        let later = at("2026-09-01T00:00:01Z");
        let ca = Ca::new("Clients");
        let (ended, snapshot) = resume(&server, version, &ca, || server.clock.set(later));
        assert_eq!(
            Peer::of(&ended.server, &snapshot, later).unwrap_err(),
            PeerError::Refused(Refusal::Expired {
                not_after: at("2026-09-01T00:00:00Z")
            }),
            "{version:?}"
        );
    }
}

#[test]
fn a_trust_that_was_removed_meanwhile_refuses_although_rustls_resumed() {
    for version in VERSIONS {
        let server = Server::new();
        let ca = Ca::new("Clients");
        let (ended, _) = resume(&server, version, &ca, || {});
        for (trust, refusal) in [
            (Ca::new("Other").trust("clients"), Refusal::UnknownIssuer),
            (Ca::new("Clients").trust("clients"), Refusal::BadSignature),
        ] {
            assert_eq!(
                Peer::of(&ended.server, &server.snapshot([trust]), now()).unwrap_err(),
                PeerError::Refused(refusal),
                "{version:?}"
            );
        }
        // And one that may vouch for the name no more.
        let narrowed = server.snapshot([trust("clients", ca.anchors(), &[])]);
        let peer = Peer::of(&ended.server, &narrowed, now()).unwrap();
        assert!(peer.identity().is_err());
    }
}

#[test]
fn a_ticket_of_one_snapshot_is_nothing_to_another() {
    for version in VERSIONS {
        let (server, ca) = (Server::new(), Ca::new("Clients"));
        let given = ca.client("spiffe://dev.example/billing");
        let client = client(&server, version, Some(&given));
        shake(&client, &server.snapshot([ca.trust("clients")]));
        let ended = shake(&client, &server.snapshot([ca.trust("clients")]));
        assert_eq!(ended.server.handshake_kind(), Some(FULL), "{version:?}");
    }
}
