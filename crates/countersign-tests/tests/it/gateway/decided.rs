//! What is refused does not reach the service.

use axum::body::Body;
use countersign_axum::audit::Outcome;
use countersign_problem::Code;
use countersign_tests::{NEWCOMER, REPORTS, World};
use countersign_tls::ClientCertificate;
use http::{Method, Request};

use super::edge::{BOTH, CALLER, Edge, soon};

#[tokio::test]
async fn only_what_the_routes_and_the_policy_allow_reaches_the_service() {
    let mut edge = Edge::start(r#"["rfc9440"]"#).await;
    let (get, post) = (Method::GET, Method::POST);
    for alpn in BOTH {
        for (name, method, path, wanted) in [
            (CALLER, &get, "/v1/read/7", None),
            (REPORTS, &get, "/v1/read/7", None),
            (REPORTS, &Method::HEAD, "/v1/read/7", None),
            (CALLER, &post, "/v1/read/7", None),
            (REPORTS, &post, "/v1/read/7", Some(Code::PermissionMissing)),
            (
                REPORTS,
                &Method::DELETE,
                "/v1/read/7",
                Some(Code::PermissionMissing),
            ),
            (NEWCOMER, &get, "/v1/read/7", Some(Code::PrincipalUnknown)),
            (NEWCOMER, &get, "/v1/other", Some(Code::PrincipalUnknown)),
            (NEWCOMER, &get, "/public/a/b", None),
            (REPORTS, &post, "/public/a/b", Some(Code::MethodNotAllowed)),
            (CALLER, &get, "/admin", Some(Code::NotFound)),
            (CALLER, &get, "/V1/read/7", Some(Code::NotFound)),
            (CALLER, &get, "/v1/read/%2e%2e", Some(Code::RequestInvalid)),
            (
                CALLER,
                &get,
                "/v1/read/..%2f..%2fadmin",
                Some(Code::RequestInvalid),
            ),
            (CALLER, &get, "/public/../admin", Some(Code::RequestInvalid)),
            (
                CALLER,
                &get,
                "/public/%2e%2E/admin",
                Some(Code::RequestInvalid),
            ),
            (CALLER, &get, "/public//admin", Some(Code::RequestInvalid)),
            (
                CALLER,
                &Method::TRACE,
                "/v1/other",
                Some(Code::MethodNotAllowed),
            ),
        ] {
            let before = edge.service.asked();
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).unwrap();
            let answer = edge.ask(Some(&edge.issue(name)), alpn, request).await;
            let reached = edge.service.asked() - before;
            let code = (!answer.status.is_success()).then(|| answer.code());
            let wanted = wanted.map(|code| code.as_str().to_owned());
            let what = format!("{alpn} {name} {method} {path}");
            assert_eq!(reached, usize::from(wanted.is_none()), "{what}");
            assert_eq!(code, wanted, "{what}");
        }
    }
    // Of each denial the audit log is told.
    let mut denied = 0;
    while denied < 2 * 4 {
        let event = soon(edge.events.recv()).await.unwrap();
        denied += usize::from(event.outcome == Outcome::Denied);
    }
}

#[tokio::test]
async fn who_shows_no_certificate_gets_what_is_public_and_no_more() {
    let world = World::with_mode(ClientCertificate::Requested)
        .await
        .unwrap();
    let edge = Edge::before_service(world, r#"identity = ["rfc9440", "principal"]"#).await;
    for alpn in BOTH {
        for (path, status, reached) in [("/public/a", 200, 1), ("/v1/other", 401, 0)] {
            let before = edge.service.asked();
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = edge.ask(None, alpn, request).await;
            assert_eq!(answer.status, status, "{alpn} {path}");
            assert_eq!(edge.service.asked() - before, reached, "{alpn} {path}");
        }
    }
}
