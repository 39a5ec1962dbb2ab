//! A gateway ends TLS, and says who its client is.

use countersign_axum::audit::{EventKind, Outcome};
use countersign_axum::{
    AuditEvent, Code, Dialect, Directory, Element, Forwarding, Gateway, Trust, Unbelieved,
};
use countersign_identity::{
    ClientCert, EncodedDer, EscapedPem, ForwardedChain, NameRules, Scheme, Thumbprint, Xfcc,
};
use countersign_pki::{Authority, Issued, RevocationReason};
use countersign_tests::{BILLING, NEWCOMER, REPORTS, World, trust};
use countersign_tls::{Anchors, Intermediates, RevocationList};
use jiff::{SignedDuration, Timestamp};

use crate::raw::{Answer, Raw};

/// Where a gateway with a header of its own says it.
pub(crate) const HEADER: &str = "x-ssl-client-cert";

/// A world in which the principal `edge`, of a CA of its own, is a gateway.
pub(crate) struct Fronted {
    pub(crate) world: World,
    pub(crate) gateways: Authority,
    pub(crate) edge: Issued,
}

impl Fronted {
    /// One that speaks `dialect`.
    pub(crate) async fn start(dialect: Dialect, unbelieved: Unbelieved) -> Self {
        Self::at("2026-09-21T14:13:20Z".parse().unwrap(), dialect, unbelieved).await
    }

    pub(crate) async fn at(now: Timestamp, dialect: Dialect, unbelieved: Unbelieved) -> Self {
        let world = World::at(now).await.unwrap();
        let gateways = Authority::root("Gateways", now).unwrap();
        let edge = gateways.client(now).uri(EDGE).issue().unwrap();
        let fronted = Self {
            world,
            gateways,
            edge,
        };
        fronted.put(dialect, unbelieved, POLICY, &["clients"], &[]);
        fronted
    }

    /// Puts other rules in force, with these clients revoked.
    pub(crate) fn put(
        &self,
        dialect: Dialect,
        unbelieved: Unbelieved,
        policy: &str,
        trusts: &[&str],
        revoked: &[&Issued],
    ) {
        let names = trusts.iter().map(|name| name.parse().unwrap());
        let above = self.world.issuing.certificate_pem();
        let gateway = Gateway::new("edge".parse().unwrap(), dialect, names)
            .with_intermediates(Intermediates::from_pem(above.as_bytes()).unwrap());
        let forwarding = Forwarding::new([gateway]).unbelieved(unbelieved);
        let directory = Directory::from_toml(policy).unwrap();
        let snapshot = self.world.snapshot(self.trusts(revoked)).unwrap();
        self.world.live().swap_all(snapshot, directory, forwarding);
    }

    fn trusts(&self, revoked: &[&Issued]) -> Vec<Trust> {
        let now = self.world.clock.now();
        let mut list = self.world.issuing.crl(now);
        for issued in revoked {
            list = list.revoke(&issued.serial(), RevocationReason::KeyCompromise, now);
        }
        let lists = [list, self.world.root.crl(now)];
        let read = |list: countersign_pki::CrlRequest<'_>| {
            RevocationList::from_der(list.issue().unwrap().der()).unwrap()
        };
        let clients = trust("clients", &self.world.root, "spiffe://world.example/*").unwrap();
        let by_name = Authority::root("Names", now).unwrap();
        let anchors = Anchors::from_pem(by_name.certificate_pem().as_bytes()).unwrap();
        let scheme = Scheme::CommonName;
        let names = NameRules::new(scheme, ["cn:world-*".parse().unwrap()]);
        vec![
            clients.with_lists(lists.map(read)),
            trust("gateways", &self.gateways, "spiffe://edge.example/*").unwrap(),
            Trust::new("names".parse().unwrap(), anchors, names),
        ]
    }

    /// A client of this world's CA.
    pub(crate) fn client(&self, name: &str) -> Issued {
        let now = self.world.clock.now();
        self.world.issuing.client(now).uri(name).issue().unwrap()
    }

    pub(crate) async fn connect(&self, issued: &Issued) -> Raw {
        let (port, now) = (self.world.port(), self.world.clock.now());
        Raw::connect(port, &self.world.root, Some(issued), now)
            .await
            .unwrap()
    }
}

