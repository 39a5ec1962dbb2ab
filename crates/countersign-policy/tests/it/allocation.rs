use allocation_counter::measure;
use countersign_identity::{Certificate, Identity, NameRules, Scheme};
use countersign_pki::Authority;
use countersign_policy::{Directory, Permission};
use jiff::Timestamp;

struct ReadLedger;
impl Permission for ReadLedger {
    const NAME: &'static str = "ledger:read";
}

const POLICY: &str = r#"
    version = 1

    [principals.billing]
    permissions = ["ledger:read"]
    identities = [{ trust = "clients", name = "spiffe://a.example/billing" }]
"#;

#[test]
fn who_is_permitted_is_so_without_an_allocation() {
    let now: Timestamp = "2026-08-01T12:00:00Z".parse().unwrap();
    let root = Authority::root("Root", now).unwrap();
    let issued = root.client(now).uri("spiffe://a.example/billing").issue();
    let certificate = Certificate::from_der(issued.unwrap().certificate_der()).unwrap();
    let clients = "clients".parse().unwrap();
    let rules = NameRules::new(Scheme::Spiffe, ["spiffe://a.example/*".parse().unwrap()]);
    let directory = Directory::from_toml(POLICY).unwrap();

    let mut permitted = false;
    let counted = measure(|| {
        let identity = Identity::of(&certificate, &clients, &rules).unwrap();
        let principal = directory.lookup(&identity, now).unwrap();
        permitted = principal.permit::<ReadLedger>().is_ok();
    });
    assert!(permitted);
    assert_eq!(counted.count_total, 0);
}
