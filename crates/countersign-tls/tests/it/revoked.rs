//! What revocation lists change.

use countersign_identity::Certificate;
use countersign_pki::{Authority, CrlScope, Extension, RevocationReason};
use countersign_problem::Code;
use countersign_tls::{
    Credential, CrlError, Peer, PeerError, Refusal, Revocation, RevocationList, RevocationReach,
    SnapshotError, Trust, TrustSnapshot, UnknownRevocation, Warning,
};
use jiff::{SignedDuration, Timestamp};

use crate::refused::check;
use crate::wire::{VERSIONS, client, shake};
use crate::world::{Ca, Hands, Server, at, credential, now};

/// A root, an issuing CA below it, and a client of that.
struct Hierarchy {
    ca: Ca,
    issuing: Authority,
    client: Credential,
    serial: Vec<u8>,
}

const WEEK: &str = "2026-08-08T12:00:00Z";
const REASON: RevocationReason = RevocationReason::KeyCompromise;

impl Hierarchy {
    fn new() -> Self {
        let ca = Ca::new("Clients");
        let issuing = ca.root.intermediate("Issuing", now()).unwrap();
        let issued = issuing.client(now()).uri("spiffe://dev.example/billing");
        let issued = issued.issue().unwrap();
        Self {
            client: credential(&issued),
            serial: issued.serial(),
            issuing,
            ca,
        }
    }

    /// Those of the issuing CA, and a fresh one of the root.
    fn trust(&self, lists: impl IntoIterator<Item = RevocationList>) -> Trust {
        let root = read(self.ca.root.crl(now()).issue().unwrap().der());
        self.ca
            .trust("clients")
            .with_lists(lists.into_iter().chain([root]))
    }

    /// A list of the issuing CA, made at that moment, on which the client stands or not.
    fn list(&self, number: u64, from: &str, until: &str, revoked: bool) -> RevocationList {
        let list = self.issuing.crl(at(from)).number(number);
        let list = list.next_update(at(until));
        let list = match revoked {
            true => list.revoke(&self.serial, REASON, now()),
            false => list,
        };
        read(list.issue().unwrap().der())
    }

    fn fresh(&self, revoked: bool) -> RevocationList {
        self.list(7, "2026-08-01T12:00:00Z", WEEK, revoked)
    }

    fn revoked(&self) -> Refusal {
        let serial = self.client.certificate().serial().to_owned();
        Refusal::Revoked { serial }
    }

    #[track_caller]
    fn refuses(&self, trust: Trust, refusal: &Refusal, code: Code, alert: &str) {
        let server = Server::new();
        let snapshot = server.snapshot([trust]);
        check(&server, &snapshot, &self.client, refusal, code, alert);
    }

    #[track_caller]
    fn refuses_as_unknown(&self, trust: Trust, why: UnknownRevocation) {
        let refusal = Refusal::RevocationUnknown { why };
        self.refuses(trust, &refusal, Code::RevocationUnknown, "unknown_ca");
    }

    /// It comes in, and until then.
    #[track_caller]
    fn accepts(&self, trust: Trust, until: &str) {
        let server = Server::new();
        let snapshot = server.snapshot([trust]);
        for version in VERSIONS {
            let ended = shake(&client(&server, version, Some(&self.client)), &snapshot);
            let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
            assert_eq!(peer.until(), at(until), "{version:?}");
        }
    }
}

fn read(der: &[u8]) -> RevocationList {
    RevocationList::from_der(der).unwrap()
}

fn stale(since: &str) -> UnknownRevocation {
    UnknownRevocation::Stale {
        next_update: at(since),
    }
}

#[test]
fn a_revoked_client_is_refused_and_another_is_not() {
    let it = Hierarchy::new();
    it.accepts(it.trust([it.fresh(false)]), WEEK);
    it.refuses(
        it.trust([it.fresh(true)]),
        &it.revoked(),
        Code::CertificateRevoked,
        "certificate_revoked",
    );
}

