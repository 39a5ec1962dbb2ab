use countersign_client::Method;
use countersign_identity::NamePattern;
use countersign_pki::psd2::{Flaw, Nca, Role, Tpp};
use countersign_problem::Code;
use countersign_tests::World;

use super::bank::{Caller, REQUEST_ID, all_roles, qwac, statements, tpp};

/// Each route that needs no more than a role, one for each role.
const PROBES: [(&str, &str); 3] = [
    ("GET", "/accounts"),
    ("GET", "/payments/sepa-credit-transfers/none"),
    ("POST", "/funds-confirmations"),
];

#[tokio::test]
async fn a_malformed_statement_gives_no_access_and_the_fault_is_named() {
    let mut world = World::bank().await.unwrap();
    let good = tpp("123456", all_roles());
    let flawed = |flaw| good.clone().statements(statements(&good).flawed(flaw));
    let bafin = Nca::new("DE", "BAFIN", "Bundesanstalt");
    let elsewhere = Tpp::new("Acme TPP Limited", bafin, "123456").roles(all_roles());
    for (tpp, fault) in [
        (
            flawed(Flaw::FlatRoles),
            "the roles of the PSD2 statement are flattened into one",
        ),
        (flawed(Flaw::Truncated), "in the qcStatements extension"),
        (flawed(Flaw::NameOfAnotherRole), "is called `PSP_"),
        (flawed(Flaw::NoRoles), "the PSD2 statement has no role"),
        (flawed(Flaw::BadNcaId), "is no national competent authority"),
        (flawed(Flaw::Twice), "is repeated"),
        (
            flawed(Flaw::Bare),
            "the qcStatements extension is one statement where a list belongs",
        ),
        (
            good.clone().statements(statements(&elsewhere)),
            "the PSD2 statement is of `DE-BAFIN`",
        ),
    ] {
        let caller = Caller::of(&world, &tpp).await;
        let mut answers = Vec::new();
        for (method, path) in PROBES {
            answers.push(caller.call(method.parse().unwrap(), path, &[], None).await);
        }
        for answer in answers {
            assert_eq!(answer.refusal(), "401 CERTIFICATE_INVALID", "{fault}");
            assert!(answer.text().contains(fault), "{}", answer.text());
            assert_eq!(
                world.event().await.unwrap().code,
                Some(Code::Psd2StatementMalformed)
            );
        }
    }
}

#[tokio::test]
async fn a_renewed_certificate_that_lost_a_role_loses_it_at_once() {
    let world = World::bank().await.unwrap();
    let before = Caller::with(&world, [Role::AccountInformation, Role::PaymentInitiation]).await;
    let consent = before.consent().await;
    let payment = "/payments/sepa-credit-transfers/none";
    let headers = [("consent-id", consent.as_str())];
    assert_eq!(
        before.get(payment, &[]).await.refusal(),
        "404 RESOURCE_UNKNOWN"
    );

    let after = Caller::with(&world, [Role::AccountInformation]).await;
    assert_eq!(after.get(payment, &[]).await.refusal(), "401 ROLE_INVALID");
    // It is the same principal, and what it was given stays.
    assert_eq!(after.get("/accounts", &headers).await.status, 200);
}

#[tokio::test]
async fn who_is_no_tpp_to_the_bank_is_told_in_its_words() {
    let world = World::bank().await.unwrap();
    let seal = tpp("123456", all_roles());
    let seal = seal
        .qseal(&world.issuing, world.clock.now())
        .issue()
        .unwrap();
    let plain = world.issuing.client(world.clock.now());
    let plain = plain.subject(countersign_pki::Subject::new().with(
        countersign_pki::Attribute::OrganizationIdentifier,
        "PSDGB-FCA-123456",
    ));
    for (caller, refusal) in [
        (
            Caller::of(&world, &tpp("999999", all_roles())).await,
            "401 CERTIFICATE_INVALID",
        ),
        (
            Caller::of(&world, &tpp("400000", all_roles())).await,
            "401 CERTIFICATE_BLOCKED",
        ),
        (
            Caller::presenting(&world, &seal).await,
            "401 CERTIFICATE_INVALID",
        ),
        (
            Caller::presenting(&world, &plain.issue().unwrap()).await,
            "401 ROLE_INVALID",
        ),
    ] {
        assert_eq!(caller.get("/accounts", &[]).await.refusal(), refusal);
    }
    let reader = Caller::of(&world, &tpp("300000", all_roles())).await;
    let answer = reader
        .get("/payments/sepa-credit-transfers/none", &[])
        .await;
    assert_eq!(answer.refusal(), "403 FORBIDDEN");
}

#[tokio::test]
async fn a_tpp_that_is_known_by_another_name_has_no_role() {
    let trusts = |root: &countersign_pki::Authority| {
        Ok(vec![countersign_tests::trust(
            "qualified",
            root,
            "dns:tpp.example.com",
        )?])
    };
    let policy = r#"
        version = 1
        [principals.tpp]
        permissions = ["accounts:read"]
        identities = [{ trust = "qualified", name = "dns:tpp.example.com" }]
    "#;
    assert!("dns:tpp.example.com".parse::<NamePattern>().is_ok());
    let world = World::bank_with(trusts, policy).await.unwrap();
    let caller = Caller::with(&world, all_roles()).await;
    let answer = caller.get("/accounts", &[]).await;
    assert_eq!(answer.refusal(), "401 ROLE_INVALID");
    assert!(
        answer.text().contains("organizationIdentifier"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn the_id_of_the_request_is_demanded_and_comes_back() {
    let world = World::bank().await.unwrap();
    let issued = qwac(&world, &tpp("123456", all_roles())).issue().unwrap();
    let caller = Caller::presenting(&world, &issued).await;
    let consent = caller.consent().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for headers in [&[][..], &[("traceparent", trace)]] {
        let headers: Vec<_> = headers
            .iter()
            .chain(&[("consent-id", consent.as_str())])
            .copied()
            .collect();
        let answer = caller.get("/accounts", &headers).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.request_id.as_deref(), Some(REQUEST_ID));
        let refused = caller.get("/accounts", &[]).await;
        assert_eq!(refused.request_id.as_deref(), Some(REQUEST_ID));
    }
    for id in [
        None,
        Some("order-17"),
        Some("99391c7ead8849eca2ad99ddcb1f7721"),
    ] {
        let id: Vec<_> = id.map(|id| ("x-request-id", id)).into_iter().collect();
        let answer = caller.call_bare(Method::GET, "/accounts", &id, None).await;
        assert_eq!(answer.refusal(), "400 FORMAT_ERROR");
        assert_eq!(answer.text(), "wanted one `X-Request-ID`, a UUID");
    }
}
