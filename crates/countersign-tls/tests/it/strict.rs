//! What webpki accepts and we refuse: of anchors, intermediates and leaves (facts of November 2026:
//! OpenSSL refuses all of these, x509-limbo and PKITS have most).

use countersign_pki::{Authority, BasicConstraints, Extension, KeyUsage, Request, Usage};
use countersign_problem::Code;
use countersign_tls::{
    AnchorFlaw, Anchors, AnchorsError, Credential, PathRule, Peer, PeerError, Refusal,
    RustlsCredential, SnapshotError, TrustSnapshot, Warning,
};
use rustls::sign::CertifiedKey;

use crate::refused::check;
use crate::wire::{VERSIONS, client, client_with, shake};
use crate::world::{Ca, Hands, Server, at, credential, now, trust};

/// A root that is as it should be, but for what `change` does.
fn root(change: impl FnOnce(Request<'static>) -> Request<'static>) -> Ca {
    let request = change(Authority::root_request("Odd", now()));
    Ca {
        root: request.issue_authority().unwrap(),
    }
}

/// A client of an intermediate below `ca` that is as it should be, but for what `change` does.
fn below(ca: &Ca, change: impl FnOnce(Request<'_>) -> Request<'_>) -> Credential {
    let request = change(ca.root.intermediate_request("Issuing", now()));
    let issuing = request.issue_authority().unwrap();
    let client = issuing.client(now()).uri("spiffe://dev.example/billing");
    credential(&client.issue().unwrap())
}

#[track_caller]
fn refuses(ca: &Ca, given: &Credential, rule: PathRule) {
    let server = Server::new();
    let snapshot = server.snapshot([ca.trust("clients")]);
    let refusal = Refusal::Path { rule };
    let code = Code::CertificateUntrusted;
    check(&server, &snapshot, given, &refusal, code, "unknown_ca");
}

#[track_caller]
fn accepts(ca: &Ca, given: &Credential) {
    let server = Server::new();
    let snapshot = server.snapshot([ca.trust("clients")]);
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(given)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        assert!(peer.identity().is_ok(), "{version:?}");
    }
}

#[test]
fn an_intermediate_that_may_not_sign_certificates_issues_for_nobody() {
    let ca = Ca::new("Clients");
    let given = below(&ca, |it| it.key_usage(&[KeyUsage::CrlSign]));
    refuses(&ca, &given, PathRule::IssuerMayNotSign);
}

#[test]
fn an_intermediate_without_a_name_issues_for_nobody() {
    let ca = Ca::new("Clients");
    let given = below(&ca, |it| it.subject(countersign_pki::Subject::new()));
    refuses(&ca, &given, PathRule::NoSubject);
}

const AUTHORITY_KEY_ID: [u64; 4] = [2, 5, 29, 35];

#[test]
fn an_intermediate_says_which_key_signed_it() {
    let ca = Ca::new("Clients");
    let given = below(&ca, |it| it.without_extension(&AUTHORITY_KEY_ID));
    refuses(&ca, &given, PathRule::NoAuthorityKeyId);
}

/// With this extension instead of the usual one.
fn replaced<'a>(request: Request<'a>, extension: &Extension) -> Request<'a> {
    request
        .without_extension(extension.oid())
        .extension(extension.clone())
}

#[test]
fn a_critical_key_identifier_is_refused_wherever_it_is() {
    let authority = Extension::authority_key_id(&[7; 20]).critical();
    let subject = Extension::subject_key_id(&[7; 20]).critical();
    for extension in [authority, subject] {
        let (ca, server) = (Ca::new("Clients"), Server::new());
        let snapshot = server.snapshot([ca.trust("clients")]);
        let refusal = Refusal::Unsuitable {
            reason: "UnsupportedCriticalExtension".to_owned(),
        };
        let given = below(&ca, |it| replaced(it, &extension));
        let (code, alert) = (Code::CertificateUnsuitable, "certificate_unknown");
        check(&server, &snapshot, &given, &refusal, code, alert);

        // rustls does not let a client have such a leaf, but with somebody else's key.
        let leaf = replaced(ca.root.client(now()), &extension);
        let leaf = leaf.issue().unwrap().certificate_der().to_vec();
        let key = given.certified_key().key.clone();
        let key = CertifiedKey::new(vec![leaf.into()], key);
        let client = client_with(&server, VERSIONS[1], Some(key.into()));
        let ended = shake(&client, &snapshot);
        assert_eq!(ended.refused.unwrap().refusal, refusal);

        not_an_anchor(
            &root(|root| replaced(root, &extension)),
            AnchorFlaw::CriticalKeyIdentifier,
            "a key identifier in it is marked critical",
        );
    }
}

#[test]
fn a_leaf_that_may_not_sign_proves_nothing() {
    let (ca, server) = (Ca::new("Clients"), Server::new());
    check(
        &server,
        &server.snapshot([ca.trust("clients")]),
        &ca.ask(|client| client.key_usage(&[KeyUsage::KeyEncipherment])),
        &Refusal::KeyUsage,
        Code::CertificateUnsuitable,
        "unsupported_certificate",
    );
}

