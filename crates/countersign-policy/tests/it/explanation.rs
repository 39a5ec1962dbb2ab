use countersign_identity::Identity;
use countersign_policy::{Directory, Requirement};
use countersign_problem::Code;
use jiff::Timestamp;

const POLICY: &str = r#"
version = 1

[roles.reader]
permissions = ["ledger:read"]

[roles.clerk]
permissions = ["ledger:read", "ledger:write"]

[principals.billing]
roles = ["clerk"]
permissions = ["ledger:close"]
identities = [{ trust = "clients", name = "spiffe://a.example/billing" }]

[principals.reports]
not_after = 2027-06-30T00:00:00Z
roles = ["reader"]
identities = [{ trust = "clients", name = "spiffe://a.example/reports" }]

[principals.former]
enabled = false
roles = ["clerk"]
identities = [{ trust = "clients", name = "spiffe://a.example/former" }]
"#;

const BEFORE: &str = "2027-06-30T00:00:00.9Z";
const AFTER: &str = "2027-06-30T00:00:01Z";

struct Row {
    trust: &'static str,
    name: &'static str,
    asked: &'static str,
    now: &'static str,
    verdict: Result<(), Code>,
    /// Principal and line of its binding.
    principal: Option<(&'static str, usize)>,
    grant: Option<&'static str>,
    granting: &'static [&'static str],
    elsewhere: &'static [&'static str],
}

#[test]
fn every_decision_is_explained_by_what_made_it() {
    let row = Row {
        trust: "clients",
        name: "spiffe://a.example/billing",
        asked: "ledger:write",
        now: BEFORE,
        verdict: Ok(()),
        principal: Some(("billing", 13)),
        grant: Some("the role `clerk`"),
        granting: &["clerk"],
        elsewhere: &[],
    };
    check(&row);
    check(&Row {
        asked: "ledger:close",
        grant: Some("its own permissions"),
        granting: &[],
        ..row
    });
    check(&Row {
        name: "spiffe://a.example/reports",
        verdict: Err(Code::PermissionMissing),
        principal: Some(("reports", 18)),
        grant: None,
        ..row
    });
    check(&Row {
        name: "spiffe://a.example/reports",
        asked: "ledger:read",
        now: AFTER,
        verdict: Err(Code::PrincipalDisabled),
        principal: Some(("reports", 18)),
        grant: Some("the role `reader`"),
        granting: &["clerk", "reader"],
        ..row
    });
    check(&Row {
        name: "spiffe://a.example/former",
        verdict: Err(Code::PrincipalDisabled),
        principal: Some(("former", 23)),
        ..row
    });
    check(&Row {
        trust: "partners",
        verdict: Err(Code::PrincipalUnknown),
        principal: None,
        grant: None,
        elsewhere: &["clients: spiffe://a.example/billing is billing"],
        ..row
    });
}

#[track_caller]
fn check(row: &Row) {
    let directory = Directory::from_toml(POLICY).unwrap();
    let identity = Identity::new(row.trust.parse().unwrap(), row.name.parse().unwrap());
    let asked = Requirement::Permission(row.asked.parse().unwrap());
    let now = row.now.parse().unwrap();
    let explanation = directory.explain(&identity, &asked, now);

    assert_eq!(
        explanation.verdict.map_err(|denial| denial.code()),
        row.verdict
    );
    let principal = explanation.principal;
    let principal = principal.map(|(principal, at)| (principal.name().as_str(), at.line));
    assert_eq!(principal, row.principal);
    let grant = explanation.grant.map(ToString::to_string);
    assert_eq!(grant.as_deref(), row.grant);
    let granting: Vec<_> = explanation
        .granting
        .iter()
        .map(|role| role.as_str())
        .collect();
    assert_eq!(granting, row.granting);
    let elsewhere: Vec<_> = explanation
        .elsewhere
        .iter()
        .map(|(identity, principal, _)| format!("{identity} is {}", principal.name()))
        .collect();
    assert_eq!(elsewhere, row.elsewhere);
}

#[test]
fn in_words_it_says_who_it_is_and_by_what_it_may() {
    let directory = Directory::from_toml(POLICY).unwrap();
    let told = |trust: &str, asked: &str| {
        let name = "spiffe://a.example/billing".parse().unwrap();
        let identity = Identity::new(trust.parse().unwrap(), name);
        let asked = Requirement::Permission(asked.parse().unwrap());
        let explanation = directory.explain(&identity, &asked, BEFORE.parse().unwrap());
        (explanation.who(), explanation.by_what())
    };
    let (who, by_what) = told("clients", "ledger:write");
    assert!(
        who.starts_with("`billing`, by line ")
            && who.ends_with(" of the policy, with the role `clerk`"),
        "{who}"
    );
    assert_eq!(by_what.as_deref(), Some("granted by the role `clerk`"));
    let (_, by_what) = told("clients", "nobody:grants");
    let nothing = "`billing` has it by nothing; no role would grant it";
    assert_eq!(by_what.as_deref(), Some(nothing));
    let (who, by_what) = told("partners", "ledger:write");
    let elsewhere = "nobody; `clients: spiffe://a.example/billing` would be `billing` (line ";
    assert!(who.starts_with(elsewhere), "{who}");
    assert_eq!(by_what, None);
}

#[test]
fn to_be_known_asks_for_no_permission() {
    let directory = Directory::from_toml(POLICY).unwrap();
    let now: Timestamp = BEFORE.parse().unwrap();
    for (name, known) in [("billing", true), ("former", false), ("stranger", false)] {
        let name = format!("spiffe://a.example/{name}").parse().unwrap();
        let identity = Identity::new("clients".parse().unwrap(), name);
        let explanation = directory.explain(&identity, &Requirement::Known, now);
        assert_eq!(explanation.verdict.is_ok(), known, "{identity}");
    }
}