pub(crate) fn header(name: &str) -> http::HeaderName {
    name.parse().unwrap()
}

/// What a gateway says of the client `issued`, in each dialect that carries a certificate.
pub(crate) fn said(dialect: &Dialect, issued: &Issued) -> Vec<(String, String)> {
    let leaf = issued.certificate_der().to_vec();
    let chain = ForwardedChain::new(leaf, Vec::new()).unwrap();
    let name = dialect.headers().first().unwrap().to_string();
    let value = match dialect {
        Dialect::ClientCert => ClientCert::new(chain).client_cert(),
        Dialect::Xfcc(_) => Xfcc::new(chain).to_string(),
        Dialect::EscapedPem(_) => EscapedPem::new(chain).to_string(),
        Dialect::FoldedPem(_) => {
            let pem = issued.chain_pem();
            let (leaf, _) = pem.split_once("-----END").unwrap();
            format!("{leaf}-----END CERTIFICATE-----").replace('\n', " ")
        }
        Dialect::EncodedDer(_) => EncodedDer::new(chain).to_string(),
        other => panic!("{other:?}"),
    };
    vec![(name, value)]
}

pub(crate) fn dialects() -> [Dialect; 6] {
    [
        Dialect::ClientCert,
        Dialect::Xfcc(Element::Only),
        Dialect::Xfcc(Element::Last),
        Dialect::EscapedPem(header(HEADER)),
        Dialect::FoldedPem(header(HEADER)),
        Dialect::EncodedDer(header(HEADER)),
    ]
}

pub(crate) fn lines(headers: &[(String, String)]) -> Vec<u8> {
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"));
    lines.collect::<String>().into_bytes()
}

/// The member of a JSON object.
pub(crate) fn member(answer: &Answer, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let member = json.get(name).and_then(|value| value.as_str());
    member.unwrap_or_default().to_owned()
}

async fn next(fronted: &mut Fronted) -> AuditEvent {
    fronted.world.event().await.unwrap()
}

#[tokio::test]
async fn a_gateway_speaks_for_its_clients_in_each_dialect() {
    for dialect in dialects() {
        let mut fronted = Fronted::start(dialect.clone(), Unbelieved::Strip).await;
        let reports = fronted.client(REPORTS);
        let mut edge = fronted.connect(&fronted.edge).await;
        let said = lines(&said(&dialect, &reports));

        // The second time from memory.
        for _ in 0..2 {
            let answer = edge.get("/whoami", &said).await.unwrap();
            assert_eq!(answer.status, 200, "{dialect:?}: {answer:?}");
            assert_eq!(member(&answer, "principal"), "reports");
            assert_eq!(member(&answer, "via"), "edge");
            let head = answer.head.to_ascii_lowercase();
            let vary = dialect.headers().first().unwrap().to_string();
            assert!(head.contains(&format!("vary: {vary}")), "{head}");
            assert!(head.contains("cache-control: no-store"), "{head}");

            let event = next(&mut fronted).await;
            assert_eq!(event.principal().unwrap().as_str(), "reports");
            let certificate = event.certificate().unwrap().thumbprint();
            assert_eq!(certificate, Thumbprint::of(reports.certificate_der()));
            let via = event.via().unwrap();
            assert_eq!(via.principal().name().as_str(), "edge");
            assert_eq!(via.identity().to_string(), format!("gateways: {EDGE}"));
        }
        let answer = edge.get("/v1/transactions", &said).await.unwrap();
        assert_eq!(answer.status, 200);
        let text = fronted.world.ask_admin("/metrics").await.unwrap().1;
        let count = "countersign_identity_headers_total{outcome=\"read\"} 3";
        assert!(text.contains(count), "{text}");
    }
}

