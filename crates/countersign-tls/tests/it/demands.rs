//! What a trust may demand, and what it tells clients.

use std::sync::{Arc, Mutex};

use countersign_identity::{Pin, Thumbprint};
use countersign_pki::Usage;
use countersign_problem::Code;
use countersign_tls::{
    Anchors, BlockList, BlockedBy, CaHints, ClientPurpose, Credential, KeyKind, PathRule, Peer,
    Refusal, SignatureKind, SnapshotError, Trust, TrustSnapshot,
};
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use crate::refused::check;
use crate::wire::{VERSIONS, client, shake};
use crate::world::{Ca, Hands, Server, credential, now};

#[track_caller]
fn refuses(trust: Trust, given: &Credential, refusal: Refusal, code: Code, alert: &str) {
    let server = Server::new();
    let snapshot = server.snapshot([trust]);
    check(&server, &snapshot, given, &refusal, code, alert);
}

#[track_caller]
fn accepts(trust: Trust, given: &Credential) {
    let server = Server::new();
    let snapshot = server.snapshot([trust]);
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(given)), &snapshot);
        assert!(Peer::of(&ended.server, &snapshot, now()).is_ok());
    }
}

#[test]
fn a_blocked_certificate_is_refused_by_each_of_its_marks() {
    let ca = Ca::new("Clients");
    let given = ca.client("spiffe://dev.example/billing");
    let it = given.certificate();
    let colons = it.serial().as_bytes().chunks(2);
    let colons: Vec<_> = colons.map(|pair| String::from_utf8_lossy(pair)).collect();
    let serial = |text: &str| BlockList::default().serial(text).unwrap();
    for (list, by) in [
        (BlockList::default().pin(it.pin()), BlockedBy::Pin),
        (
            BlockList::default().thumbprint(it.thumbprint()),
            BlockedBy::Thumbprint,
        ),
        (serial(it.serial()), BlockedBy::Serial),
        (serial(&colons.join(":").to_uppercase()), BlockedBy::Serial),
        (
            serial(it.serial().trim_start_matches('0')),
            BlockedBy::Serial,
        ),
    ] {
        refuses(
            ca.trust("clients").with_block_list(list),
            &given,
            Refusal::Blocked { by },
            Code::CertificateRevoked,
            "certificate_revoked",
        );
    }
    let others = BlockList::default()
        .pin(Pin::of(b""))
        .thumbprint(Thumbprint::of(b""));
    accepts(ca.trust("clients").with_block_list(others), &given);
}

#[test]
fn a_blocked_authority_takes_what_it_issued_with_it() {
    let ca = Ca::new("Clients");
    let issuing = ca.root.intermediate("Issuing", now()).unwrap();
    let given = credential(&issuing.client(now()).issue().unwrap());
    let above = countersign_identity::Certificate::from_der(issuing.certificate_der()).unwrap();
    let list = BlockList::default().pin(above.pin());
    let by = BlockedBy::Pin;
    refuses(
        ca.trust("clients").with_block_list(list),
        &given,
        Refusal::Blocked { by },
        Code::CertificateRevoked,
        "certificate_revoked",
    );
}

