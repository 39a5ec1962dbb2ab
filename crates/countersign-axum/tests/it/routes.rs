//! Which route answers whom.

use axum::body::Body;
use countersign_axum::{Fault, Live};
use http::{Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::client::{BOTH, Http};
use crate::world::{World, router};

#[tokio::test]
async fn a_route_answers_whom_its_rule_lets_pass() {
    let get = || Method::GET;
    let rows = [
        ("billing", get(), "/healthz", "200 ok"),
        ("nobody", get(), "/healthz", "200 ok"),
        ("former", get(), "/healthz", "200 ok"),
        ("billing", get(), "/v1/transactions", "200 list for billing"),
        ("reports", get(), "/v1/transactions", "200 list for reports"),
        (
            "reports",
            Method::POST,
            "/v1/transactions",
            "403 permission-missing",
        ),
        ("nobody", get(), "/v1/transactions", "403 principal-unknown"),
        (
            "former",
            get(),
            "/v1/transactions",
            "403 principal-disabled",
        ),
        ("nobody", get(), "/whoami", "403 principal-unknown"),
        ("reports", get(), "/v1/transactions/7", "200 seven"),
        ("reports", get(), "/v1/transactions/8", "404 not-found"),
        ("billing", get(), "/v1/reports", "200 both"),
        ("reports", get(), "/v1/reports", "403 permission-missing"),
        // The rule is that of the route, whatever the method router makes of the method.
        ("billing", get(), "/v1/any", "200 any"),
        ("reports", get(), "/v1/any", "403 permission-missing"),
        ("nobody", Method::DELETE, "/v1/any", "403 principal-unknown"),
        ("billing", Method::DELETE, "/v1/rest", "200 rest"),
        (
            "reports",
            Method::DELETE,
            "/v1/rest",
            "403 permission-missing",
        ),
        (
            "nobody",
            Method::DELETE,
            "/v1/rest",
            "403 principal-unknown",
        ),
        // What matches nothing.
        ("reports", Method::POST, "/whoami", "405 method-not-allowed"),
        (
            "reports",
            Method::DELETE,
            "/v1/transactions",
            "405 method-not-allowed",
        ),
        ("reports", get(), "/v1", "404 not-found"),
        ("reports", get(), "//v1/transactions", "404 not-found"),
        ("reports", get(), "/v1/transactions/", "404 not-found"),
        ("reports", get(), "/v1//transactions", "404 not-found"),
        ("reports", get(), "/v1/./transactions", "404 not-found"),
        ("reports", get(), "/v1/%74ransactions", "404 not-found"),
        ("reports", get(), "/V1/transactions", "404 not-found"),
        ("reports", get(), "/v1/transactions;a=b", "404 not-found"),
        ("reports", get(), "/", "404 not-found"),
        (
            "reports",
            Method::POST,
            "/healthz",
            "405 method-not-allowed",
        ),
        ("nobody", Method::POST, "/healthz", "403 principal-unknown"),
    ];
    let world = World::new();
    let service = world.serve().await;
    for http in BOTH {
        for (name, method, path, wanted) in rows.clone() {
            let mut held = world.connect(&service, http, name).await;
            let answer = held.ask(method.clone(), path).await;
            let body = match answer.status.is_success() {
                true => answer.body.clone(),
                false => answer.code(),
            };
            let found = format!("{} {body}", answer.status.as_u16());
            assert_eq!(found, wanted, "{http:?} {name} {method} {path}");
            assert_eq!(answer.header("www-authenticate"), None);
        }
    }
}

#[tokio::test]
async fn head_is_decided_as_get() {
    let world = World::new();
    let mut service = world.serve().await;
    for http in BOTH {
        for (name, path, status, told) in [
            (
                "reports",
                "/v1/transactions",
                200,
                "allowed reports HEAD /v1/transactions",
            ),
            (
                "nobody",
                "/v1/transactions",
                403,
                "denied principal-unknown HEAD /v1/transactions",
            ),
            (
                "reports",
                "/v1/reports",
                403,
                "allowed reports HEAD /v1/reports",
            ),
        ] {
            let mut held = world.connect(&service, http, name).await;
            let head = held.ask(Method::HEAD, path).await;
            assert_eq!(head.status, status, "{http:?} {name} {path}");
            assert_eq!(head.body, "");
            assert_eq!(service.told().await, format!("request {told}"));
            if path == "/v1/reports" {
                let told = service.told().await;
                assert_eq!(
                    told,
                    "request denied permission-missing reports HEAD /v1/reports"
                );
            }
            let get = held.get(path).await;
            assert_eq!(get.status, status);
            assert_eq!(get.header("content-length"), head.header("content-length"));
            service.event().await;
            if path == "/v1/reports" {
                service.event().await;
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_caller_does_not_learn_which_paths_there_are() {
    let world = World::new();
    let service = world.serve().await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "nobody").await;
        let mut answers = Vec::new();
        for (method, path) in [
            (Method::GET, "/v1/transactions"),
            (Method::GET, "/nothing"),
            (Method::DELETE, "/v1/transactions"),
            (Method::DELETE, "/nothing"),
            (Method::POST, "/whoami"),
            (Method::POST, "/healthz"),
            (Method::OPTIONS, "/v1/transactions"),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request.header("x-request-id", "same");
            let mut answer = held.send(request.body(Body::empty()).unwrap()).await;
            answer.headers.remove("date");
            assert_eq!(answer.code(), "principal-unknown");
            answers.push((path, answer.status, answer.headers, answer.body));
        }
        let (_, status, headers, body) = answers.first().unwrap();
        for answer in &answers {
            assert_eq!(
                (&answer.1, &answer.2, &answer.3),
                (status, headers, body),
                "{}",
                answer.0
            );
        }
    }
}

#[tokio::test]
async fn a_known_caller_is_told_which_methods_there_are() {
    let world = World::new();
    let service = world.serve().await;
    let mut held = world.connect(&service, Http::Two, "reports").await;
    let answer = held.ask(Method::DELETE, "/v1/transactions").await;
    assert_eq!(answer.code(), "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
}

#[tokio::test]
async fn a_further_permission_that_a_handler_asks_for_is_a_second_event() {
    let world = World::new();
    let mut service = world.serve().await;
    let mut held = world.connect(&service, Http::Two, "reports").await;
    let answer = held.get("/v1/reports").await;
    assert_eq!(answer.code(), "permission-missing");
    assert_eq!(answer.detail(), "`reports` lacks `transactions:write`");
    let (first, second) = (service.event().await, service.event().await);
    assert_eq!(
        crate::world::brief(&first),
        "request allowed reports GET /v1/reports"
    );
    assert_eq!(
        crate::world::brief(&second),
        "request denied permission-missing reports GET /v1/reports"
    );
    assert_eq!(first.correlation_id, second.correlation_id);
    assert_eq!(
        second.detail(),
        Some("`reports` lacks `transactions:write`")
    );
    assert!(second.certificate().is_some() && second.identity().is_some());
}

#[tokio::test]
async fn every_decision_is_one_event() {
    let world = World::new();
    let mut service = world.serve().await;
    let mut held = world.connect(&service, Http::One, "reports").await;
    let mut nobody = world.connect(&service, Http::One, "nobody").await;
    for (name, method, path, told) in [
        (
            "reports",
            Method::GET,
            "/v1/transactions/7",
            "allowed reports GET /v1/transactions/{id}",
        ),
        // The handler's own affair: it was allowed.
        (
            "reports",
            Method::GET,
            "/v1/transactions/8",
            "allowed reports GET /v1/transactions/{id}",
        ),
        (
            "reports",
            Method::POST,
            "/v1/transactions",
            "denied permission-missing reports POST /v1/transactions",
        ),
        (
            "reports",
            Method::DELETE,
            "/v1/transactions",
            "allowed reports DELETE /v1/transactions",
        ),
        ("reports", Method::GET, "/nothing", "allowed reports GET"),
        (
            "nobody",
            Method::GET,
            "/nothing",
            "denied principal-unknown GET",
        ),
        (
            "nobody",
            Method::GET,
            "/whoami",
            "denied principal-unknown GET /whoami",
        ),
    ] {
        let asking = match name {
            "nobody" => &mut nobody,
            _ => &mut held,
        };
        asking.ask(method, path).await;
        assert_eq!(service.told().await, format!("request {told}"));
    }
    // A public route decides nothing.
    nobody.get("/healthz").await;
    drop((held, nobody));
    assert!(service.rest().await.is_empty());
}

/// What a router answers that nobody identifies the callers of.
async fn unserved(live: Live, method: Method, path: &str) -> (u16, String) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let answer = router(live).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn without_our_listener_everything_is_refused() {
    let live = World::new().live;
    for (method, path) in [
        (Method::GET, "/v1/transactions"),
        (Method::HEAD, "/v1/transactions"),
        (Method::GET, "/whoami"),
        (Method::DELETE, "/whoami"),
        (Method::DELETE, "/v1/rest"),
        (Method::GET, "/nothing"),
    ] {
        let (status, body) = unserved(live.clone(), method.clone(), path).await;
        assert_eq!(status, 500, "{method} {path}");
        if method != Method::HEAD {
            assert!(body.contains("\"code\":\"internal\""), "{body}");
        }
    }
    assert_eq!(
        unserved(live, Method::GET, "/healthz").await,
        (200, "ok".to_owned())
    );
}

#[tokio::test]
async fn a_fault_keeps_its_words() {
    let world = World::new();
    let service = world.serve().await;
    let mut held = world.connect(&service, Http::Two, "reports").await;
    let answer = held.get("/v1/transactions/8").await;
    assert_eq!(answer.code(), "not-found");
    assert_eq!(answer.detail(), "no transaction `8`");
    let fault = Fault::new(countersign_axum::Code::NotFound, "gone");
    assert_eq!((fault.code().status(), fault.detail()), (404, "gone"));
}
