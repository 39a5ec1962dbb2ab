use countersign_axum::audit::Outcome;
use countersign_client::Kind;
use countersign_problem::Code;
use countersign_tests::{BILLING, NEWCOMER, REPORTS, Wire, World};
use serde_json::{Value, json};

#[tokio::test]
async fn a_principal_with_the_permission_is_answered() {
    for wire in Wire::ALL {
        let mut world = World::start().await.unwrap();
        let client = wire
            .only(world.client_as(BILLING).unwrap())
            .build()
            .await
            .unwrap();

        let response = client
            .get(world.url("/v1/transactions"))
            .send()
            .await
            .unwrap();
        let page: Value = response.json().await.unwrap();
        assert_eq!(page, json!({ "items": [], "next": null }), "{wire}");

        let event = world.event().await.unwrap();
        assert_eq!(event.outcome, Outcome::Allowed, "{wire}");
        assert_eq!(event.code, None);
        assert_eq!(event.principal().unwrap().as_str(), "billing");
        assert_eq!(
            event.identity().unwrap().to_string(),
            format!("clients: {BILLING}")
        );
        assert_eq!(event.route.as_deref(), Some("/v1/transactions"));
        let handshake = event.handshake().unwrap();
        assert_eq!(handshake.version, wire.tls);
        assert_eq!(handshake.alpn.as_deref(), Some(wire.alpn()));
        assert_eq!(handshake.key_exchange.as_deref(), key_exchange(wire));
        assert!(world.further_events().is_empty());
    }
}

/// The hybrid is defined for TLS 1.3 alone.
fn key_exchange(wire: Wire) -> Option<&'static str> {
    Some(match wire.tls {
        countersign_tls::TlsVersion::Tls13 => "X25519MLKEM768",
        _ => "X25519",
    })
}

#[tokio::test]
async fn a_principal_without_the_permission_is_denied_by_name() {
    for wire in Wire::ALL {
        let mut world = World::start().await.unwrap();
        let client = wire
            .only(world.client_as(REPORTS).unwrap())
            .build()
            .await
            .unwrap();

        let request = client.post(world.url("/v1/transactions")).json(&json!({}));
        let error = request.send().await.unwrap_err();
        let Kind::Denied(problem) = error.kind() else {
            panic!("{wire}: {error}");
        };
        assert_eq!(problem.code(), Code::PermissionMissing, "{wire}");
        assert_eq!(problem.detail(), "`reports` lacks `transactions:write`");
        assert!(!error.is_safe_to_retry());

        let event = world.event().await.unwrap();
        assert_eq!(event.outcome, Outcome::Denied, "{wire}");
        assert_eq!(event.code, Some(Code::PermissionMissing));
        assert_eq!(event.principal().unwrap().as_str(), "reports");
        assert_eq!(event.method.unwrap(), http::Method::POST);
        assert_eq!(
            event.correlation_id.unwrap().as_str(),
            problem.correlation_id()
        );
        assert!(world.further_events().is_empty());
    }
}

#[tokio::test]
async fn a_valid_certificate_of_nobody_is_denied() {
    for wire in Wire::ALL {
        let mut world = World::start().await.unwrap();
        let client = wire
            .only(world.client_as(NEWCOMER).unwrap())
            .build()
            .await
            .unwrap();

        let error = client
            .get(world.url("/v1/transactions"))
            .send()
            .await
            .unwrap_err();
        assert_eq!(
            error.code(),
            Some(Code::PrincipalUnknown),
            "{wire}: {error}"
        );
        assert!(matches!(error.kind(), Kind::Denied(_)), "{wire}: {error}");

        let event = world.event().await.unwrap();
        assert_eq!(event.outcome, Outcome::Denied, "{wire}");
        assert_eq!(event.code, Some(Code::PrincipalUnknown));
        assert_eq!(event.principal(), None);
        assert_eq!(event.identity().unwrap().name().to_string(), NEWCOMER);
        assert!(world.further_events().is_empty());
    }
}

#[tokio::test]
async fn a_renewed_certificate_keeps_its_principal() {
    let world = World::start().await.unwrap();
    for _ in 0..2 {
        let client = world.client_as(BILLING).unwrap().build().await.unwrap();
        let response = client.get(world.url("/whoami")).send().await.unwrap();
        let whoami: Value = response.json().await.unwrap();
        assert_eq!(whoami["principal"], "billing");
    }
}

#[tokio::test]
async fn whoami_tells_what_the_decision_rests_on() {
    let world = World::start().await.unwrap();
    let client = world.client_as(REPORTS).unwrap().build().await.unwrap();
    let response = client.get(world.url("/whoami")).send().await.unwrap();
    let whoami: Value = response.json().await.unwrap();
    assert_eq!(whoami["trust"], "clients");
    assert_eq!(whoami["identity"], REPORTS);
    assert_eq!(whoami["permissions"], json!(["transactions:read"]));
    assert_eq!(whoami["certificate"]["sans"], json!([REPORTS]));
    assert_eq!(whoami["certificate"]["issuer"], "CN=World Issuing CA");
    assert_eq!(whoami["tls"]["version"], "1.3");
    assert_eq!(whoami["tls"]["key_exchange"], "X25519MLKEM768");
}

#[tokio::test]
async fn a_certificate_that_expires_on_an_open_connection_is_refused() {
    for wire in Wire::ALL {
        let mut world = World::start().await.unwrap();
        let now = world.clock.now();
        let soon = now + jiff::SignedDuration::from_mins(5);
        let request = world.issuing.client(now).uri(BILLING).validity(now, soon);
        let billing = request.issue().unwrap();
        let client = wire
            .only(world.client(Some(&billing)).unwrap())
            .build()
            .await
            .unwrap();
        client.get(world.url("/whoami")).send().await.unwrap();
        assert_eq!(world.event().await.unwrap().outcome, Outcome::Allowed);

        world.clock.advance(jiff::SignedDuration::from_mins(6));
        let error = client.get(world.url("/whoami")).send().await.unwrap_err();
        assert_eq!(
            error.code(),
            Some(Code::CertificateExpired),
            "{wire}: {error}"
        );
        let event = world.event().await.unwrap();
        assert_eq!(event.outcome, Outcome::Denied, "{wire}");
        assert_eq!(event.code, Some(Code::CertificateExpired));
        assert!(event.certificate().is_some());
    }
}

#[tokio::test]
async fn the_admin_listener_answers_without_a_certificate() {
    let world = World::start().await.unwrap();
    let answer = world.ask_admin("/healthz").await.unwrap();
    assert_eq!(answer, (200, "ok\n".to_owned()));
}