#[tokio::test]
async fn a_forwarded_certificate_is_judged_as_any_other_and_the_gateway_goes_on() {
    let dialect = Dialect::ClientCert;
    let mut fronted = Fronted::start(dialect.clone(), Unbelieved::Strip).await;
    let now = fronted.world.clock.now();
    let (revoked, billing) = (fronted.client(BILLING), fronted.client(BILLING));
    fronted.put(
        dialect.clone(),
        Unbelieved::Strip,
        POLICY,
        &["clients"],
        &[&revoked],
    );
    let stranger = Authority::root("World Root", now).unwrap();
    let stranger = stranger.client(now).uri(BILLING).issue().unwrap();
    let hour = SignedDuration::from_hours(1);
    let old = fronted.world.issuing.client(now).uri(BILLING);
    let old = old.validity(now - 24 * hour, now - hour).issue().unwrap();
    let other = fronted
        .world
        .issuing
        .client(now)
        .uri("spiffe://other.example/a");
    let other = other.issue().unwrap();
    let mut edge = fronted.connect(&fronted.edge).await;
    for (issued, code) in [
        (&revoked, Code::CertificateRevoked),
        (&stranger, Code::CertificateUntrusted),
        (&old, Code::CertificateExpired),
        (&other, Code::IdentityNotAllowed),
        (&fronted.client(NEWCOMER), Code::PrincipalUnknown),
        (&fronted.edge.clone(), Code::ForwardedIdentityUntrusted),
    ] {
        let said = lines(&said(&dialect, issued));
        let answer = edge.get("/whoami", &said).await.unwrap();
        assert_eq!(
            (answer.status, member(&answer, "code")),
            (code.status(), code.to_string())
        );
        let event = next(&mut fronted).await;
        assert_eq!((event.outcome, event.code), (Outcome::Denied, Some(code)));
        // Whoever is refused, the operator learns with which certificate.
        let presented = event.certificate().unwrap().thumbprint();
        assert_eq!(presented, Thumbprint::of(issued.certificate_der()));
        let refused = code.challenge().map(|_| issued.certificate_der());
        assert_eq!(event.presented(), refused, "{code}");
        assert_eq!(event.via().unwrap().principal().name().as_str(), "edge");
    }
    let said = lines(&said(&dialect, &billing));
    assert_eq!(edge.get("/whoami", &said).await.unwrap().status, 200);

    let reports = lines(&self::said(&dialect, &fronted.client(REPORTS)));
    let answer = edge.get("/v1/transactions/1", &reports).await.unwrap();
    assert_eq!(answer.status, 404);
    fronted.put(dialect, Unbelieved::Strip, LESS, &["clients"], &[]);
    let answer = edge.get("/v1/transactions", &reports).await.unwrap();
    assert_eq!(
        (answer.status, member(&answer, "code")),
        (403, "permission-missing".to_owned())
    );
}

#[tokio::test]
async fn what_is_remembered_of_a_client_ends_with_the_snapshot_and_with_its_certificate() {
    let dialect = Dialect::EncodedDer(header(HEADER));
    let fronted = Fronted::start(dialect.clone(), Unbelieved::Strip).await;
    let billing = fronted.client(BILLING);
    let mut edge = fronted.connect(&fronted.edge).await;
    let said = lines(&said(&dialect, &billing));
    assert_eq!(edge.get("/whoami", &said).await.unwrap().status, 200);
    fronted.put(
        dialect.clone(),
        Unbelieved::Strip,
        POLICY,
        &["clients"],
        &[&billing],
    );
    let answer = edge.get("/whoami", &said).await.unwrap();
    assert_eq!(member(&answer, "code"), "certificate-revoked");

    fronted.put(
        dialect.clone(),
        Unbelieved::Strip,
        POLICY,
        &["clients"],
        &[],
    );
    let now = fronted.world.clock.now();
    let brief = fronted.world.issuing.client(now).uri(BILLING);
    let brief = brief.validity(
        now - SignedDuration::from_hours(1),
        now + SignedDuration::from_mins(5),
    );
    let said = lines(&self::said(&dialect, &brief.issue().unwrap()));
    assert_eq!(edge.get("/whoami", &said).await.unwrap().status, 200);
    fronted.world.clock.advance(SignedDuration::from_mins(10));
    let answer = edge.get("/whoami", &said).await.unwrap();
    assert_eq!(member(&answer, "code"), "certificate-expired");
}

