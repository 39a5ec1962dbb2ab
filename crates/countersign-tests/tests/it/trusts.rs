use countersign_axum::audit::Outcome;
use countersign_client::Kind;
use countersign_pki::{Authority, Issued};
use countersign_problem::Code;
use countersign_tests::{Wire, World, trust};

const BILLING: &str = "spiffe://world.example/billing";

/// Four CAs, each a trust of its own; two may vouch for SPIFFE IDs of one trust domain, two for
/// common names.
struct Authorities {
    spiffe: [Authority; 2],
    common: [Authority; 2],
}

const POLICY: &str = r#"
version = 1

[principals.billing]
permissions = ["transactions:read"]
identities = [
    { trust = "ours", name = "spiffe://world.example/billing" },
    { trust = "ours-by-name", name = "cn:billing" },
]

[principals.their-billing]
identities = [{ trust = "partners-by-name", name = "cn:billing" }]
"#;

impl Authorities {
    fn new() -> Self {
        let now = jiff::Timestamp::from_second(1_790_000_000).unwrap();
        let root = |name| Authority::root(name, now).unwrap();
        Self {
            spiffe: [root("Ours"), root("Partners")],
            common: [root("Ours by name"), root("Partners by name")],
        }
    }

    async fn world(&self) -> World {
        let trusts = [
            trust("ours", &self.spiffe[0], "spiffe://world.example/*"),
            trust("partners", &self.spiffe[1], "spiffe://world.example/*"),
            trust("ours-by-name", &self.common[0], "cn:billing"),
            trust("partners-by-name", &self.common[1], "cn:billing"),
        ];
        World::with_trusts(|_| trusts.into_iter().collect(), POLICY)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_name_is_somebody_only_under_the_trust_that_it_is_bound_to() {
    let authorities = Authorities::new();
    let now = jiff::Timestamp::from_second(1_790_000_000).unwrap();
    let spiffe = |authority: &Authority| authority.client(now).uri(BILLING).issue().unwrap();
    let common = |authority: &Authority| {
        authority
            .client(now)
            .common_name("billing")
            .issue()
            .unwrap()
    };
    let rows = [
        (spiffe(&authorities.spiffe[0]), Ok("billing")),
        (spiffe(&authorities.spiffe[1]), Err(Code::PrincipalUnknown)),
        (common(&authorities.common[0]), Ok("billing")),
        (common(&authorities.common[1]), Err(Code::PermissionMissing)),
        // The right name from the right CA, and of a kind that does not identify there.
        (spiffe(&authorities.common[0]), Err(Code::IdentityMissing)),
        (common(&authorities.spiffe[0]), Err(Code::IdentityMissing)),
    ];
    for wire in Wire::ALL {
        for (row, (issued, wanted)) in rows.iter().enumerate() {
            check(&authorities, wire, issued, *wanted, row).await;
        }
    }
}

async fn check(
    authorities: &Authorities,
    wire: Wire,
    issued: &Issued,
    wanted: Result<&str, Code>,
    row: usize,
) {
    let mut world = authorities.world().await;
    let client = wire.only(world.client(Some(issued)).unwrap());
    let client = client.build().await.unwrap();
    let answer = client.get(world.url("/v1/transactions")).send().await;
    let event = world.event().await.unwrap();
    let found = match &answer {
        Ok(_) => Ok(event.principal().unwrap().as_str()),
        Err(error) => match error.kind() {
            Kind::Denied(problem) => Err(problem.code()),
            other => panic!("{wire}: row {row}: {other:?}"),
        },
    };
    assert_eq!(found, wanted, "{wire}: row {row}");
    assert_eq!(event.code, wanted.err(), "{wire}: row {row}");
    let allowed = event.outcome == Outcome::Allowed;
    assert_eq!(allowed, wanted.is_ok(), "{wire}: row {row}");
}

#[tokio::test]
async fn a_ca_that_is_limited_to_a_host_mints_nobody_else() {
    const POLICY: &str = r#"
version = 1

[principals.partner]
permissions = ["transactions:read"]
identities = [{ trust = "partners", name = "dns:partner.example" }]

[principals.admin]
permissions = ["transactions:read"]
identities = [
    { trust = "partners", name = "cn:admin" },
    { trust = "partners", name = "spiffe://world.example/billing" },
    { trust = "partners", name = "dns:admin.example" },
]
"#;
    for wire in Wire::ALL {
        let limited = |root: &Authority| Ok(vec![trust("partners", root, "dns:partner.example")?]);
        let mut world = World::with_trusts(limited, POLICY).await.unwrap();
        let request = || world.issuing.client(world.clock.now());
        let rows = [
            (request().dns("partner.example"), None),
            (
                request().dns("admin.example"),
                Some(Code::IdentityNotAllowed),
            ),
            (request().common_name("admin"), Some(Code::IdentityMissing)),
            (request().uri(BILLING), Some(Code::IdentityMissing)),
        ];
        let rows = rows.map(|(request, code)| (request.issue().unwrap(), code));
        for (issued, code) in rows {
            let client = wire.only(world.client(Some(&issued)).unwrap());
            let client = client.build().await.unwrap();
            let answer = client.get(world.url("/v1/transactions")).send().await;
            assert_eq!(answer.err().and_then(|error| error.code()), code, "{wire}");
            assert_eq!(world.event().await.unwrap().code, code, "{wire}");
        }
    }
}
