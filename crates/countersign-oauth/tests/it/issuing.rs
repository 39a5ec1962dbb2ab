//! Who gets which token (the checklist's A1 to A17).

use axum::body::Body;
use countersign_pki::psd2::{Flaw, QcStatements, QcType, Role};
use http::{Request, StatusCode};
use jiff::SignedDuration;

use crate::bank::{Bank, LONGEST, REPORTS, tpp};
use crate::forge::{AUDIENCE, ISSUER, now};
use crate::world::thumbprint;

const FORM: &str = "application/x-www-form-urlencoded";
const ASKED: &str = "grant_type=client_credentials&client_id=billing";

fn post(path: &str, media_type: &str, form: &str) -> Request<Body> {
    let request = Request::post(path).header("content-type", media_type);
    request.body(Body::from(form.to_owned())).unwrap()
}

#[tokio::test]
async fn a1_parameters_stand_in_the_body_and_once() {
    let bank = Bank::new().await;
    let billing = bank.client("billing");
    for (request, wanted) in [
        (post("/oauth/token", FORM, ASKED), "200"),
        (
            post(
                "/oauth/token",
                "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
                ASKED,
            ),
            "200",
        ),
        (
            post("/oauth/token", FORM, &format!("{ASKED}&scope=")),
            "200",
        ),
        (
            post(&format!("/oauth/token?{ASKED}"), FORM, ""),
            "400 invalid_request",
        ),
        (post("/oauth/token?a=b", FORM, ASKED), "400 invalid_request"),
        (
            post("/oauth/token", FORM, &format!("{ASKED}&client_id=billing")),
            "400 invalid_request",
        ),
        (
            post("/oauth/token", FORM, &format!("{ASKED}&scope=&scope=")),
            "400 invalid_request",
        ),
        (
            post(
                "/oauth/token",
                FORM,
                &format!("{ASKED}&unknown=1&unknown=2"),
            ),
            "400 invalid_request",
        ),
        (
            post("/oauth/token", "application/json", "{}"),
            "400 invalid_request",
        ),
        (
            post(
                "/oauth/token",
                FORM,
                &format!("{ASKED}&x={}", "x".repeat(40_000)),
            ),
            "413 invalid_request",
        ),
        (
            post("/oauth/token", FORM, "client_id=billing"),
            "400 invalid_request",
        ),
        (
            Request::get("/oauth/token").body(Body::empty()).unwrap(),
            "405 invalid_request",
        ),
    ] {
        let about = format!("{} {:?}", request.uri(), request.headers());
        let answer = bank.ask(Some(&billing), request).await;
        match answer.status {
            StatusCode::OK => assert_eq!(wanted, "200", "{about}"),
            _ => assert_eq!(answer.error(), wanted, "{about}"),
        }
    }
}

#[tokio::test]
async fn a2_a_client_says_which_one_it_is() {
    let bank = Bank::new().await;
    let billing = bank.client("billing");
    for form in [
        "grant_type=client_credentials",
        "grant_type=client_credentials&client_id=",
    ] {
        let answer = bank.post(&billing, "token", form).await;
        assert_eq!(answer.error(), "400 invalid_request", "{form}");
    }
}

#[tokio::test]
async fn a3_a_client_without_its_certificate_is_an_invalid_client() {
    let bank = Bank::new().await;
    let answer = bank.ask(None, post("/oauth/token", FORM, ASKED)).await;
    assert_eq!(answer.error(), "401 invalid_client");
    assert_eq!(answer.header("www-authenticate"), "ClientCertificate");
    assert_eq!(
        answer.events[0].code.unwrap().as_str(),
        "certificate-required"
    );
    let other = bank.client("reports");
    assert_eq!(
        bank.token(&other, "billing", "").await.error(),
        "401 invalid_client"
    );
}

