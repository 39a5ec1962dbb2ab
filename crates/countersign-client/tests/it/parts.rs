//! For those who keep what they have: their reqwest client, their layers, their threads, their registry.

use countersign_client::{Alert, ClientBuilderExt, Kind, Likely, ReqwestErrorExt, StatusCode};
use tower::ServiceExt;

use crate::world::World;

#[tokio::test]
async fn a_client_of_reqwest_can_be_given_credential_and_trust() {
    let world = World::new();
    let server = world.serve().await;
    let builder = reqwest::Client::builder().user_agent("billing/1.4");
    let http = builder.present_credential(Some(&world.caller()), &world.trust());
    let http = http.unwrap().build().unwrap();
    let answer = http.get(server.url("/whose")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let other = world.serve().await;
    let away = server.url(&format!("/to-target?{}", other.url("/ok")));
    let answer = http.get(away).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(other.callers(), []);
}

#[tokio::test]
async fn its_errors_tell_why_it_was_refused_every_time() {
    let world = World::new();
    let server = world.serve().await;
    for _ in 0..20 {
        let builder = reqwest::Client::builder();
        let http = builder.present_credential(None, &world.trust()).unwrap();
        let http = http.http2_prior_knowledge().build().unwrap();
        let error = http.post(server.url("/ok")).send().await.unwrap_err();
        let Some(Kind::Refused(refused)) = error.countersign_kind() else {
            panic!("{error:?}");
        };
        assert_eq!(refused.alert, Some(Alert::CERTIFICATE_REQUIRED));
        assert_eq!(refused.likely, Likely::NoCertificate);
    }
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn an_error_that_is_not_of_connecting_is_not_explained() {
    let builder = reqwest::Client::builder();
    let http = builder.present_credential(None, &World::new().trust());
    let http = http.unwrap().build().unwrap();
    let error = http.get("no url").send().await.unwrap_err();
    assert!(error.countersign_kind().is_none());
}

#[tokio::test]
async fn the_client_of_reqwest_within_can_be_had() {
    let world = World::new();
    let server = world.serve().await;
    let client = world.client().credential(world.caller()).build().await;
    let http = client.unwrap().to_reqwest();
    let answer = http.get(server.url("/whose")).send().await.unwrap();
    assert_ne!(answer.text().await.unwrap(), "");
}

#[tokio::test]
async fn a_client_is_a_service_for_layers_of_tower() {
    let world = World::new();
    let server = world.serve().await;
    let client = world.client().credential(world.caller()).build().await;
    let client = client.unwrap();
    let url = server.url("/none").parse().unwrap();
    let request = countersign_client::Request::new(countersign_client::Method::GET, url);
    let layered = tower::ServiceBuilder::new()
        .concurrency_limit(1)
        .service(client);
    let answer = layered.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn what_happens_is_counted() {
    use countersign_client::{CredentialSource, Metrics};
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    let world = World::new();
    let server = world.serve().await;
    let mut registry = Registry::default();
    let metrics = Metrics::registered_in(&mut registry);
    let caller = world.caller();
    let end = caller.certificate().not_after().as_second();
    let next = std::sync::Mutex::new(Some(world.caller()));
    let source = CredentialSource::from_fn(move || {
        let next = next
            .lock()
            .unwrap()
            .take()
            .unwrap_or_else(|| caller.clone());
        async move { Ok::<_, std::io::Error>(next) }
    });
    let builder = world.client().credential(source).metrics(metrics);
    let client = builder.without_polling().build().await.unwrap();
    client.get(server.url("/ok")).send().await.unwrap();
    client.reload().await.unwrap();
    client.get(server.url("/denied")).send().await.unwrap_err();

    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    for line in [
        "countersign_client_calls_total{outcome=\"answered\"} 1",
        "countersign_client_calls_total{outcome=\"denied\"} 1",
        "countersign_client_rotations_total 1",
        "countersign_client_reloads_refused_total 0",
        &format!("countersign_client_certificate_not_after_seconds {end}"),
    ] {
        assert!(text.contains(line), "{line}:\n{text}");
    }
}

#[cfg(feature = "blocking")]
#[test]
fn a_thread_can_wait_for_its_answer() {
    use countersign_client::{BuildError, RequestFault};

    use crate::world::BOTH_TLS;

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = World::new();
    let server = runtime.block_on(world.serve());
    for tls in BOTH_TLS {
        let builder = world.client().credential(world.caller()).tls_version(tls);
        let client = builder.build_blocking().unwrap();
        let ours = client.credential().unwrap();
        let answer = client.get(server.url("/whose")).send().unwrap();
        assert_eq!(answer.text().unwrap(), ours.serial());
        let error = client
            .post(server.url("/denied"))
            .body("x")
            .send()
            .unwrap_err();
        assert!(matches!(error.kind(), Kind::Denied(_)), "{error:?}");
        let mut answer = client.get(server.url("/text")).send_any_status().unwrap();
        assert_eq!(answer.chunk().unwrap().unwrap(), "hello");

        let within = runtime.block_on(async { client.get(server.url("/ok")).send() });
        let fault = RequestFault::WithinRuntime;
        let error = within.unwrap_err();
        assert!(
            matches!(error.kind(), Kind::Request(seen) if *seen == fault),
            "{error:?}"
        );
        let within = runtime.block_on(async { world.client().build_blocking() });
        assert!(matches!(within, Err(BuildError::WithinRuntime)));
        // It may end anywhere.
        runtime.block_on(async { drop(client) });
    }
    let refused = world.client().build_blocking().unwrap();
    let error = refused.get(server.url("/ok")).send().unwrap_err();
    assert!(matches!(error.kind(), Kind::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn the_events_end_with_the_client() {
    let world = World::new();
    let client = world.client().credential(world.caller()).build().await;
    let client = client.unwrap();
    let mut events = client.events();
    drop(client);
    assert!(events.next().await.is_none());
}
