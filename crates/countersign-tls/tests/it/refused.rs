//! Whom the handshake refuses, and what each side learns of it.

use countersign_identity::Certificate;
use countersign_pki::{Authority, Usage};
use countersign_problem::Code;
use countersign_tls::{
    BlockedBy, Credential, KeyKind, PathRule, Peer, PeerError, Refusal, RustlsCredential,
    TrustSnapshot, UnknownRevocation,
};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::sign::CertifiedKey;

use crate::wire::{VERSIONS, client, client_with, shake};
use crate::world::{Ca, Server, at, credential, now, trust};

/// In both versions of TLS: the refusal that the server notes, with the certificate; its code; and
/// the alert that the client reads.
#[track_caller]
pub(crate) fn check(
    server: &Server,
    snapshot: &TrustSnapshot,
    given: &Credential,
    refusal: &Refusal,
    code: Code,
    alert: &str,
) {
    for version in VERSIONS {
        let ended = shake(&client(server, version, Some(given)), snapshot);
        let refused = ended.refused.as_ref().unwrap();
        assert_eq!(refused.refusal, *refusal, "{version:?}");
        assert_eq!(Some(&refused.der), given.chain().first(), "{version:?}");
        assert_eq!(refused.refusal.code(), code, "{version:?}");
        assert_eq!(ended.alert(), Some(refusal.alert()), "{version:?}");
        assert_eq!(refusal.alert().to_string(), alert, "{version:?}");
        assert!(ended.server_error.is_some(), "{version:?}");
        assert_eq!(
            Peer::of(&ended.server, snapshot, now()).unwrap_err(),
            PeerError::Handshaking,
            "{version:?}"
        );
    }
}

/// As `check`, where one trust, `clients`, has this CA as its anchor.
#[track_caller]
fn check_one(ca: &Ca, given: &Credential, refusal: &Refusal, code: Code, alert: &str) {
    let server = Server::new();
    let snapshot = server.snapshot([ca.trust("clients")]);
    check(&server, &snapshot, given, refusal, code, alert);
}

#[test]
fn a_client_without_a_certificate_is_told_that_one_is_required() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    for version in VERSIONS {
        let ended = shake(&client(&server, version, None), &snapshot);
        let error = ended.server_error.as_ref().unwrap();
        let refusal = Refusal::in_handshake_error(error).unwrap();
        assert_eq!(refusal, Refusal::Anonymous);
        assert_eq!(refusal.code(), Code::CertificateRequired);
        assert_eq!(ended.alert(), Some(refusal.alert()));
        assert_eq!(refusal.alert().to_string(), "certificate_required");
        assert!(ended.refused.is_none());
    }
}

