use countersign_identity::Identity;
use countersign_policy::{Denial, Directory, Permission};
use countersign_problem::Code;
use jiff::Timestamp;

struct ReadTransactions;
impl Permission for ReadTransactions {
    const NAME: &'static str = "transactions:read";
}

struct WriteTransactions;
impl Permission for WriteTransactions {
    const NAME: &'static str = "transactions:write";
}

const POLICY: &str = r#"
    version = 1

    [roles.reader]
    permissions = ["transactions:read"]

    [principals.billing]
    roles = ["reader"]
    permissions = ["transactions:write"]
    identities = [
        { trust = "clients", name = "spiffe://example.org/billing" },
        { trust = "partners", name = "dns:billing.example.org" },
    ]

    [principals.reports]
    roles = ["reader"]
    identities = [{ trust = "clients", name = "spiffe://example.org/reports" }]

    [principals.former]
    enabled = false
    roles = ["reader"]
    identities = [{ trust = "clients", name = "spiffe://example.org/former" }]
"#;

fn identity(trust: &str, name: &str) -> Identity {
    Identity::new(trust.parse().unwrap(), name.parse().unwrap())
}

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

fn directory() -> Directory {
    Directory::from_toml(POLICY).unwrap()
}

#[test]
fn a_principal_holds_its_own_permissions_and_those_of_its_roles() {
    let directory = directory();
    let billing = directory
        .lookup(&identity("clients", "spiffe://example.org/billing"), now())
        .unwrap();
    assert!(billing.permit::<ReadTransactions>().is_ok());
    assert!(billing.permit::<WriteTransactions>().is_ok());
}

#[test]
fn a_principal_is_the_same_under_each_of_its_identities() {
    let directory = directory();
    let here = directory.lookup(&identity("clients", "spiffe://example.org/billing"), now());
    let there = directory.lookup(&identity("partners", "dns:billing.example.org"), now());
    assert_eq!(here.unwrap(), there.unwrap());
}

#[test]
fn a_permission_that_nothing_grants_is_missing() {
    let directory = directory();
    let reports = directory
        .lookup(&identity("clients", "spiffe://example.org/reports"), now())
        .unwrap();
    let denial = reports.permit::<WriteTransactions>().unwrap_err();
    assert_eq!(denial.code(), Code::PermissionMissing);
    assert_eq!(denial.to_string(), "`reports` lacks `transactions:write`");
}

#[test]
fn the_name_of_a_principal_under_another_trust_is_nobody() {
    let stolen = identity("partners", "spiffe://example.org/billing");
    assert_eq!(
        directory().lookup(&stolen, now()),
        Err(Denial::PrincipalUnknown {
            identity: stolen.clone()
        })
    );
}

#[test]
fn a_disabled_principal_is_refused_by_name() {
    let directory = directory();
    let denial = directory
        .lookup(&identity("clients", "spiffe://example.org/former"), now())
        .unwrap_err();
    assert_eq!(denial.code(), Code::PrincipalDisabled);
    assert_eq!(denial.to_string(), "`former` is disabled");
}