#[test]
fn a_stale_list_before_a_fresh_one_changes_nothing_nor_does_their_order() {
    let it = Hierarchy::new();
    let stale = || it.list(3, "2026-07-01T00:00:00Z", "2026-07-08T00:00:00Z", false);
    for lists in [[stale(), it.fresh(true)], [it.fresh(true), stale()]] {
        it.refuses(
            it.trust(lists),
            &it.revoked(),
            Code::CertificateRevoked,
            "certificate_revoked",
        );
    }
    // And back: what the old one says of a certificate that was on hold does not count either.
    let stale = || it.list(3, "2026-07-01T00:00:00Z", "2026-07-08T00:00:00Z", true);
    for lists in [[stale(), it.fresh(false)], [it.fresh(false), stale()]] {
        it.accepts(it.trust(lists), WEEK);
    }
}

#[test]
fn of_two_lists_the_number_counts_before_the_date() {
    let it = Hierarchy::new();
    let newer = || it.list(300, "2026-07-30T00:00:00Z", WEEK, true);
    let older = || it.list(255, "2026-07-31T00:00:00Z", WEEK, false);
    for lists in [[older(), newer()], [newer(), older()]] {
        it.refuses(
            it.trust(lists),
            &it.revoked(),
            Code::CertificateRevoked,
            "certificate_revoked",
        );
    }
}

#[test]
fn a_newer_list_that_somebody_else_signed_does_not_hide_the_genuine_one() {
    let it = Hierarchy::new();
    let stranger = Ca::new("Stranger");
    let forged = it.issuing.crl(now()).number(1000);
    let forged = forged.signed_with(stranger.root.key()).issue().unwrap();
    it.refuses(
        it.trust([read(forged.der()), it.fresh(true)]),
        &it.revoked(),
        Code::CertificateRevoked,
        "certificate_revoked",
    );
    it.accepts(it.trust([read(forged.der()), it.fresh(false)]), WEEK);
    it.refuses_as_unknown(
        it.trust([read(forged.der())]),
        UnknownRevocation::WrongSigner,
    );
}

#[test]
fn a_stale_list_is_refused_unless_it_is_allowed_and_for_no_longer() {
    let it = Hierarchy::new();
    let ended = "2026-08-01T00:00:00Z";
    let list = || it.list(7, "2026-07-25T00:00:00Z", ended, false);
    it.refuses_as_unknown(it.trust([list()]), stale(ended));
    let allowed = |hours| {
        let limit = SignedDuration::from_hours(hours);
        let trust = it.trust([list()]);
        trust.with_revocation(Revocation::AllowStale { limit })
    };
    it.accepts(allowed(24), "2026-08-02T00:00:00Z");
    it.accepts(allowed(12), "2026-08-01T12:00:00Z");
    it.refuses_as_unknown(allowed(11), stale(ended));
    // Revoked is revoked, however old the list.
    let list = it.list(7, "2026-07-25T00:00:00Z", ended, true);
    let trust = it.trust([list]);
    it.refuses(
        trust,
        &it.revoked(),
        Code::CertificateRevoked,
        "certificate_revoked",
    );
}

#[test]
fn lists_that_are_switched_off_are_not_asked() {
    let it = Hierarchy::new();
    let trust = it.trust([it.fresh(true)]);
    let leaf_ends = it.client.certificate().not_after().to_string();
    it.accepts(trust.with_revocation(Revocation::Off), &leaf_ends);
}

#[test]
fn the_whole_chain_is_asked_unless_only_the_leaf_is_to_be() {
    let it = Hierarchy::new();
    let without_root = || it.ca.trust("clients").with_lists([it.fresh(false)]);
    it.refuses_as_unknown(without_root(), UnknownRevocation::Missing);
    it.accepts(without_root().with_reach(RevocationReach::Leaf), WEEK);

    let issuing = Certificate::from_der(it.issuing.certificate_der()).unwrap();
    let serial = issuing.serial().to_owned();
    let bytes = data_encoding::HEXLOWER.decode(serial.as_bytes()).unwrap();
    let root = it.ca.root.crl(now()).revoke(&bytes, REASON, now());
    let root = read(root.issue().unwrap().der());
    let trust = it.ca.trust("clients").with_lists([root, it.fresh(false)]);
    it.refuses(
        trust,
        &Refusal::Revoked { serial },
        Code::CertificateRevoked,
        "certificate_revoked",
    );
}