#[test]
fn another_ca_is_unknown() {
    check_one(
        &Ca::new("Clients"),
        &Ca::new("Other").client("spiffe://dev.example/billing"),
        &Refusal::UnknownIssuer,
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn the_name_of_a_ca_without_its_key_is_a_bad_signature() {
    check_one(
        &Ca::new("Clients"),
        &Ca::new("Clients").client("spiffe://dev.example/billing"),
        &Refusal::BadSignature,
        Code::CertificateUntrusted,
        "decrypt_error",
    );
}

#[test]
fn a_self_signed_certificate_is_unknown() {
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem() + &key.serialize_pem();
    check_one(
        &Ca::new("Clients"),
        &Credential::from_combined_pem(pem.as_bytes()).unwrap(),
        &Refusal::UnknownIssuer,
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn an_expired_certificate_is_refused_with_its_end() {
    let ca = Ca::new("Clients");
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    check_one(
        &ca,
        &ca.ask(|client| {
            client
                .uri("spiffe://dev.example/billing")
                .validity(from, until)
        }),
        &Refusal::Expired { not_after: until },
        Code::CertificateExpired,
        "certificate_expired",
    );
}

#[test]
fn a_certificate_of_the_future_is_refused_with_its_beginning() {
    let ca = Ca::new("Clients");
    let (from, until) = (at("2026-09-01T00:00:00Z"), at("2026-10-01T00:00:00Z"));
    check_one(
        &ca,
        &ca.ask(|client| {
            client
                .uri("spiffe://dev.example/billing")
                .validity(from, until)
        }),
        &Refusal::NotYetValid { not_before: from },
        Code::CertificateNotYetValid,
        "certificate_expired",
    );
}

#[test]
fn a_certificate_for_servers_only_is_unsuitable() {
    let ca = Ca::new("Clients");
    check_one(
        &ca,
        &ca.ask(|client| client.extended_key_usage(&[Usage::Server])),
        &Refusal::Purpose,
        Code::CertificateUnsuitable,
        "unsupported_certificate",
    );
}

#[test]
fn an_intermediate_that_was_not_sent_leaves_no_path() {
    let ca = Ca::new("Clients");
    let issuing = ca.root.intermediate("Issuing", now()).unwrap();
    let issued = issuing.client(now()).issue().unwrap();
    let leaf = issued.leaf_pem();
    check_one(
        &ca,
        &Credential::from_pem(leaf.as_bytes(), issued.key_pem().as_bytes()).unwrap(),
        &Refusal::UnknownIssuer,
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn an_intermediate_that_has_ended_is_refused_with_its_end() {
    let ca = Ca::new("Clients");
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    let issuing = ca.root.intermediate_valid("Issuing", from, until).unwrap();
    let leaf = issuing
        .client(now())
        .validity(from, at("2027-01-01T00:00:00Z"));
    check_one(
        &ca,
        &credential(&leaf.issue().unwrap()),
        &Refusal::Expired { not_after: until },
        Code::CertificateExpired,
        "certificate_expired",
    );
}

#[test]
fn the_certificate_of_a_ca_is_no_leaf() {
    let ca = Ca::new("Clients");
    let issuing = ca.root.intermediate("Issuing", now()).unwrap();
    check_one(
        &ca,
        &from_authority(&issuing),
        &Refusal::Unsuitable {
            reason: "CaUsedAsEndEntity".to_owned(),
        },
        Code::CertificateUnsuitable,
        "certificate_unknown",
    );
}

fn from_authority(authority: &Authority) -> Credential {
    let (chain, key) = (authority.certificate_pem(), authority.key_pem());
    Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
}

#[test]
fn a_leaf_is_no_issuer() {
    let ca = Ca::new("Clients");
    let issuer = ca.root.client(now()).common_name("lowly").issue().unwrap();
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let signing = crate::world::issuer(issuer.certificate_der(), &issuer.key_pem());
    let leaf = params.signed_by(&key, &signing).unwrap();
    let chain = leaf.pem() + &issuer.chain_pem();
    check_one(
        &ca,
        &Credential::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap(),
        &Refusal::Chain {
            rule: "EndEntityUsedAsCa".to_owned(),
        },
        Code::CertificateUntrusted,
        "certificate_unknown",
    );
}

#[test]
fn a_path_that_is_longer_than_its_ca_allows_breaks_a_rule() {
    let ca = Ca::new("Clients");
    let issuing = ca.root.intermediate("Issuing", now()).unwrap();
    let (sub_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut sub = CertificateParams::default();
    sub.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let signing = crate::world::issuer(issuing.certificate_der(), &issuing.key_pem());
    let sub_certificate = sub.signed_by(&sub_key, &signing).unwrap();
    let signing = crate::world::issuer(sub_certificate.der(), &sub_key.serialize_pem());
    let leaf = CertificateParams::default()
        .signed_by(&key, &signing)
        .unwrap();
    let chain = leaf.pem() + &sub_certificate.pem() + &issuing.certificate_pem();
    check_one(
        &ca,
        &Credential::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap(),
        &Refusal::Chain {
            rule: "PathLenConstraintViolated".to_owned(),
        },
        Code::CertificateUntrusted,
        "certificate_unknown",
    );
}

#[test]
fn a_certificate_without_its_key_proves_nothing() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let stolen = ca.client("spiffe://dev.example/billing");
    let own = ca.client("spiffe://dev.example/mallory");
    for version in VERSIONS {
        let key = CertifiedKey::new(stolen.chain().to_vec(), own.certified_key().key.clone());
        let ended = shake(&client_with(&server, version, Some(key.into())), &snapshot);
        let refused = ended.refused.as_ref().unwrap();
        assert_eq!(refused.refusal, Refusal::PossessionUnproven);
        assert_eq!(refused.refusal.code(), Code::CertificateUntrusted);
        assert_eq!(Some(&refused.der), stolen.chain().first());
        assert_eq!(ended.alert(), Some(refused.refusal.alert()));
        assert_eq!(refused.refusal.alert().to_string(), "decrypt_error");
    }
}

#[test]
fn bytes_that_are_no_certificate_are_malformed() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let own = ca.client("spiffe://dev.example/mallory");
    let leaf = own.chain().first().unwrap();
    let cut = leaf.as_ref().split_last().unwrap().1.to_vec();
    for version in VERSIONS {
        for bytes in [
            b"junk".to_vec(),
            cut.clone(),
            [leaf.as_ref(), b"x"].concat(),
        ] {
            let key = CertifiedKey::new(vec![bytes.into()], own.certified_key().key.clone());
            let ended = shake(&client_with(&server, version, Some(key.into())), &snapshot);
            let refused = ended.refused.as_ref().unwrap();
            assert_eq!(refused.refusal, Refusal::Malformed);
            assert_eq!(refused.refusal.code(), Code::CertificateUnsuitable);
            assert_eq!(ended.alert(), Some(refused.refusal.alert()));
        }
    }
}

#[test]
fn of_several_trusts_the_one_that_came_furthest_says_why() {
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let (from, until) = (at("2026-07-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    let expired = ca.ask(|client| client.validity(from, until));
    let namesake = Ca::new("Clients").trust("namesake");
    let other = Ca::new("Other").trust("other");
    let own = ca.trust("clients");
    for trusts in [
        [own.clone(), namesake.clone(), other.clone()],
        [other.clone(), namesake.clone(), own.clone()],
        [namesake, own, other],
    ] {
        check(
            &server,
            &server.snapshot(trusts),
            &expired,
            &Refusal::Expired { not_after: until },
            Code::CertificateExpired,
            "certificate_expired",
        );
    }
}

#[test]
fn nobody_of_the_servers_own_ca_comes_in_unless_it_is_trusted() {
    let server = Server::new();
    let snapshot = server.snapshot([Ca::new("Clients").trust("clients")]);
    check(
        &server,
        &snapshot,
        &server.ca.client("spiffe://dev.example/billing"),
        &Refusal::UnknownIssuer,
        Code::CertificateUntrusted,
        "unknown_ca",
    );
}

#[test]
fn a_name_that_is_not_allowed_comes_in_and_has_no_identity() {
    // TLS has no word for it: the request is answered with the reason.
    let (server, ca) = (Server::new(), Ca::new("Clients"));
    let snapshot = server.snapshot([trust("clients", ca.anchors(), &[])]);
    let given = ca.client("spiffe://dev.example/billing");
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&given)), &snapshot);
        assert!(ended.server_error.is_none() && ended.refused.is_none());
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        assert_eq!(
            peer.identity().unwrap_err().code(),
            Code::IdentityNotAllowed
        );
        let leaf = given.chain().first().unwrap();
        assert_eq!(**peer.certificate(), Certificate::from_der(leaf).unwrap());
    }
}

#[test]
fn a_refusal_says_why_in_one_line() {
    for (refusal, message) in [
        (Refusal::Anonymous, "the client presented no certificate"),
        (
            Refusal::Expired {
                not_after: at("2026-07-31T00:00:00Z"),
            },
            "a certificate of the chain expired at 2026-07-31T00:00:00Z",
        ),
        (
            Refusal::NotYetValid {
                not_before: at("2026-09-01T00:00:00Z"),
            },
            "a certificate of the chain is not valid before 2026-09-01T00:00:00Z",
        ),
        (
            Refusal::UnknownIssuer,
            "no path from the certificate to a trusted anchor: another issuer, or an intermediate is missing",
        ),
    ] {
        assert_eq!(refusal.to_string(), message);
    }
}

#[test]
fn every_refusal_has_a_challenge() {
    // A new certificate could cure each of them.
    let reason = String::new;
    for refusal in [
        Refusal::AnchorExpired { not_after: now() },
        Refusal::AnchorNotYetValid { not_before: now() },
        Refusal::Anonymous,
        Refusal::BadSignature,
        Refusal::Blocked {
            by: BlockedBy::Serial,
        },
        Refusal::Chain { rule: reason() },
        Refusal::Expired { not_after: now() },
        Refusal::KeyKind {
            kind: KeyKind::P256,
        },
        Refusal::KeyUsage,
        Refusal::Malformed,
        Refusal::NotYetValid { not_before: now() },
        Refusal::Path {
            rule: PathRule::IssuerMayNotSign,
        },
        Refusal::PossessionUnproven,
        Refusal::Purpose,
        Refusal::Revoked { serial: reason() },
        Refusal::RevocationUnknown {
            why: UnknownRevocation::Missing,
        },
        Refusal::SignatureAlgorithm,
        Refusal::UnknownIssuer,
        Refusal::Unsuitable { reason: reason() },
    ] {
        assert!(refusal.code().challenge().is_some(), "{refusal:?}");
        assert!(refusal.alert().name().is_some(), "{refusal:?}");
    }
}
