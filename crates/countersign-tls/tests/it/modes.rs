//! What is asked of a client in the handshake, and what comes of it.

use countersign_problem::Code;
use countersign_tls::{
    ClientCertificate, Peer, PeerError, Refusal, RustlsCredential, ServerOptions, TrustSnapshot,
};
use rustls::HandshakeKind;
use rustls::sign::CertifiedKey;

use crate::refused::check;
use crate::wire::{VERSIONS, client, client_with, shake};
use crate::world::{Ca, Server, at, now};

fn snapshot(server: &Server, ca: &Ca, mode: ClientCertificate) -> TrustSnapshot {
    let options = ServerOptions::default().client_certificate(mode);
    server.snapshot_with(options, [ca.trust("clients")])
}

const LENIENT: [ClientCertificate; 2] = [
    ClientCertificate::Requested,
    ClientCertificate::RefusedOverHttp,
];

#[test]
fn a_certificate_is_required_unless_told_otherwise() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    assert_eq!(snapshot.client_certificate(), ClientCertificate::Required);
}

#[test]
fn whoever_presents_nothing_may_come_in_and_is_nobody() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    for mode in LENIENT {
        let snapshot = snapshot(&server, &ca, mode);
        for version in VERSIONS {
            let ended = shake(&client(&server, version, None), &snapshot);
            assert!(ended.server_error.is_none() && ended.client_error.is_none());
            let refused = Peer::of(&ended.server, &snapshot, now()).unwrap_err();
            assert_eq!(refused, PeerError::Refused(Refusal::Anonymous));
            assert_eq!(refused.code(), Code::CertificateRequired);
        }
    }
}

#[test]
fn whoever_is_vouched_for_is_somebody_in_every_mode() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let given = ca.client("spiffe://dev.example/billing");
    for mode in LENIENT {
        let snapshot = snapshot(&server, &ca, mode);
        for version in VERSIONS {
            let ended = shake(&client(&server, version, Some(&given)), &snapshot);
            let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
            assert!(peer.identity().is_ok(), "{mode:?} {version:?}");
        }
    }
}

#[test]
fn a_bad_certificate_is_refused_although_none_was_required() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    check(
        &server,
        &snapshot(&server, &ca, ClientCertificate::Requested),
        &Ca::new("Other").client("spiffe://dev.example/billing"),
        &Refusal::UnknownIssuer,
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn a_bad_certificate_is_refused_over_http_where_that_is_wanted() {
    let (server, ca) = (
        Server::new(),
        Ca::since("Clients", at("2026-01-01T00:00:00Z")),
    );
    let snapshot = snapshot(&server, &ca, ClientCertificate::RefusedOverHttp);
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    for (given, refusal) in [
        (
            Ca::new("Other").client("spiffe://dev.example/billing"),
            Refusal::UnknownIssuer,
        ),
        (
            ca.ask(|client| client.validity(from, until)),
            Refusal::Expired { not_after: until },
        ),
    ] {
        for version in VERSIONS {
            let client = client(&server, version, Some(&given));
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
                let ended = shake(&client, &snapshot);
                assert_eq!(ended.server.handshake_kind(), Some(kind), "{version:?}");
                assert!(ended.server_error.is_none() && ended.client_error.is_none());
                assert!(ended.refused.is_none());
                let refused = Peer::of(&ended.server, &snapshot, now()).unwrap_err();
                assert_eq!(refused, PeerError::Refused(refusal.clone()));
                // What the audit log tells of it is there.
                assert_eq!(ended.server.peer_certificates(), Some(given.chain()));
            }
        }
    }
}

#[test]
fn possession_is_proven_in_every_mode() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let stolen = ca.client("spiffe://dev.example/billing");
    let own = ca.client("spiffe://dev.example/mallory");
    for mode in LENIENT {
        let snapshot = snapshot(&server, &ca, mode);
        for version in VERSIONS {
            let key = CertifiedKey::new(stolen.chain().to_vec(), own.certified_key().key.clone());
            let ended = shake(&client_with(&server, version, Some(key.into())), &snapshot);
            let refused = ended.refused.as_ref().unwrap();
            assert_eq!(refused.refusal, Refusal::PossessionUnproven);
            assert_eq!(
                Peer::of(&ended.server, &snapshot, now()).unwrap_err(),
                PeerError::Handshaking
            );
        }
    }
}

#[test]
fn a_session_of_an_anonymous_client_is_nothing_to_a_server_that_requires_a_certificate() {
    // rustls warns of sharing sessions between such configurations: it would resume.
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    for version in VERSIONS {
        let before = snapshot(&server, &ca, ClientCertificate::Requested);
        let options = before.options().clone();
        let options = options.client_certificate(ClientCertificate::Required);
        let after = server.snapshot_with(options, [ca.trust("clients")]);
        let client = client(&server, version, None);
        shake(&client, &before);
        let ended = shake(&client, &after);
        let kind = ended.server.handshake_kind();
        assert_eq!(kind, Some(HandshakeKind::Resumed), "{version:?}");
        assert_eq!(
            Peer::of(&ended.server, &after, now()).unwrap_err(),
            PeerError::Refused(Refusal::Anonymous)
        );
    }
}

#[test]
fn a_healthy_client_resumes_before_and_after_a_reload() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let given = ca.client("spiffe://dev.example/billing");
    for version in VERSIONS {
        let before = server.snapshot([ca.trust("clients")]);
        let added = Ca::new("Partners").trust("partners");
        let after = server.snapshot_after(&before, [ca.trust("clients"), added]);
        let client = client(&server, version, Some(&given));
        for (snapshot, kind) in [
            (&before, HandshakeKind::Full),
            (&before, HandshakeKind::Resumed),
            (&after, HandshakeKind::Resumed),
        ] {
            let ended = shake(&client, snapshot);
            assert_eq!(ended.server.handshake_kind(), Some(kind), "{version:?}");
            let peer = Peer::of(&ended.server, snapshot, now()).unwrap();
            assert_eq!(
                peer.identity().unwrap().to_string(),
                "clients: spiffe://dev.example/billing"
            );
        }
    }
}
