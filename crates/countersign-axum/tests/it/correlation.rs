use axum::body::Body;
use http::Request;

use crate::client::BOTH;
use crate::world::World;

#[tokio::test]
async fn the_id_of_a_request_is_in_the_answer_the_problem_and_the_event() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let world = World::new();
    let mut service = world.serve().await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "reports").await;
        for (name, value, id) in [
            ("x-request-id", "order-17", Some("order-17")),
            ("traceparent", parent, Some(trace)),
            ("x-request-id", "no id at all", None),
            ("traceparent", "00-0-0-0", None),
            ("x-other", "", None),
        ] {
            for path in [
                "/whoami",
                "/v1/reports",
                "/nothing",
                "/v1/transactions/8",
                "/healthz",
            ] {
                let request = Request::builder().uri(path).header(name, value);
                let answer = held.send(request.body(Body::empty()).unwrap()).await;
                let given = answer.header("x-request-id").unwrap();
                match id {
                    Some(id) => assert_eq!(given, id),
                    None => assert!(given.len() == 32 && given != value, "{given}"),
                }
                if !answer.status.is_success() {
                    answer.code();
                }
                if path == "/whoami" {
                    assert!(answer.body.ends_with(&format!("({given})")), "{answer:?}");
                }
                if path != "/healthz" {
                    let event = service.event().await;
                    assert_eq!(event.correlation_id.unwrap().as_str(), given);
                }
                if path == "/v1/reports" {
                    let event = service.event().await;
                    assert_eq!(event.correlation_id.unwrap().as_str(), given);
                }
            }
        }
    }
}