/// As one that comes directly is: by renewals, by what a new state will do to it, by when its certificate ends.
#[tokio::test]
async fn a_client_behind_a_gateway_is_watched_as_any_other() {
    let dialect = Dialect::ClientCert;
    let mut fronted = Fronted::start(dialect.clone(), Unbelieved::Strip).await;
    let now = fronted.world.clock.now();
    let old = fronted.client(BILLING);
    let later = fronted.world.issuing.client(now).uri(BILLING);
    let later = later.validity(now, now + SignedDuration::from_hours(24 * 60));
    let new = later.issue().unwrap();
    let mut edge = fronted.connect(&fronted.edge).await;
    for issued in [&old, &old, &new, &old, &new] {
        let said = lines(&said(&dialect, issued));
        assert_eq!(edge.get("/whoami", &said).await.unwrap().status, 200);
    }
    let mut told = Vec::new();
    for _ in 0..6 {
        let event = next(&mut fronted).await;
        told.push(event.kind.as_str());
        if event.kind == EventKind::CertificateRenewed {
            let renewed = event.renewed().unwrap().thumbprint();
            assert_eq!(renewed, Thumbprint::of(old.certificate_der()));
            assert_eq!(event.via().unwrap().principal().name().as_str(), "edge");
        }
    }
    let renewed = "certificate-renewed";
    assert_eq!(
        told,
        [
            "request", "request", "request", renewed, "request", "request"
        ]
    );

    let live = fronted.world.live();
    let [seen] = live.seen().try_into().unwrap();
    assert_eq!(
        seen.certificate.thumbprint(),
        Thumbprint::of(new.certificate_der())
    );
    let trusts = fronted.world.snapshot(fronted.trusts(&[&new])).unwrap();
    let [foreseen] = live
        .foresee(&trusts, live.load().directory())
        .try_into()
        .unwrap();
    assert_eq!(foreseen.fault.code(), Code::CertificateRevoked);
}

#[tokio::test]
async fn a_gateway_never_acts_for_itself() {
    let dialect = Dialect::EncodedDer(header(HEADER));
    let mut fronted = Fronted::start(dialect.clone(), Unbelieved::Strip).await;
    let said = lines(&said(&dialect, &fronted.client(BILLING)));
    let mut edge = fronted.connect(&fronted.edge).await;
    let empty = format!("{HEADER}: \r\n").into_bytes();
    for nothing in [Vec::new(), empty] {
        let answer = edge.get("/whoami", &nothing).await.unwrap();
        assert_eq!(member(&answer, "code"), "certificate-required");
        let event = next(&mut fronted).await;
        assert!(event.principal().is_none() && event.certificate().is_none());
        assert_eq!(event.via().unwrap().principal().name().as_str(), "edge");
    }
    // Half a gateway: named, and without the permission; or with it, and not named.
    for (policy, named) in [(POWERLESS, "edge"), (POLICY, "nobody")] {
        let gateway = Gateway::new(
            named.parse().unwrap(),
            dialect.clone(),
            ["clients".parse().unwrap()],
        );
        let snapshot = fronted.world.snapshot(fronted.trusts(&[])).unwrap();
        let directory = Directory::from_toml(policy).unwrap();
        let forwarding = Forwarding::new([gateway]);
        fronted
            .world
            .live()
            .swap_all(snapshot, directory, forwarding);
        let answer = edge.get("/whoami", &[]).await.unwrap();
        assert_eq!(member(&answer, "code"), "certificate-required", "{named}");
        let answer = edge.get("/whoami", &said).await.unwrap();
        assert_eq!(answer.status, 400);
        assert_eq!(
            member(&answer, "code"),
            "forwarded-identity-untrusted",
            "{named}"
        );
    }
}