#[test]
fn a_trust_may_limit_the_intermediates() {
    let ca = Ca::new("Clients");
    let issuing = ca.root.intermediate("Issuing", now()).unwrap();
    let given = credential(&issuing.client(now()).issue().unwrap());
    accepts(ca.trust("clients").with_max_intermediates(1), &given);
    let rule = PathRule::TooManyIntermediates { allowed: 0 };
    refuses(
        ca.trust("clients").with_max_intermediates(0),
        &given,
        Refusal::Path { rule },
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn a_trust_may_take_only_some_kinds_of_keys() {
    use countersign_pki::KeyKind as Made;

    let ca = Ca::new("Clients");
    for (made, kind) in [
        (Made::P256, KeyKind::P256),
        (Made::P384, KeyKind::P384),
        (Made::Ed25519, KeyKind::Ed25519),
        (Made::Rsa2048, KeyKind::Rsa { bits: 2048 }),
    ] {
        let given = ca.ask(|client| client.key(made));
        accepts(ca.trust("clients").with_keys([kind]), &given);
        let larger = KeyKind::Rsa { bits: 3072 };
        refuses(
            ca.trust("clients").with_keys([KeyKind::P521, larger]),
            &given,
            Refusal::KeyKind { kind },
            Code::CertificateUnsuitable,
            "unsupported_certificate",
        );
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
}

#[test]
fn a_trust_may_take_only_some_kinds_of_signatures() {
    let ca = Ca::new("Clients");
    let given = ca.client("spiffe://dev.example/billing");
    let with = |kind| ca.trust("clients").with_signatures([kind]);
    accepts(with(SignatureKind::Ecdsa), &given);
    refuses(
        with(SignatureKind::RsaPss),
        &given,
        Refusal::SignatureAlgorithm,
        Code::CertificateUnsuitable,
        "decrypt_error",
    );
    for kind in SignatureKind::ALL {
        assert_eq!(kind.as_str().parse(), Ok(kind));
    }
}

#[test]
fn a_trust_may_demand_that_a_certificate_says_that_it_is_a_clients() {
    let ca = Ca::new("Clients");
    let strict = || {
        ca.trust("clients")
            .with_client_purpose(ClientPurpose::Listed)
    };
    let silent = ca.ask(|client| client.extended_key_usage(&[]));
    let both = ca.ask(|client| client.extended_key_usage(&[Usage::Server, Usage::Client]));
    accepts(ca.trust("clients"), &silent);
    accepts(strict(), &both);
    refuses(
        strict(),
        &silent,
        Refusal::Purpose,
        Code::CertificateUnsuitable,
        "unsupported_certificate",
    );
}

/// A client that notes which names of CAs it is told, and presents nothing.
#[derive(Debug, Default)]
struct Listener(Mutex<Vec<String>>);

impl ResolvesClientCert for Listener {
    fn resolve(&self, hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let name = |der: &&[u8]| {
            let name = countersign_identity::DistinguishedName::from_der(der);
            name.unwrap().to_string()
        };
        *self.0.lock().unwrap() = hints.iter().map(name).collect();
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[track_caller]
fn hints(trusts: Vec<Trust>, wanted: &[&str]) {
    let server = Server::new();
    let snapshot = server.snapshot(trusts);
    for version in VERSIONS {
        let listener = Arc::new(Listener::default());
        let mut roots = RootCertStore::empty();
        roots.extend(server.anchors().trust_anchors().cloned());
        let config =
            ClientConfig::builder_with_details(countersign_tls::provider(), Hands::at(now()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_client_cert_resolver(listener.clone());
        shake(&Arc::new(config), &snapshot);
        assert_eq!(*listener.0.lock().unwrap(), wanted, "{version:?}");
    }
}

#[test]
fn clients_are_told_the_names_of_all_anchors_or_of_none_or_of_those_listed() {
    let (one, two) = (Ca::new("One"), Ca::new("Two"));
    let issuing = one.root.intermediate("Issuing", now()).unwrap();
    let listed = Anchors::from_pem(issuing.certificate_pem().as_bytes()).unwrap();
    let trusts = |hints: CaHints| vec![one.trust("one").with_hints(hints), two.trust("two")];
    hints(trusts(CaHints::All), &["CN=One", "CN=Two"]);
    hints(trusts(CaHints::None), &["CN=Two"]);
    hints(trusts(CaHints::Listed(listed)), &["CN=Issuing", "CN=Two"]);
    hints(vec![one.trust("one").with_hints(CaHints::None)], &[]);
    // Each name once.
    let again = Ca::new("One");
    hints(vec![one.trust("one"), again.trust("again")], &["CN=One"]);
}

#[test]
fn names_that_do_not_fit_into_a_handshake_are_refused_at_once() {
    let bundle: String = (0..9)
        .map(|number| {
            let name = format!("{number}{}", "x".repeat(4000));
            let root = countersign_pki::Authority::root(&name, now());
            root.unwrap().certificate_pem()
        })
        .collect();
    let anchors = Anchors::from_pem(bundle.as_bytes()).unwrap();
    let trust = crate::world::trust("clients", anchors, &[]);
    let new = |trust| TrustSnapshot::new(Server::new().credential(), vec![trust], Hands::at(now()));
    let error = new(trust.clone()).unwrap_err();
    assert!(matches!(
        error,
        SnapshotError::HintsTooLarge {
            len: 36_000..,
            max: 32_768
        }
    ));
    assert!(new(trust.with_hints(CaHints::None)).is_ok());
}