#[test]
fn a_list_of_the_future_says_nothing_yet() {
    let it = Hierarchy::new();
    let future = || it.list(9, "2026-08-03T00:00:00Z", "2026-08-10T00:00:00Z", true);
    // It cuts short what the present one says.
    it.accepts(
        it.trust([future(), it.fresh(false)]),
        "2026-08-03T00:00:00Z",
    );
    it.refuses_as_unknown(it.trust([future()]), UnknownRevocation::Missing);
}

#[test]
fn a_list_speaks_for_those_of_its_scope() {
    let it = Hierarchy::new();
    let of = |scope| {
        let list = it.issuing.crl(now()).next_update(at(WEEK));
        let list = list.distribution_point("http://crl.example/a", scope);
        read(list.issue().unwrap().der())
    };
    it.accepts(it.trust([of(CrlScope::All)]), WEEK);
    it.accepts(it.trust([of(CrlScope::Leaves)]), WEEK);
    let trust = it.trust([of(CrlScope::Authorities)]);
    it.refuses_as_unknown(trust, UnknownRevocation::Missing);
}

#[test]
fn a_certificate_that_names_its_list_is_not_covered_by_another() {
    let it = Hierarchy::new();
    let points = Extension::crl_distribution_points(["http://crl.example/a"]);
    let issued = it.issuing.client(now()).extension(points);
    let issued = issued.uri("spiffe://dev.example/billing").issue().unwrap();
    let it = Hierarchy {
        client: credential(&issued),
        serial: issued.serial(),
        ..it
    };
    let at_point = |url: &str| {
        let list = it.issuing.crl(now()).next_update(at(WEEK));
        let list = list.distribution_point(url, CrlScope::All);
        read(list.issue().unwrap().der())
    };
    it.accepts(it.trust([at_point("http://crl.example/a")]), WEEK);
    it.accepts(it.trust([it.fresh(false)]), WEEK);
    let trust = it.trust([at_point("http://crl.example/b")]);
    it.refuses_as_unknown(trust, UnknownRevocation::Missing);
}

#[test]
fn every_list_that_speaks_for_a_certificate_must_be_fresh() {
    let it = Hierarchy::new();
    let list = |url: &str, until: &str| {
        let list = it.issuing.crl(at("2026-07-01T00:00:00Z"));
        let list = list.next_update(at(until));
        let list = list.distribution_point(url, CrlScope::All);
        read(list.issue().unwrap().der())
    };
    let (fresh, old) = (WEEK, "2026-07-31T00:00:00Z");
    let (a, b) = ("http://crl.example/a", "http://crl.example/b");
    it.accepts(it.trust([list(a, fresh), list(b, fresh)]), WEEK);
    it.refuses_as_unknown(it.trust([list(a, fresh), list(b, old)]), stale(old));
}

#[test]
fn an_issuer_that_may_not_sign_lists_is_not_believed() {
    let it = Hierarchy::new();
    let usage = [countersign_pki::KeyUsage::KeyCertSign];
    let request = it.ca.root.intermediate_request("Issuing", now());
    let odd = request.key_usage(&usage).issue_authority().unwrap();
    let issued = odd.client(now()).issue().unwrap();
    // countersign-pki does not sign one either: the list is another CA's of that name, with its key.
    let list = it.issuing.crl(now()).signed_with(odd.key()).issue();
    let it = Hierarchy {
        client: credential(&issued),
        ..it
    };
    let trust = it.trust([read(list.unwrap().der())]);
    it.refuses_as_unknown(trust, UnknownRevocation::IssuerMayNotSign);
}

#[test]
fn a_list_that_is_not_by_the_anchor_whose_name_it_bears_is_refused_at_once() {
    let (ca, server) = (Ca::new("Clients"), Server::new());
    let forged = ca.root.crl(now()).signed_with(Ca::new("Other").root.key());
    let forged = read(forged.issue().unwrap().der());
    let error = refused(&server, ca.trust("clients").with_lists([forged]));
    let issuer = "CN=Clients".to_owned();
    assert_eq!(
        error,
        SnapshotError::List {
            trust: "clients".parse().unwrap(),
            issuer: issuer.clone(),
            source: CrlError::WrongSigner { issuer },
        }
    );
    assert_eq!(
        error.to_string(),
        "the trust `clients`: the revocation list of `CN=Clients`: the list is not signed by the \
         key of the anchor `CN=Clients`, whose name it bears"
    );
}

