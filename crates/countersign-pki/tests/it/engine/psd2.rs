//! PSD2 statements and the certificates around them.

use countersign_pki::Authority;
use countersign_pki::psd2::{Flaw, Nca, QcStatements, QcType, Role, Tpp};
use serde_json::Value;

use super::{extension, parse, root};
use crate::now;

const VECTORS: &str = include_str!(
    "../../../../../fixtures/vectors/psd2/obie-eidas-csr-profiles-2.2-qcstatements.json"
);

fn fca() -> Nca {
    Nca::new("GB", "FCA", "Financial Conduct Authority")
}

/// The fifteen sets of roles, each in the order of the object identifiers.
fn combinations() -> impl Iterator<Item = Vec<Role>> {
    (1..16).map(|set| {
        let roles = Role::ALL.into_iter().enumerate();
        let chosen = roles.filter(|(bit, _)| set & (1 << bit) != 0);
        chosen.map(|(_, role)| role).collect()
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn vector(roles: &[Role], kind: &str) -> Option<String> {
    let names: Vec<&str> = roles.iter().map(|role| role.name()).collect();
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let mut found = vectors.into_iter().filter(|v| {
        v.get("roles") == Some(&names.clone().into())
            && v.get("qcTypes") == Some(&vec![kind].into())
    });
    let vector = found.next()?;
    vector.get("qcStatements_hex")?.as_str().map(str::to_owned)
}

#[test]
fn statements_are_those_that_open_banking_published() {
    let mut equal = 0;
    for roles in combinations() {
        for (kind, oid) in [
            (QcType::Web, "0.4.0.1862.1.6.3"),
            (QcType::Eseal, "0.4.0.1862.1.6.2"),
        ] {
            let made = QcStatements::new(kind, &fca())
                .roles(roles.clone())
                .to_der();
            if let Some(vector) = vector(&roles, oid) {
                assert_eq!(hex(&made), vector, "{roles:?}");
                equal += 1;
            }
        }
    }
    assert_eq!(equal, 16);
}

/// For the one set without a published vector too: each role once, with its name, in order.
#[test]
fn all_fifteen_sets_of_roles_are_written() {
    for roles in combinations() {
        let made = hex(&QcStatements::new(QcType::Web, &fca())
            .roles(roles.clone())
            .to_der());
        for role in Role::ALL {
            let number = role.oid().last().unwrap();
            let one = format!(
                "301106070400819827010{number}0c06{}",
                hex(role.name().as_bytes())
            );
            assert_eq!(
                made.matches(&one).count(),
                usize::from(roles.contains(&role))
            );
        }
    }
}

fn tpp() -> Tpp {
    let roles = [Role::PaymentInitiation, Role::AccountInformation];
    Tpp::new("Acme TPP Limited", fca(), "123456").roles(roles)
}

#[test]
fn a_qwac_is_for_tls_at_both_ends() {
    let root = root();
    let qwac = tpp().qwac(&root, now()).issue().unwrap();
    let leaf = parse(qwac.certificate_der());
    let usage = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && usage.client_auth && !usage.any);
    assert_eq!(leaf.key_usage().unwrap().unwrap().value.flags, 1);
    let subject = leaf.subject().to_string();
    assert!(
        subject.contains("OID(2.5.4.97)=PSDGB-FCA-123456"),
        "{subject}"
    );
    let statements = extension(&leaf, "1.3.6.1.5.5.7.1.3");
    assert_eq!(statements, tpp().qc_statements(QcType::Web).to_der());
}

#[test]
fn a_qseal_signs_and_has_no_extended_key_usage() {
    let root = root();
    let qseal = tpp().qseal(&root, now()).issue().unwrap();
    let leaf = parse(qseal.certificate_der());
    assert!(leaf.extended_key_usage().unwrap().is_none());
    assert_eq!(leaf.key_usage().unwrap().unwrap().value.flags, 0b11);
    let statements = extension(&leaf, "1.3.6.1.5.5.7.1.3");
    assert_eq!(statements, tpp().qc_statements(QcType::Eseal).to_der());
}

#[test]
fn each_flaw_is_another_wrong_statement() {
    let good = tpp().qc_statements(QcType::Web);
    let mut seen = vec![good.to_der()];
    for flaw in [
        Flaw::FlatRoles,
        Flaw::Truncated,
        Flaw::NameOfAnotherRole,
        Flaw::NoRoles,
        Flaw::BadNcaId,
        Flaw::Twice,
        Flaw::Bare,
    ] {
        let der = good.clone().flawed(flaw).to_der();
        assert!(!seen.contains(&der), "{flaw:?}");
        let parses = x509_parser::der_parser::parse_der(&der).is_ok();
        assert_eq!(parses, flaw != Flaw::Truncated, "{flaw:?}");
        let root = root();
        let tpp = tpp().statements(good.clone().flawed(flaw));
        let qwac = tpp.qwac(&root, now()).issue().unwrap();
        let leaf = parse(qwac.certificate_der());
        assert_eq!(extension(&leaf, "1.3.6.1.5.5.7.1.3"), der);
        seen.push(der);
    }
}

/// As certificates in use had them for years: one role of many components.
#[test]
fn flat_roles_are_all_in_one() {
    let statements = tpp().qc_statements(QcType::Web).flawed(Flaw::FlatRoles);
    let flat = "302430220607040081982701020c065053505f50490607040081982701030c065053505f4149";
    assert!(
        hex(&statements.to_der()).contains(flat),
        "{}",
        hex(&statements.to_der())
    );
}

#[test]
fn an_organization_may_be_registered_elsewhere_than_its_statement_says() {
    let root: Authority = root();
    let bafin = Nca::new("DE", "BAFIN", "Bundesanstalt");
    let other = QcStatements::new(QcType::Web, &bafin).roles([Role::AccountInformation]);
    let qwac = tpp().statements(other).qwac(&root, now()).issue().unwrap();
    let leaf = parse(qwac.certificate_der());
    assert!(leaf.subject().to_string().contains("PSDGB-FCA-123456"));
    assert!(hex(extension(&leaf, "1.3.6.1.5.5.7.1.3")).contains(&hex(b"DE-BAFIN")));
}