#[tokio::test]
async fn a4_nobody_learns_which_clients_there_are() {
    let bank = Bank::new().await;
    let (billing, selfmade) = (bank.client("billing"), bank.selfmade.clone());
    let unlike = bank
        .root
        .client(now())
        .uri("spiffe://a.example/reports")
        .issue()
        .unwrap();
    let unregistered = bank.client("unregistered");
    let mut answers = Vec::new();
    for (issued, client_id, more, why) in [
        (&billing, "nobody", "", "no such client is registered"),
        (
            &billing,
            "NOBODY%22%0d%0a",
            "",
            "no such client is registered",
        ),
        (
            &billing,
            "reports",
            "",
            "`billing` says that it is another client",
        ),
        (
            &billing,
            "selfmade",
            "",
            "`billing` says that it is another client",
        ),
        (
            &selfmade,
            "billing",
            "",
            "`selfmade` says that it is another client",
        ),
        (
            &unlike,
            "reports",
            "",
            "the subject is another: only the first has `CN=reports`; only the first has `O=Acme`",
        ),
        (
            &unregistered,
            "unregistered",
            "",
            "no such client is registered",
        ),
        (
            &billing,
            "billing",
            "&client_secret=s3cret",
            "the client sends a client_secret, too",
        ),
        (
            &billing,
            "billing",
            "&client_assertion=e30",
            "the client sends a client_assertion, too",
        ),
    ] {
        let answer = bank.token(issued, client_id, more).await;
        assert_eq!(answer.error(), "401 invalid_client", "{why}");
        assert_eq!(answer.events.last().unwrap().detail(), Some(why));
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        answers.push((answer.body, format!("{headers:?}")));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // Whoever is not even a caller reads the same body.
    let (newcomer, former) = (bank.client("newcomer"), bank.client("former"));
    for issued in [&newcomer, &former] {
        let answer = bank.token(issued, "billing", "").await;
        assert_eq!(answer.error(), "401 invalid_client");
        assert_eq!(answer.body, answers[0].0);
    }
}

#[tokio::test]
async fn a4_a_client_with_a_certificate_needs_no_header_and_may_send_none() {
    let bank = Bank::new().await;
    let mut request = post("/oauth/token", FORM, ASKED);
    request
        .headers_mut()
        .insert("authorization", "Basic YmlsbGluZzo=".parse().unwrap());
    let answer = bank.ask(Some(&bank.client("billing")), request).await;
    assert_eq!(answer.error(), "401 invalid_client");
}

#[tokio::test]
async fn a8_the_trust_of_a_client_is_that_of_its_principal() {
    let bank = Bank::new().await;
    // The same names, by an authority of another trust and by one of none.
    let stranger = countersign_pki::Authority::root("Root", now()).unwrap();
    for root in [&bank.qualified, &stranger] {
        let forged = root
            .client(now())
            .uri("spiffe://a.example/billing")
            .issue()
            .unwrap();
        assert_eq!(
            bank.token(&forged, "billing", "").await.error(),
            "401 invalid_client"
        );
    }
}

#[tokio::test]
async fn a9_a_client_may_sign_its_own_certificate() {
    let bank = Bank::new().await;
    let token = bank.issue(&bank.selfmade, "selfmade").await;
    assert_eq!(bank.read_token(&token).binding, thumbprint(&bank.selfmade));
    assert_eq!(
        bank.read(&bank.selfmade, &token).await.status,
        StatusCode::OK
    );
    // Another certificate for the same key: its pin is trusted, and it is not registered.
    let own = countersign_pki::Request::self_signed(countersign_pki::Usage::Client, now());
    let again = own.for_key(bank.selfmade.key()).issue().unwrap();
    let answer = bank.token(&again, "selfmade", "").await;
    assert_eq!(answer.error(), "401 invalid_client");
    let why = format!("the certificate {} is not registered", thumbprint(&again));
    assert_eq!(answer.events.last().unwrap().detail(), Some(&*why));
    // Its dates count.
    bank.clock
        .set(bank.selfmade.not_after() + SignedDuration::from_secs(1));
    assert_eq!(
        bank.token(&bank.selfmade, "selfmade", "").await.error(),
        "401 invalid_client"
    );
}

#[tokio::test]
async fn a10_a_token_is_bound_to_the_certificate_that_asked_for_it() {
    let bank = Bank::new().await;
    let (first, renewed) = (bank.client("billing"), bank.client("billing"));
    for issued in [&first, &renewed] {
        let token = bank.issue(issued, "billing").await;
        assert_eq!(bank.read_token(&token).binding, thumbprint(issued));
    }
    let token = bank.issue(&first, "billing").await;
    assert_eq!(bank.read(&first, &token).await.body, "accounts payments");
    let refused = bank.read(&renewed, &token).await;
    assert_eq!(refused.json()["code"], "token-not-bound");
}

#[tokio::test]
async fn a12_the_answer_is_that_of_rfc_6749_and_has_nothing_to_refresh() {
    let bank = Bank::new().await;
    let answer = bank
        .token(&bank.client("billing"), "billing", "&scope=accounts")
        .await;
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    assert_eq!(answer.header("content-type"), "application/json");
    let mut json = answer.json();
    let token = bank.read_token(json["access_token"].as_str().unwrap());
    json["access_token"].take();
    let wanted = serde_json::json!({
        "access_token": null, "token_type": "Bearer", "expires_in": 300, "scope": "accounts",
    });
    assert_eq!(json, wanted);
    assert_eq!(
        (token.issuer.as_str(), token.subject.as_str()),
        (ISSUER, "billing")
    );
    assert_eq!(token.audience, [AUDIENCE]);
    assert_eq!(token.expires_at, now() + LONGEST);
}

#[tokio::test]
async fn a12_a_token_ends_with_its_certificate_if_that_is_first() {
    let bank = Bank::new().await;
    let ends = now() + SignedDuration::from_secs(90);
    let brief = bank
        .request("billing")
        .validity(now(), ends)
        .issue()
        .unwrap();
    let answer = bank.token(&brief, "billing", "").await;
    assert_eq!(answer.json()["expires_in"], 90);
}

#[tokio::test]
async fn a13_a_scope_is_what_policy_and_registration_permit_all_of_it_or_nothing() {
    let bank = Bank::new().await;
    let (billing, reports, api) = ["billing", "reports", "api"]
        .map(|name| bank.client(name))
        .into();
    for (issued, name, more, wanted) in [
        (&billing, "billing", "&scope=accounts", "accounts"),
        (
            &billing,
            "billing",
            "&scope=payments+accounts",
            "accounts payments",
        ),
        (&billing, "billing", "", "accounts payments"),
        (
            &billing,
            "billing",
            "&scope=accounts+everything",
            "400 invalid_scope",
        ),
        (
            &billing,
            "billing",
            "&scope=accounts++payments",
            "400 invalid_scope",
        ),
        (&billing, "billing", "&scope=%22", "400 invalid_scope"),
        // Permitted by the policy, and beyond its registration.
        (&reports, "reports", "", "accounts"),
        (&reports, "reports", "&scope=payments", "400 invalid_scope"),
        // The policy permits nothing.
        (&api, "api", "&scope=accounts", "400 invalid_scope"),
        (&api, "api", "", "400 invalid_scope"),
        // No statement in its certificate.
        (&billing, "billing", "&scope=aisp", "400 invalid_scope"),
    ] {
        let answer = bank.token(issued, name, more).await;
        match answer.status {
            StatusCode::OK => assert_eq!(answer.json()["scope"], wanted, "{more}"),
            _ => assert_eq!(answer.error(), wanted, "{name} {more}"),
        }
    }
}

#[tokio::test]
async fn a13_a_scope_of_psd2_needs_the_role_in_the_certificate() {
    let bank = Bank::new().await;
    let both = [Role::AccountInformation, Role::PaymentInitiation];
    for (roles, wanted) in [
        (vec![Role::AccountInformation], ["aisp", "-"]),
        (vec![Role::PaymentInitiation], ["-", "pisp"]),
        (both.to_vec(), ["aisp", "pisp"]),
        (vec![Role::AccountServicing, Role::CardIssuing], ["-", "-"]),
    ] {
        let qwac = bank.qwac(roles);
        for (scope, wanted) in ["aisp", "pisp"].into_iter().zip(wanted) {
            let answer = bank.token(&qwac, "tpp", &format!("&scope={scope}")).await;
            match wanted {
                "-" => {
                    assert_eq!(answer.error(), "400 invalid_scope");
                    let code = answer.events.last().unwrap().code.unwrap();
                    assert_eq!(code.as_str(), "psd2-role-missing");
                }
                _ => assert_eq!(answer.json()["scope"], wanted),
            }
        }
    }
    let nca = countersign_pki::psd2::Nca::new("GB", "FCA", "Financial Conduct Authority");
    let flawed = QcStatements::new(QcType::Web, &nca)
        .roles(both)
        .flawed(Flaw::FlatRoles);
    let qwac = tpp()
        .statements(flawed)
        .qwac(&bank.qualified, now())
        .issue()
        .unwrap();
    let answer = bank.token(&qwac, "tpp", "&scope=aisp").await;
    assert_eq!(answer.error(), "400 invalid_scope");
    let code = answer.events.last().unwrap().code.unwrap();
    assert_eq!(code.as_str(), "psd2-statement-malformed");
}

#[tokio::test]
async fn a14_a_token_is_for_one_api() {
    let bank = Bank::new().await;
    let billing = bank.client("billing");
    for (more, wanted) in [
        (String::new(), AUDIENCE),
        (format!("&resource={AUDIENCE}"), AUDIENCE),
        (format!("&resource={REPORTS}"), REPORTS),
        ("&scope=reports".to_owned(), REPORTS),
        (format!("&scope=reports&resource={REPORTS}"), REPORTS),
        (
            format!("&scope=accounts&resource={REPORTS}"),
            "400 invalid_scope",
        ),
        ("&scope=accounts+reports".to_owned(), "400 invalid_scope"),
        (
            "&resource=https://elsewhere.example".to_owned(),
            "400 invalid_target",
        ),
        (
            format!("&resource={AUDIENCE}&resource={REPORTS}"),
            "400 invalid_request",
        ),
    ] {
        let answer = bank.token(&billing, "billing", &more).await;
        if answer.status != StatusCode::OK {
            assert_eq!(answer.error(), wanted, "{more}");
            continue;
        }
        let text = answer.json()["access_token"].as_str().unwrap().to_owned();
        let keys = bank.server.keys().load_full();
        let verifier = countersign_oauth::TokenVerifier::new(ISSUER, wanted);
        assert_eq!(
            verifier.verify(&text, &keys, now()).unwrap().audience,
            [wanted]
        );
        let read = bank.read(&billing, &text).await;
        assert_eq!(read.status == StatusCode::OK, wanted == AUDIENCE, "{more}");
    }
}

#[tokio::test]
async fn a15_there_is_no_other_grant() {
    let bank = Bank::new().await;
    let billing = bank.client("billing");
    for grant in [
        "password&username=a&password=b",
        "authorization_code&code=a",
        "refresh_token&refresh_token=a",
        "implicit",
        "Client_Credentials",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        let form = format!("client_id=billing&grant_type={grant}");
        let answer = bank.post(&billing, "token", &form).await;
        assert_eq!(answer.error(), "400 unsupported_grant_type", "{grant}");
    }
}

#[tokio::test]
async fn a16_the_subject_of_a_token_is_a_principal_and_nobody_else() {
    let bank = Bank::new().await;
    let token = bank.read_token(&bank.issue(&bank.client("billing"), "billing").await);
    assert_eq!(token.subject, token.client_id);
    // Neither a mailbox nor a number can be one.
    for name in ["a@b.example", "1234", "billing ", "Billing"] {
        assert!(name.parse::<countersign_policy::PrincipalName>().is_err());
    }
}

#[tokio::test]
async fn a17_the_audit_log_tells_what_was_issued_and_why_nothing_was() {
    let bank = Bank::new().await;
    let billing = bank.client("billing");
    let answer = bank.token(&billing, "billing", "&scope=accounts").await;
    let token = bank.read_token(answer.json()["access_token"].as_str().unwrap());
    let [request, issued] = &answer.events[..] else {
        panic!("{answer:?}");
    };
    assert_eq!(request.route.as_deref(), Some("/oauth/token"));
    assert_eq!(request.correlation_id, issued.correlation_id);
    let certificate = issued.certificate().unwrap();
    assert_eq!(certificate.thumbprint(), thumbprint(&billing));
    assert_eq!(issued.identity().unwrap().trust().as_str(), "clients");
    let wanted = format!(
        "action allowed token-issued client_id=billing scope=accounts proof=tls_client_auth \
         jti={} audience={AUDIENCE} expires_at=2026-08-01T12:05:00Z",
        token.id
    );
    assert_eq!(answer.told(), wanted);
    let text = answer.json()["access_token"].to_string();
    assert!(!format!("{:?}", answer.events).contains(text.trim_matches('"')));

    let answer = bank.token(&billing, "reports", "&scope=accounts").await;
    assert_eq!(
        answer.told(),
        "action denied token-issued client_id=reports scope=accounts `billing` says that it is another client"
    );
    let answer = bank.token(&billing, "billing", "&scope=everything").await;
    assert_eq!(
        answer.told(),
        "action denied token-issued client_id=billing scope=everything there is no scope everything"
    );
}

#[tokio::test]
async fn no_token_is_given_away_that_is_not_remembered() {
    let bank = Bank::new().await;
    bank.server.store().close().await;
    let billing = bank.client("billing");
    let answer = bank.token(&billing, "billing", "").await;
    assert_eq!(answer.error(), "503 temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(
        bank.read(&billing, "e30.e30.AAAA").await.status,
        StatusCode::UNAUTHORIZED
    );
}
