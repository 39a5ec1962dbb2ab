//! What the metadata says (M1 to M4).

use countersign_oauth::{Issuer, TokenServer};
use http::StatusCode;
use serde_json::{Value, json};

use crate::bank::{Bank, keys, settings};
use crate::forge::ISSUER;

const PATHS: [&str; 2] = [
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
];

async fn metadata(bank: &Bank) -> Value {
    let [one, other] = [
        bank.get(None, PATHS[0]).await,
        bank.get(None, PATHS[1]).await,
    ];
    assert_eq!((one.status, &one.body), (StatusCode::OK, &other.body));
    assert_eq!(one.header("content-type"), "application/json");
    one.json()
}

#[test]
fn m1_an_issuer_is_an_https_url_without_more() {
    for (text, is_one) in [
        ("https://as.example", true),
        ("https://as.example:8443", true),
        ("https://as.example/tenants/a", true),
        ("http://as.example", false),
        ("https://as.example/", false),
        ("https://as.example/a/", false),
        ("https://as.example//a", false),
        ("https://as.example/../a", false),
        ("https://as.example/{a}", false),
        ("https://as.example/a%2f", false),
        ("https://as.example?a=b", false),
        ("https://as.example#a", false),
        ("https://a@as.example", false),
        ("https://", false),
        ("as.example", false),
    ] {
        assert_eq!(text.parse::<Issuer>().is_ok(), is_one, "{text}");
    }
}

#[tokio::test]
async fn m1_metadata_stands_where_both_standards_look_for_it() {
    let bank = Bank::new().await;
    assert_eq!(metadata(&bank).await["issuer"], ISSUER);
    let other = bank.server.store().clone();
    let clients = bank.server.settings().clients().clone();
    let issuer = "https://as.example/tenants/a".parse().unwrap();
    let settings = countersign_oauth::Settings::new(issuer, ISSUER, keys(), clients);
    let below = TokenServer::new(bank.live.clone(), other, settings);
    let table = below.api().table().to_string();
    for path in [
        "/.well-known/oauth-authorization-server/tenants/a ",
        "/tenants/a/.well-known/openid-configuration ",
        "/tenants/a/oauth/token ",
    ] {
        assert!(table.contains(path), "{path} is not in\n{table}");
    }
}

#[tokio::test]
async fn m2_m3_metadata_says_what_there_is_and_nothing_that_there_is_not() {
    let bank = Bank::new().await;
    let methods = json!(["tls_client_auth", "self_signed_tls_client_auth"]);
    let mut wanted = json!({
        "issuer": ISSUER,
        "token_endpoint": "https://as.example/oauth/token",
        "revocation_endpoint": "https://as.example/oauth/revoke",
        "introspection_endpoint": "https://as.example/oauth/introspect",
        "jwks_uri": "https://as.example/oauth/jwks",
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": methods,
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": ["accounts", "aisp", "payments", "pisp", "reports"],
        "tls_client_certificate_bound_access_tokens": true,
    });
    assert_eq!(metadata(&bank).await, wanted);
    let aliased = settings(keys(), &bank.selfmade);
    bank.server
        .put(aliased.aliases("https://mtls.as.example".parse().unwrap()));
    wanted["mtls_endpoint_aliases"] = json!({
        "token_endpoint": "https://mtls.as.example/oauth/token",
        "revocation_endpoint": "https://mtls.as.example/oauth/revoke",
        "introspection_endpoint": "https://mtls.as.example/oauth/introspect",
    });
    assert_eq!(metadata(&bank).await, wanted);
}

/// The schema of the conformance suite, as far as it goes: each member is known, and of its type.
#[tokio::test]
async fn m4_metadata_is_valid_by_the_schema_of_the_conformance_suite() {
    let bank = Bank::new().await;
    let aliased = settings(keys(), &bank.selfmade);
    bank.server
        .put(aliased.aliases("https://mtls.as.example".parse().unwrap()));
    let schema =
        include_str!("../../../../fixtures/vectors/oidf/oauth_authorization_server_metadata.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let mut metadata = metadata(&bank).await;
    let faults: Vec<_> = validator
        .iter_errors(&metadata)
        .map(|fault| fault.to_string())
        .collect();
    assert_eq!(faults, [""; 0]);
    // It would say so.
    metadata["token_endpoint"] = json!("no uri");
    metadata["not_registered"] = json!(1);
    assert_eq!(validator.iter_errors(&metadata).count(), 2);
}
