//! The end of trust, on connections that are held: what the caller, another caller, the audit log and the metrics see.

use countersign_axum::audit::{EventKind, Outcome};
use countersign_axum::{AuditEvent, Directory, Trust, TrustSnapshot};
use countersign_client::{Body, Client, HttpVersion, Response};
use countersign_pki::{Authority, Issued, RevocationReason};
use countersign_problem::Code;
use countersign_tests::{BILLING, REPORTS, Wire, World, trust};
use countersign_tls::RevocationList;
use futures_util::stream;
use jiff::SignedDuration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Billing is a partner's, and reports is not.
const POLICY: &str = r#"
version = 1

[principals.billing]
permissions = ["transactions:read", "transactions:write"]
identities = [{ trust = "partners", name = "spiffe://world.example/billing" }]

[principals.reports]
permissions = ["transactions:read"]
identities = [{ trust = "clients", name = "spiffe://world.example/reports" }]
"#;

#[derive(Clone, Copy, Debug)]
enum End {
    Revoked,
    AnchorRemoved,
    Disabled,
    Expired,
}

impl End {
    const ALL: [Self; 4] = [
        Self::Revoked,
        Self::AnchorRemoved,
        Self::Disabled,
        Self::Expired,
    ];

    fn code(self) -> Code {
        match self {
            Self::Revoked => Code::CertificateRevoked,
            Self::AnchorRemoved => Code::CertificateUntrusted,
            Self::Disabled => Code::PrincipalDisabled,
            Self::Expired => Code::CertificateExpired,
        }
    }
}

/// A world with a partner, and the certificate of one who calls from there.
struct Partnership {
    world: World,
    partner: Authority,
    issued: Issued,
}

impl Partnership {
    async fn start() -> Self {
        let now = jiff::Timestamp::from_second(1_790_000_000).unwrap();
        let partner = Authority::root("Partner", now).unwrap();
        let until = now + SignedDuration::from_hours(1);
        let issued = partner.client(now).uri(BILLING).validity(now, until);
        let issued = issued.issue().unwrap();
        let trusts = |root: &Authority| Ok(trusts(root, &partner));
        let world = World::with_trusts(trusts, POLICY).await.unwrap();
        Self {
            world,
            partner,
            issued,
        }
    }

    /// Ends the trust in billing.
    fn end(&self, how: End) {
        let mut trusts = trusts(&self.world.root, &self.partner);
        let mut policy = POLICY.to_owned();
        match how {
            End::Revoked => {
                let partners = trusts.pop().unwrap();
                trusts.push(partners.with_lists([self.list()]));
            }
            End::AnchorRemoved => drop(trusts.pop()),
            End::Disabled => {
                let principal = "[principals.billing]";
                policy = policy.replace(principal, "[principals.billing]\nenabled = false");
            }
            End::Expired => {
                self.world.clock.advance(SignedDuration::from_hours(2));
                self.world.live().recheck();
                return;
            }
        }
        let trust: TrustSnapshot = self.world.snapshot(trusts).unwrap();
        let directory = Directory::from_toml(&policy).unwrap();
        self.world.live().swap(trust, directory);
    }

    fn list(&self) -> RevocationList {
        let now = self.world.clock.now();
        let serial = self.issued.serial();
        let list = self
            .partner
            .crl(now)
            .revoke(&serial, RevocationReason::KeyCompromise, now);
        RevocationList::from_der(list.issue().unwrap().der()).unwrap()
    }

    async fn client(&self, wire: Wire, issued: &Issued) -> Client {
        let client = self.world.client(Some(issued)).unwrap();
        wire.only(client).build().await.unwrap()
    }

    /// The next decision on a request or a handshake; connections that end by themselves are told beside it.
    async fn decision(&mut self) -> AuditEvent {
        loop {
            let event = self.world.event().await.unwrap();
            if event.kind != EventKind::Connection {
                return event;
            }
        }
    }

    async fn reads(&mut self, client: &Client) -> AuditEvent {
        let answer = client.get(self.world.url("/v1/transactions")).send().await;
        assert_eq!(answer.unwrap().status(), 200);
        self.decision().await
    }

    /// A request whose body is still coming; it is finished by the sender.
    async fn in_flight(&mut self, client: &Client) -> (oneshot::Sender<()>, JoinHandle<Response>) {
        let (finish, finished) = oneshot::channel();
        let rest = stream::once(async {
            finished.await.unwrap();
            Ok::<_, std::io::Error>(
                r#"{"amount_minor":1,"currency":"EUR","reference":"x"}"#.to_owned(),
            )
        });
        let request = client
            .post(self.world.url("/v1/transactions"))
            .header("content-type", "application/json")
            .body(Body::wrap_stream(rest));
        let answer = tokio::spawn(async move { request.send().await.unwrap() });
        assert_eq!(self.decision().await.outcome, Outcome::Allowed);
        (finish, answer)
    }
}