#[tokio::test]
async fn a_gateway_is_believed_for_the_trusts_named_for_it() {
    let dialect = Dialect::ClientCert;
    let fronted = Fronted::start(dialect.clone(), Unbelieved::Strip).await;
    fronted.put(dialect.clone(), Unbelieved::Strip, POLICY, &["names"], &[]);
    let said = lines(&said(&dialect, &fronted.client(BILLING)));
    let mut edge = fronted.connect(&fronted.edge).await;
    let answer = edge.get("/whoami", &said).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(member(&answer, "code"), "forwarded-identity-untrusted");
}

#[tokio::test]
async fn a_name_alone_is_believed_where_somebody_said_so_and_only_within_the_trust() {
    let dialect = Dialect::UnverifiedSubject(header("x-client-dn"));
    let fronted = Fronted::start(dialect.clone(), Unbelieved::Strip).await;
    fronted.put(dialect.clone(), Unbelieved::Strip, NAMED, &["names"], &[]);
    let mut edge = fronted.connect(&fronted.edge).await;
    for (subject, status, word) in [
        (r"CN=world-clerk,O=A", 200, "clerk"),
        (r"O=x\,CN=world-clerk,CN=lowly", 403, "identity-not-allowed"),
        (
            r"O=x\,CN=world-clerk,CN=world-other",
            403,
            "principal-unknown",
        ),
        (
            r"CN=world-clerk,CN=world-clerk",
            400,
            "forwarded-identity-malformed",
        ),
        (r"/O=A/CN=world-clerk", 400, "forwarded-identity-malformed"),
    ] {
        let line = format!("X-Client-DN: {subject}\r\n");
        let answer = edge.get("/whoami", line.as_bytes()).await.unwrap();
        assert_eq!(answer.status, status, "{subject}: {answer:?}");
        let (principal, code) = (member(&answer, "principal"), member(&answer, "code"));
        assert!(
            [principal, code].contains(&word.to_owned()),
            "{subject}: {answer:?}"
        );
        assert!(!answer.body.contains("certificate\""));
    }
}

const EDGE: &str = "spiffe://edge.example/edge";

pub(crate) const POLICY: &str = r#"
version = 1
[principals.billing]
permissions = ["transactions:read", "transactions:write"]
identities = [{ trust = "clients", name = "spiffe://world.example/billing" }]
[principals.reports]
permissions = ["transactions:read"]
identities = [{ trust = "clients", name = "spiffe://world.example/reports" }]
[principals.edge]
permissions = ["identity:forward"]
identities = [{ trust = "gateways", name = "spiffe://edge.example/edge" }]
"#;

/// `reports` may do nothing.
const LESS: &str = r#"
version = 1
[principals.reports]
identities = [{ trust = "clients", name = "spiffe://world.example/reports" }]
[principals.edge]
permissions = ["identity:forward"]
identities = [{ trust = "gateways", name = "spiffe://edge.example/edge" }]
"#;

/// `edge` may not forward.
const POWERLESS: &str = r#"
version = 1
[principals.edge]
permissions = ["transactions:read"]
identities = [{ trust = "gateways", name = "spiffe://edge.example/edge" }]
"#;

const NAMED: &str = r#"
version = 1
[principals.clerk]
permissions = ["transactions:read"]
identities = [{ trust = "names", name = "cn:world-clerk" }]
[principals.edge]
permissions = ["identity:forward"]
identities = [{ trust = "gateways", name = "spiffe://edge.example/edge" }]
"#;