#[test]
fn a_trust_that_demands_lists_and_has_none_is_refused_at_once() {
    let trust = Ca::new("Clients").trust("clients");
    let error = refused(
        &Server::new(),
        trust.with_revocation(Revocation::RequireFresh),
    );
    let trust = "clients".parse().unwrap();
    assert_eq!(error, SnapshotError::NoList { trust });
}

fn refused(server: &Server, trust: Trust) -> SnapshotError {
    let credential = server.credential();
    TrustSnapshot::new(credential, vec![trust], Hands::at(now())).unwrap_err()
}

#[test]
fn an_operator_is_told_of_lists_that_are_stale_or_not_used() {
    let (ca, server) = (Ca::new("Clients"), Server::new());
    let list = |number, from: &str, until: &str| {
        let list = ca.root.crl(at(from)).number(number).next_update(at(until));
        read(list.issue().unwrap().der())
    };
    let (from, until) = ("2026-07-01T00:00:00Z", "2026-07-08T00:00:00Z");
    let older = list(1, "2026-06-01T00:00:00Z", "2026-06-08T00:00:00Z");
    let trust = ca
        .trust("clients")
        .with_lists([older, list(2, from, until)]);
    let snapshot = server.snapshot([trust]);
    let (trust, issuer) = ("clients".parse().unwrap(), "CN=Clients".to_owned());
    let wanted = [
        Warning::ListSuperseded {
            trust,
            issuer: issuer.clone(),
            this_update: at("2026-06-01T00:00:00Z"),
        },
        Warning::ListStale {
            trust: "clients".parse().unwrap(),
            issuer,
            next_update: at(until),
        },
    ];
    assert_eq!(snapshot.warnings().cloned().collect::<Vec<_>>(), wanted);
}

#[test]
fn the_signature_of_a_list_is_verified_once_and_its_text_is_dropped() {
    let it = Hierarchy::new();
    let (list, server) = (it.fresh(false), Server::new());
    let snapshot = server.snapshot([it.trust([list.clone()])]);
    assert!(!list.is_proven());
    let client = client(&server, VERSIONS[0], Some(&it.client));
    assert!(shake(&client, &snapshot).server_error.is_none());
    assert!(list.is_proven());
    // Whoever holds the same list knows it too, after a reload for example.
    let snapshot = server.snapshot([it.trust([list])]);
    assert!(shake(&client, &snapshot).server_error.is_none());
}

#[test]
fn a_resumed_session_of_a_client_that_was_revoked_meanwhile_is_refused() {
    let it = Hierarchy::new();
    let server = Server::new();
    for version in VERSIONS {
        let before = server.snapshot([it.trust([it.fresh(false)])]);
        let after = server.snapshot_after(&before, [it.trust([it.fresh(true)])]);
        let client = client(&server, version, Some(&it.client));
        let first = shake(&client, &before);
        let peer = Peer::of(&first.server, &before, now()).unwrap();
        let resumed = shake(&client, &after);
        assert_eq!(
            resumed.server.handshake_kind(),
            Some(rustls::HandshakeKind::Resumed)
        );
        let wanted = PeerError::Refused(it.revoked());
        assert_eq!(
            Peer::of(&resumed.server, &after, now()).unwrap_err(),
            wanted,
            "{version:?}"
        );
        // As is the connection that was held all along.
        assert_eq!(peer.again(&after, now()).unwrap_err(), wanted);
    }
}

#[test]
fn an_open_connection_is_trusted_no_longer_than_its_list_is_fresh() {
    let it = Hierarchy::new();
    let server = Server::new();
    let snapshot = server.snapshot([it.trust([it.fresh(false)])]);
    for version in VERSIONS {
        let ended = shake(&client(&server, version, Some(&it.client)), &snapshot);
        let peer = Peer::of(&ended.server, &snapshot, now()).unwrap();
        let until = peer.until();
        assert!(peer.again(&snapshot, until).is_ok());
        let later: Timestamp = until + SignedDuration::from_secs(1);
        let why = stale(WEEK);
        assert_eq!(
            peer.again(&snapshot, later).unwrap_err(),
            PeerError::Refused(Refusal::RevocationUnknown { why })
        );
    }
}
