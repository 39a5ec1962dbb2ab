//! Which trust vouches is learned from the path, and nothing else.

use countersign_identity::{IdentityError, Name};
use countersign_pki::Authority;
use countersign_tls::{Credential, Peer, PeerError, Refusal, RustlsCredential, TrustSnapshot};

use crate::wire::{VERSIONS, client, shake};
use crate::world::{Ca, Server, credential, now, trust};

/// Who the client is to the snapshot, in both versions of TLS.
#[track_caller]
fn check(server: &Server, snapshot: &TrustSnapshot, given: &Credential, identity: &str) {
    for version in VERSIONS {
        let ended = shake(&client(server, version, Some(given)), snapshot);
        let peer = Peer::of(&ended.server, snapshot, now()).unwrap();
        let found = match peer.identity() {
            Ok(identity) => identity.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, identity, "{version:?}");
        assert_eq!(peer.chain(), given.chain());
    }
}

#[test]
fn two_cas_of_one_name_are_told_apart_by_their_keys() {
    let server = Server::new();
    let (here, there) = (Ca::new("Issuing CA"), Ca::new("Issuing CA"));
    for trusts in [
        [here.trust("clients"), there.trust("partners")],
        [there.trust("partners"), here.trust("clients")],
    ] {
        let snapshot = server.snapshot(trusts);
        let name = "spiffe://dev.example/billing";
        check(
            &server,
            &snapshot,
            &here.client(name),
            "clients: spiffe://dev.example/billing",
        );
        check(
            &server,
            &snapshot,
            &there.client(name),
            "partners: spiffe://dev.example/billing",
        );
    }
}

#[test]
fn a_trust_cannot_mint_a_name_of_another() {
    let server = Server::new();
    let (clients, partners) = (Ca::new("Clients"), Ca::new("Partners"));
    let snapshot = server.snapshot([
        clients.trust("clients"),
        trust(
            "partners",
            partners.anchors(),
            &["spiffe://partner.example/*"],
        ),
    ]);
    check(
        &server,
        &snapshot,
        &partners.client("spiffe://partner.example/billing"),
        "partners: spiffe://partner.example/billing",
    );
    check(
        &server,
        &snapshot,
        &partners.client("spiffe://dev.example/billing"),
        "the trust `partners` may not vouch for `spiffe://dev.example/billing`",
    );
    check(
        &server,
        &snapshot,
        &partners.ask(|client| client.common_name("admin")),
        "the certificate has no spiffe name",
    );
}

#[test]
fn a_certificate_of_an_intermediate_belongs_to_the_trust_of_its_root() {
    let server = Server::new();
    let (clients, partners) = (Ca::new("Clients"), Ca::new("Partners"));
    let snapshot = server.snapshot([clients.trust("clients"), partners.trust("partners")]);
    let issuing = partners.root.intermediate("Clients", now()).unwrap();
    let leaf = issuing.client(now()).uri("spiffe://dev.example/a").issue();
    check(
        &server,
        &snapshot,
        &credential(&leaf.unwrap()),
        "partners: spiffe://dev.example/a",
    );
}

#[test]
fn the_same_peer_is_judged_again_by_another_snapshot() {
    let server = Server::new();
    let (clients, partners) = (Ca::new("Clients"), Ca::new("Partners"));
    let snapshot = server.snapshot([clients.trust("clients"), partners.trust("partners")]);
    let given = clients.client("spiffe://dev.example/billing");
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&given)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();

        let renamed = server.snapshot([clients.trust("customers")]);
        let again = peer.again(&renamed, now()).unwrap();
        assert_eq!(again.identity().unwrap().trust().as_str(), "customers");
        assert_eq!(again.certificate(), peer.certificate());

        let narrowed = server.snapshot([trust("clients", clients.anchors(), &[])]);
        let again = peer.again(&narrowed, now()).unwrap();
        let name: Name = "spiffe://dev.example/billing".parse().unwrap();
        assert_eq!(
            again.identity().unwrap_err(),
            &IdentityError::NotAllowed {
                trust: "clients".parse().unwrap(),
                name
            }
        );

        // Its trust is gone.
        let without = server.snapshot([partners.trust("partners")]);
        assert_eq!(
            peer.again(&without, now()).unwrap_err(),
            PeerError::Refused(Refusal::UnknownIssuer)
        );
        // And back: what was refused once is not refused for ever.
        assert!(peer.again(&snapshot, now()).is_ok());
        // A CA of the same name does not bring it back.
        let namesake = Ca {
            root: Authority::root("Clients", now()).unwrap(),
        };
        assert_eq!(
            peer.again(&server.snapshot([namesake.trust("clients")]), now())
                .unwrap_err(),
            PeerError::Refused(Refusal::BadSignature)
        );
    }
}
