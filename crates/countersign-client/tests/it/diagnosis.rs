//! What a diagnosis says is what a call would meet, and it shows more.

use countersign_client::{Alert, Client, Diagnosis, Kind, Likely, TransportFault};
use countersign_pki::Authority;
use jiff::Timestamp;

use crate::world::{BOTH_HTTP, BOTH_TLS, Server, World, credential};

async fn diagnose(client: &Client, server: &Server, request: bool) -> Diagnosis {
    let url = server.url("/ok").parse().unwrap();
    client.diagnose(&url, request).await
}

#[tokio::test]
async fn of_a_server_that_accepts_everything_is_known() {
    let world = World::new();
    let server = world.serve().await;
    for tls in BOTH_TLS {
        for http in BOTH_HTTP {
            let builder = world.client().credential(world.caller());
            let builder = builder.tls_version(tls).http_version(http);
            let client = builder.build().await.unwrap();
            let seen = diagnose(&client, &server, true).await;
            assert!(seen.is_well(), "{seen}");
            assert_eq!(seen.address, Some(server.address));
            let agreed = seen.agreed.unwrap();
            assert_eq!(agreed.version, tls);
            assert!(agreed.cipher_suite.is_some() && agreed.key_exchange.is_some());
            assert_eq!(seen.acceptable, ["CN=Client CA"]);
            assert_eq!(seen.status.unwrap(), 200);
            assert!(seen.findings.is_empty());
            assert_eq!(seen.server.len(), 1);
            assert_eq!(seen.ours.len(), 1);
        }
    }
}

#[tokio::test]
async fn a_handshake_is_looked_at_without_a_request() {
    let world = World::new();
    let server = world.serve().await;
    let client = world.client().credential(world.caller());
    let client = client.build().await.unwrap();
    let seen = diagnose(&client, &server, false).await;
    assert!(seen.is_well(), "{seen}");
    assert_eq!((seen.status, server.handled()), (None, 0));
}

#[tokio::test]
async fn a_refusal_is_told_as_a_call_would_tell_it() {
    let world = World::new();
    let server = world.serve().await;
    let other = Authority::root("Other CA", Timestamp::now()).unwrap();
    let strange = other.client(Timestamp::now()).issue().unwrap();
    for tls in BOTH_TLS {
        let builder = world.client().credential(credential(&strange));
        let client = builder.tls_version(tls).build().await.unwrap();
        let seen = diagnose(&client, &server, true).await;
        let called = client.get(server.url("/ok")).send().await.unwrap_err();
        assert_eq!(seen.headline(), called.to_string());
        assert_eq!(seen.next(), called.hint());
        assert_eq!(seen.is_issuer_accepted(), Some(false));
        let error = seen.error.unwrap();
        let Kind::Refused(refused) = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!(refused.alert, Some(Alert::UNKNOWN_CA));
        let issuer = matches!(refused.likely, Likely::IssuerNotAccepted { .. });
        assert!(issuer, "{:?}", refused.likely);
    }
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn a_server_that_does_not_ask_is_not_well() {
    let world = World::new();
    let server = Server::start(world.silent_config()).await;
    let client = world.client().credential(world.caller());
    let client = client.build().await.unwrap();
    let seen = diagnose(&client, &server, true).await;
    assert_eq!((seen.asked, seen.is_well()), (Some(false), false));
    let wanted = "`localhost` does not ask for a client certificate";
    assert_eq!(seen.headline(), wanted);
}

/// No connection of it carries the certificate.
#[tokio::test]
async fn a_server_that_is_not_trusted_is_presented_nothing() {
    let world = World::new();
    let server = world.serve().await;
    let stranger = World::new();
    let client = world.client().trust(stranger.trust());
    let client = client.credential(world.caller()).build().await.unwrap();
    let seen = diagnose(&client, &server, true).await;
    let error = seen.error.as_ref().unwrap();
    assert!(matches!(error.kind(), Kind::Trust(_)), "{error:?}");
    assert_eq!(Some(error.to_string()), Some(seen.headline()));
    assert_eq!(seen.server.len(), 1);
    assert!(server.callers().iter().all(Option::is_none));
}

/// As with reqwest, below which a call goes.
#[tokio::test]
async fn a_port_in_the_url_counts_more_than_one_in_a_given_address() {
    let world = World::new();
    let server = world.serve().await;
    let builder = world.client().credential(world.caller());
    let elsewhere = "127.0.0.1:1".parse().unwrap();
    let client = builder.resolve("localhost", elsewhere).build();
    let client = client.await.unwrap();
    client.get(server.url("/ok")).send().await.unwrap();
    let seen = diagnose(&client, &server, true).await;
    assert!(seen.is_well(), "{seen}");

    let without = "https://localhost/".parse().unwrap();
    let seen = client.diagnose(&without, true).await;
    assert_eq!(seen.address, None);
    assert_eq!(seen.addresses, [elsewhere]);
    let error = seen.error.unwrap();
    let fault = matches!(
        error.kind(),
        Kind::Transport(TransportFault::Connect { .. })
    );
    assert!(fault, "{error:?}");
}