#[test]
fn the_path_length_of_an_anchor_counts() {
    let none = root(|it| it.basic_constraints(BasicConstraints::AuthorityAbove(0)));
    let given = below(&none, |it| it);
    refuses(&none, &given, PathRule::AnchorPathLength { allowed: 0 });
    accepts(&none, &none.client("spiffe://dev.example/billing"));
    let one = root(|it| it.basic_constraints(BasicConstraints::AuthorityAbove(1)));
    accepts(&one, &below(&one, |it| it));
}

/// It is no anchor, by itself; beside another it is left out.
#[track_caller]
fn not_an_anchor(odd: &Ca, flaw: AnchorFlaw, message: &str) {
    let pem = odd.root.certificate_pem();
    let error = Anchors::from_pem(pem.as_bytes()).unwrap_err();
    let wanted = |position| AnchorsError::Flawed {
        position,
        subject: match flaw {
            AnchorFlaw::NoSubject => String::new(),
            _ => "CN=Odd".to_owned(),
        },
        flaw: flaw.clone(),
    };
    assert_eq!(error, wanted(1));
    assert!(error.to_string().ends_with(message), "{error}");

    let good = Ca::new("Good");
    let bundle = good.root.certificate_pem() + &pem;
    let anchors = Anchors::from_pem(bundle.as_bytes()).unwrap();
    assert_eq!(anchors.dropped(), [wanted(2)]);
    let server = Server::new();
    let snapshot = server.snapshot([trust("clients", anchors, &["spiffe://dev.example/*"])]);
    let warning = Warning::AnchorDropped {
        trust: "clients".parse().unwrap(),
        source: wanted(2),
    };
    assert_eq!(snapshot.warnings().collect::<Vec<_>>(), [&warning]);
    let given = good.client("spiffe://dev.example/billing");
    let ended = shake(&client(&server, VERSIONS[1], Some(&given)), &snapshot);
    assert!(Peer::of(&ended.server, &snapshot, now()).is_ok());
}

#[test]
fn a_root_that_may_not_sign_certificates_is_no_anchor() {
    not_an_anchor(
        &root(|it| it.key_usage(&[KeyUsage::CrlSign])),
        AnchorFlaw::MayNotSign,
        "its key usage does not include keyCertSign",
    );
}

#[test]
fn a_root_without_a_name_is_no_anchor() {
    not_an_anchor(
        &root(|it| it.subject(countersign_pki::Subject::new())),
        AnchorFlaw::NoSubject,
        "its subject is empty",
    );
}

#[test]
fn a_root_with_an_unknown_critical_extension_is_no_anchor() {
    let extension = Extension::new(&[1, 2, 3, 4], [5, 0]).critical();
    let oid = "1.2.3.4".to_owned();
    not_an_anchor(
        &root(|it| it.extension(extension)),
        AnchorFlaw::CriticalExtension { oid },
        "it has the critical extension 1.2.3.4, which is not known here",
    );
}

#[test]
fn a_root_that_identifies_its_issuer_by_name_is_no_anchor() {
    // limbo's root-with-aki-*: no key, or a name and a serial number besides.
    let name: &[u8] = &[0xa1, 4, 0xa4, 2, 0x30, 0];
    let (serial, key): (&[u8], &[u8]) = (&[0x82, 1, 7], &[0x80, 1, 9]);
    for parts in [
        vec![],
        vec![name],
        vec![serial],
        vec![key, name, serial],
        vec![name, serial],
    ] {
        let content = parts.concat();
        let length = u8::try_from(content.len()).unwrap();
        let value = [&[0x30, length][..], &content].concat();
        let extension = Extension::new(&AUTHORITY_KEY_ID, value);
        not_an_anchor(
            &root(|it| it.extension(extension)),
            AnchorFlaw::OddKeyIdentifier,
            "it is self-signed, and its authority key identifier is more or other than a key",
        );
    }
}

