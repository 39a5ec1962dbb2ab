use countersign_tls::{Handshake, Peer, PeerError, TlsVersion};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ServerConnection};

use crate::wire::{VERSIONS, client, shake, tls};
use crate::world::{Ca, Server, now};

#[test]
fn the_facts_are_those_that_were_agreed() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let given = ca.client("spiffe://dev.example/billing");
    for version in VERSIONS {
        for (offered, agreed) in [
            (vec![b"h2".to_vec(), b"http/1.1".to_vec()], Some("h2")),
            (vec![b"http/1.1".to_vec()], Some("http/1.1")),
            (vec![], None),
        ] {
            let mut client = (*client(&server, version, Some(&given))).clone();
            client.alpn_protocols = offered;
            let ended = shake(&client.into(), &snapshot);
            let facts = Handshake::of(&ended.server);
            assert_eq!(facts.version, tls(version));
            assert_eq!(facts.alpn.as_deref(), agreed);
            assert_eq!(facts.server_name.as_deref(), Some("api.dev.example"));
            assert!(!facts.resumed);
            let suite = ended.client.negotiated_cipher_suite().unwrap().suite();
            assert_eq!(facts.cipher_suite, Some(format!("{suite:?}")));
        }
    }
}

#[test]
fn a_protocol_that_we_do_not_speak_is_refused() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    for version in VERSIONS {
        let mut client = (*client(&server, version, None)).clone();
        client.alpn_protocols = vec![b"spdy/3".to_vec()];
        let ended = shake(&client.into(), &snapshot);
        assert_eq!(
            ended.alert().unwrap().to_string(),
            "no_application_protocol"
        );
    }
}

#[test]
fn post_quantum_key_exchange_is_agreed() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let given = ca.client("spiffe://dev.example/billing");
    let ended = shake(&client(&server, &TLS13, Some(&given)), &snapshot);
    let facts = Handshake::of(&ended.server);
    assert_eq!(facts.key_exchange.as_deref(), Some("X25519MLKEM768"));
    // TLS 1.2 has no such group.
    let ended = shake(&client(&server, &TLS12, Some(&given)), &snapshot);
    let facts = Handshake::of(&ended.server);
    assert_eq!(facts.key_exchange.as_deref(), Some("X25519"));
}

#[test]
fn a_version_before_1_2_is_refused() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    for version in [[3, 0], [3, 1], [3, 2]] {
        let mut server = ServerConnection::new(snapshot.server_config()).unwrap();
        server.read_tls(&mut hello(version).as_slice()).unwrap();
        server.process_new_packets().unwrap_err();
        let mut answer = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut answer).unwrap();
        }
        let alert = u8::from(AlertDescription::ProtocolVersion);
        // A record of two bytes: fatal, and which.
        assert!(answer.ends_with(&[0, 2, 2, alert]), "{answer:?}");
    }
}

/// A ClientHello of an old client: RFC 5246, section 7.4.1.2, with P-256 and ECDSA with SHA-256.
fn hello(version: [u8; 2]) -> Vec<u8> {
    let extensions = [
        0, 10, 0, 4, 0, 2, 0, 23, // supported_groups
        0, 11, 0, 2, 1, 0, // ec_point_formats
        0, 13, 0, 4, 0, 2, 4, 3, // signature_algorithms
    ];
    let mut body = version.to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.extend([0, 2, 0xc0, 0x2b]);
    body.extend([1, 0]);
    body.extend([0, u8::try_from(extensions.len()).unwrap()]);
    body.extend(extensions);
    let len = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
    let message = [&[1, 0, 0, len(&body)][..], &body].concat();
    [&[22, 3, 1, 0, len(&message)][..], &message].concat()
}

#[test]
fn nothing_is_proven_before_the_handshake_has_finished() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let connection = ServerConnection::new(snapshot.server_config()).unwrap();
    assert_eq!(
        Peer::of(&connection, &snapshot, now()).unwrap_err(),
        PeerError::Handshaking
    );
    let facts = Handshake::of(&connection);
    assert_eq!(facts.version, TlsVersion::Unknown);
    assert!(!facts.resumed);
}

#[test]
fn the_server_sends_the_names_of_its_anchors_and_no_other() {
    // Go and Java clients send no certificate whose issuer is not among them.
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let subjects: Vec<_> = snapshot
        .trusts()
        .iter()
        .flat_map(|trust| trust.anchors().unwrap().certificates())
        .map(|anchor| anchor.subject().to_string())
        .collect();
    assert_eq!(subjects, ["CN=Clients"]);
}
