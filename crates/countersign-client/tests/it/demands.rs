//! What a client may demand of a server: that it asks who calls, and that its key is a known one.

use countersign_client::{Client, Kind, Pin, ServerFault, ServerTrust};
use countersign_pki::Authority;
use jiff::Timestamp;

use crate::world::{BOTH_HTTP, BOTH_TLS, Server, World};

#[tokio::test]
async fn a_server_that_does_not_ask_is_told_apart_and_gets_no_request() {
    for tls in BOTH_TLS {
        for http in BOTH_HTTP {
            let world = World::new();
            let server = Server::start(world.silent_config()).await;
            let builder = world.client().credential(world.caller());
            let builder = builder.tls_version(tls).http_version(http);
            let client = builder.require_certificate_request().build();
            let client = client.await.unwrap();
            // The second call would resume the session of the first.
            for _ in 0..3 {
                let error = client.post(server.url("/ok")).send().await.unwrap_err();
                assert!(
                    matches!(error.kind(), Kind::CertificateNotRequested),
                    "{error:?}"
                );
                assert!(error.is_safe_to_retry());
                assert!(error.hint().unwrap().contains("ends TLS"));
            }
            assert_eq!(server.handled(), 0);
        }
    }
}

#[tokio::test]
async fn a_server_that_asks_is_called_also_in_a_resumed_session() {
    for tls in BOTH_TLS {
        let world = World::new();
        let server = world.serve().await;
        let builder = world.client().credential(world.caller()).tls_version(tls);
        let builder = builder.configure(|http| http.pool_max_idle_per_host(0));
        let client = builder.require_certificate_request().build();
        let client = client.await.unwrap();
        for _ in 0..3 {
            client.get(server.url("/ok")).send().await.unwrap();
        }
        assert_eq!(server.callers().len(), 3);
    }
}

#[tokio::test]
async fn the_demand_can_be_made_of_one_host() {
    let world = World::new();
    let server = Server::start(world.silent_config()).await;
    let builder = world.client().require_certificate_request_of("LOCALHOST");
    let client = builder.build().await.unwrap();
    let error = client.get(server.url("/ok")).send().await.unwrap_err();
    assert!(
        matches!(error.kind(), Kind::CertificateNotRequested),
        "{error:?}"
    );
    let by_address = server.url("/ok").replace("localhost", "127.0.0.1");
    client.get(by_address).send().await.unwrap();
}

fn pin(der: &[u8]) -> Pin {
    countersign_identity::Certificate::from_der(der)
        .unwrap()
        .pin()
}

async fn trusting(world: &World, trust: ServerTrust) -> Client {
    let builder = Client::builder().trust(trust).credential(world.caller());
    builder.build().await.unwrap()
}

#[tokio::test]
async fn a_pin_is_met_by_the_server_an_intermediate_or_the_ca_and_by_nobody_else() {
    let world = World::new();
    let issuing = world.server_ca.intermediate("Issuing", Timestamp::now());
    let issuing = issuing.unwrap();
    let issued = issuing
        .server(Timestamp::now())
        .dns("localhost")
        .issue()
        .unwrap();
    let server = Server::start(world.server_config(&issued)).await;
    let stranger = Authority::root("Stranger", Timestamp::now()).unwrap();
    let other = pin(stranger.certificate_der());
    for met in [
        issued.certificate_der(),
        issuing.certificate_der(),
        world.server_ca.certificate_der(),
    ] {
        let trust = world.trust().pin(other).pin(pin(met));
        let client = trusting(&world, trust).await;
        client.get(server.url("/ok")).send().await.unwrap();
    }
    let client = trusting(&world, world.trust().pin(other)).await;
    let error = client.get(server.url("/ok")).send().await.unwrap_err();
    let own = Some(pin(issued.certificate_der()));
    assert!(
        matches!(error.kind(), Kind::Trust(ServerFault::NotPinned { pin }) if *pin == own),
        "{error:?}"
    );
}

/// Anybody can send a certificate along that has the pinned key.
#[tokio::test]
async fn a_pinned_certificate_that_is_only_sent_along_does_not_count() {
    let world = World::new();
    let pinned = Authority::root("Pinned", Timestamp::now()).unwrap();
    let issued = world
        .server()
        .sent_with([pinned.certificate_der().to_vec()]);
    let server = Server::start(world.server_config(&issued)).await;
    let both = ServerTrust::pinned_ca_pem(pinned.certificate_pem().as_bytes()).unwrap();
    let trust = world.trust().or(both).pin(pin(pinned.certificate_der()));
    let error = trusting(&world, trust)
        .await
        .get(server.url("/ok"))
        .send()
        .await;
    let error = error.unwrap_err();
    let not_pinned = matches!(error.kind(), Kind::Trust(ServerFault::NotPinned { .. }));
    assert!(not_pinned, "{error:?}");
}

#[tokio::test]
async fn of_two_trusts_either_vouches() {
    let (world, other) = (World::new(), World::new());
    let trust = world.trust().or(other.trust());
    let client = trusting(&world, trust).await;
    for server in [
        world.serve().await,
        Server::start(other.server_config_for(&world)).await,
    ] {
        client.get(server.url("/ok")).send().await.unwrap();
    }
}

#[cfg(feature = "system-roots")]
#[tokio::test]
async fn the_roots_of_the_system_do_not_know_a_private_ca() {
    let world = World::new();
    let server = world.serve().await;
    // A system without any root makes no such client.
    let built = Client::builder()
        .trust(ServerTrust::system_roots())
        .build()
        .await;
    if let Ok(client) = built {
        let error = client.get(server.url("/ok")).send().await.unwrap_err();
        let unknown = matches!(error.kind(), Kind::Trust(ServerFault::UnknownIssuer { .. }));
        assert!(unknown, "{error:?}");
    }
}