#[track_caller]
fn none_left(ca: &Ca, warning: Warning, message: &str) {
    let server = Server::new().credential();
    let trusts = vec![ca.trust("clients")];
    let error = TrustSnapshot::new(server, trusts, Hands::at(now())).unwrap_err();
    let wanted = SnapshotError::NoAnchorLeft {
        trust: "clients".parse().unwrap(),
        first: Box::new(warning),
    };
    assert_eq!(error, wanted);
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_root_for_servers_only_vouches_for_no_client() {
    none_left(
        &root(|it| it.extended_key_usage(&[Usage::Server])),
        Warning::AnchorNotForClients {
            trust: "clients".parse().unwrap(),
            subject: "CN=Odd".to_owned(),
        },
        "the trust `clients` has no anchor left: the trust `clients`: the extended key usage of the \
         anchor `CN=Odd` does not include clientAuth; it is not used",
    );
    for usage in [[Usage::Client], [Usage::Any]] {
        let ca = root(|it| it.extended_key_usage(&usage));
        accepts(&ca, &ca.client("spiffe://dev.example/billing"));
    }
}

#[test]
fn a_root_that_has_ended_is_not_loaded() {
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-07-31T00:00:00Z"));
    none_left(
        &root(|it| it.validity(from, until)),
        Warning::AnchorEnded {
            trust: "clients".parse().unwrap(),
            subject: "CN=Odd".to_owned(),
            not_after: until,
        },
        "the trust `clients` has no anchor left: the trust `clients`: the anchor `CN=Odd` expired at \
         2026-07-31T00:00:00Z; it is not used",
    );
}

#[test]
fn a_root_that_ends_while_it_is_in_force_vouches_no_longer() {
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-08-15T00:00:00Z"));
    let ca = root(|it| it.validity(from, until));
    // What it has issued says that it lasts longer.
    let leaf = ca
        .root
        .client(now())
        .validity(from, at("2027-01-01T00:00:00Z"));
    let given = credential(&leaf.issue().unwrap());
    let server = Server::new();
    let snapshot = server.snapshot([ca.trust("clients")]);
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&given)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        assert_eq!(peer.until(), until);
        let later = at("2026-08-15T00:00:01Z");
        assert_eq!(
            peer.again(&snapshot, later).unwrap_err(),
            PeerError::Refused(Refusal::AnchorExpired { not_after: until })
        );
    }
    server.clock.set(at("2026-08-15T00:00:01Z"));
    let refusal = Refusal::AnchorExpired { not_after: until };
    let code = Code::CertificateUntrusted;
    check(&server, &snapshot, &given, &refusal, code, "unknown_ca");
}

#[test]
fn a_root_that_was_reissued_for_its_key_vouches_on_whichever_comes_first() {
    let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-08-15T00:00:00Z"));
    let ca = root(|it| it.validity(from, until));
    let reissued = ca.root.renewal_request(now()).issue_authority().unwrap();
    let leaf = reissued.client(now()).uri("spiffe://dev.example/billing");
    let given = credential(&leaf.issue().unwrap());
    let (old, new) = (ca.root.certificate_pem(), reissued.certificate_pem());
    for bundle in [[old.as_str(), &new], [&new, &old]] {
        let anchors = Anchors::from_pem(bundle.concat().as_bytes()).unwrap();
        let trust = trust("clients", anchors, &["spiffe://dev.example/*"]);
        let server = Server::new();
        let snapshot = server.snapshot([trust]);
        let ended = shake(&client(&server, VERSIONS[1], Some(&given)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        assert!(peer.again(&snapshot, at("2026-08-15T00:00:01Z")).is_ok());
    }
}

#[test]
fn a_root_of_the_future_is_loaded_and_vouches_once_it_begins() {
    let (from, until) = (at("2026-08-02T00:00:00Z"), at("2030-01-01T00:00:00Z"));
    let ca = root(|it| it.validity(from, until));
    let leaf = ca
        .root
        .client(now())
        .validity(at("2026-07-01T00:00:00Z"), until);
    let given = credential(&leaf.issue().unwrap());
    let server = Server::new();
    let snapshot = server.snapshot([ca.trust("clients")]);
    let warning = Warning::AnchorNotYetValid {
        trust: "clients".parse().unwrap(),
        subject: "CN=Odd".to_owned(),
        not_before: from,
    };
    assert_eq!(snapshot.warnings().collect::<Vec<_>>(), [&warning]);
    let refusal = Refusal::AnchorNotYetValid { not_before: from };
    let code = Code::CertificateUntrusted;
    check(&server, &snapshot, &given, &refusal, code, "unknown_ca");
    server.clock.set(from);
    let ended = shake(&client(&server, VERSIONS[1], Some(&given)), &snapshot);
    assert!(Peer::of(&ended.server, &snapshot, from).is_ok());
}

#[test]
fn an_intermediate_may_be_an_anchor() {
    let root = Ca::new("Root");
    let issuing = Ca {
        root: root.root.intermediate("Issuing", now()).unwrap(),
    };
    accepts(&issuing, &issuing.client("spiffe://dev.example/billing"));
}

#[test]
fn a_ca_may_be_rolled_over_whichever_path_comes_first() {
    let (old, new) = (Ca::new("Old"), Ca::new("New"));
    let old_path = old.root.intermediate("Issuing", now()).unwrap();
    let new_path = new.root.cross_request(&old_path, now()).issue_authority();
    let new_path = new_path.unwrap();
    let leaf = || {
        old_path
            .client(now())
            .uri("spiffe://dev.example/billing")
            .issue()
    };
    let (one, two) = (old_path.certificate_der(), new_path.certificate_der());
    for above in [[one, two], [two, one]] {
        let given = credential(&leaf().unwrap().sent_with(above.map(<[u8]>::to_vec)));
        accepts(&old, &given);
        accepts(&new, &given);
    }
}