fn trusts(root: &Authority, partner: &Authority) -> Vec<Trust> {
    let pattern = "spiffe://world.example/*";
    let trusts = [("clients", root), ("partners", partner)];
    let trusts = trusts.map(|(name, root)| trust(name, root, pattern).unwrap());
    trusts.into()
}

#[tokio::test]
async fn the_end_of_trust_is_seen_on_the_next_request_and_by_nobody_else() {
    for wire in Wire::ALL {
        for how in End::ALL {
            ended(wire, how).await;
        }
    }
}

async fn ended(wire: Wire, how: End) {
    let case = format!("{wire}: {how:?}");
    let mut partnership = Partnership::start().await;
    let now = partnership.world.clock.now();
    let reports = partnership.world.issuing.client(now).uri(REPORTS);
    let reports = partnership.client(wire, &reports.issue().unwrap()).await;
    let billing = partnership.client(wire, &partnership.issued).await;
    let untouched = partnership.reads(&reports).await.address();
    partnership.reads(&billing).await;
    let (finish, answer) = partnership.in_flight(&billing).await;

    partnership.end(how);
    // Over HTTP/1.1 the connection is busy, so that this one is new; and so is the last.
    for _ in 0..2 {
        let url = partnership.world.url("/v1/transactions");
        billing.get(url).send().await.unwrap_err();
        let event = partnership.decision().await;
        assert_eq!(event.code, Some(how.code()), "{case}");
        assert!(event.certificate().is_some(), "{case}");
    }
    assert_eq!(
        partnership.reads(&reports).await.address(),
        untouched,
        "{case}"
    );
    finish.send(()).unwrap();
    assert_eq!(answer.await.unwrap().status(), 201, "{case}");
    told(&partnership, how, &case).await;
}

/// The metrics have it too: the connection that ended by itself, and what was refused.
async fn told(partnership: &Partnership, how: End, case: &str) {
    let (_, metrics) = partnership.world.ask_admin("/metrics").await.unwrap();
    let code = format!("code=\"{}\"", how.code());
    let counted = |name: &str| -> usize {
        let lines = metrics.lines().filter(|line| line.starts_with(name));
        let lines = lines.filter(|line| line.contains(&code));
        let counts = lines.map(|line| line.rsplit(' ').next().unwrap());
        counts.map(|count| count.parse::<usize>().unwrap()).sum()
    };
    let refused = ["countersign_requests_total", "countersign_handshakes_total"];
    let refused: usize = refused.map(counted).iter().sum();
    assert!(refused >= 2, "{case}\n{metrics}");
    assert!(
        counted("countersign_connections_ended_total") >= 1,
        "{case}\n{metrics}"
    );
}

/// A client that has a ticket gets no further than one that has none; and one that nothing happened to resumes.
#[tokio::test]
async fn an_old_ticket_is_worth_nothing_after_the_end_of_trust_and_a_healthy_one_lasts() {
    for wire in Wire::ALL {
        if wire.http == HttpVersion::Http2 {
            continue;
        }
        for how in End::ALL {
            let mut partnership = Partnership::start().await;
            let now = partnership.world.clock.now();
            let reports = partnership.world.issuing.client(now).uri(REPORTS);
            let reports = partnership.client(wire, &reports.issue().unwrap()).await;
            let billing = partnership.client(wire, &partnership.issued).await;
            for client in [&billing, &reports] {
                assert!(!resumes(&mut partnership, client).await, "{wire}: {how:?}");
                assert!(resumes(&mut partnership, client).await, "{wire}: {how:?}");
            }
            partnership.end(how);
            let url = partnership.world.url("/v1/transactions");
            for _ in 0..2 {
                billing.get(url.as_str()).send().await.unwrap_err();
                let event = partnership.decision().await;
                assert_eq!(event.code, Some(how.code()), "{wire}: {how:?}");
            }
            assert!(resumes(&mut partnership, &reports).await, "{wire}: {how:?}");
        }
    }
}

/// Calls on a connection of its own, and answers whether it resumed a session.
async fn resumes(partnership: &mut Partnership, client: &Client) -> bool {
    let url = partnership.world.url("/v1/transactions");
    let request = client.get(url.as_str()).header("connection", "close");
    assert_eq!(request.send().await.unwrap().status(), 200);
    partnership.decision().await.handshake().unwrap().resumed
}
