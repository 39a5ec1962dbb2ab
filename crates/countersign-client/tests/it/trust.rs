//! A server that is not trusted is named as such, with the facts, and gets no request.

use std::net::Ipv4Addr;
use std::sync::Arc;

use countersign_client::{
    BuildError, Client, ClientBuilder, Clock, Kind, ServerFault, ServerTrust, TlsVersion,
};
use countersign_pki::{Authority, Issued, Usage};
use jiff::Timestamp;

use crate::world::{BOTH_HTTP, BOTH_TLS, Server, World, days_from_now};

#[tokio::test]
async fn a_server_of_another_ca() {
    let stranger = Authority::root("Stranger", Timestamp::now()).unwrap();
    let server = stranger
        .server(Timestamp::now())
        .dns("localhost")
        .issue()
        .unwrap();
    check(
        &server,
        |builder| builder,
        |fault| {
            let ServerFault::UnknownIssuer { issuer, .. } = fault else {
                return false;
            };
            issuer.as_deref() == Some("CN=Stranger")
        },
    )
    .await;
}

#[tokio::test]
async fn a_server_of_a_ca_of_the_same_name_and_another_key() {
    let impostor = Authority::root("Server CA", Timestamp::now()).unwrap();
    let server = impostor
        .server(Timestamp::now())
        .dns("localhost")
        .issue()
        .unwrap();
    check(
        &server,
        |builder| builder,
        |fault| *fault == ServerFault::BadSignature,
    )
    .await;
}

#[tokio::test]
async fn a_server_with_another_name() {
    let world = World::new();
    let other = world.server_ca.server(Timestamp::now()).dns("api.example");
    let other = other.ip(Ipv4Addr::LOCALHOST).issue().unwrap();
    let mismatch = ServerFault::NameMismatch {
        expected: "localhost".to_owned(),
        presented: vec!["dns:api.example".to_owned(), "ip:127.0.0.1".to_owned()],
    };
    check_in(
        &world,
        &other,
        |builder| builder,
        |fault| *fault == mismatch,
    )
    .await;
}

#[tokio::test]
async fn a_server_that_has_expired() {
    let world = World::new();
    let not_after = days_from_now(-2);
    let expired = world.server_ca.server(Timestamp::now()).dns("localhost");
    let expired = expired
        .validity(days_from_now(-9), not_after)
        .issue()
        .unwrap();
    let fault = ServerFault::Expired { not_after };
    check_in(&world, &expired, |builder| builder, |seen| *seen == fault).await;
}

#[tokio::test]
async fn a_server_that_is_not_yet_valid() {
    let world = World::new();
    let not_before = days_from_now(2);
    let early = world.server_ca.server(Timestamp::now()).dns("localhost");
    let early = early
        .validity(not_before, days_from_now(9))
        .issue()
        .unwrap();
    let fault = ServerFault::NotYetValid { not_before };
    check_in(&world, &early, |builder| builder, |seen| *seen == fault).await;
}

#[tokio::test]
async fn a_good_server_by_a_clock_that_is_late() {
    #[derive(Debug)]
    struct Late(Timestamp);
    impl Clock for Late {
        fn now(&self) -> Timestamp {
            self.0
        }
    }
    let world = World::new();
    let server = world.server();
    let clock = Arc::new(Late(days_from_now(40)));
    let fault = ServerFault::Expired {
        not_after: server.not_after(),
    };
    check_in(
        &world,
        &server,
        |builder| builder.clock(clock.clone()),
        |seen| *seen == fault,
    )
    .await;
}

#[tokio::test]
async fn a_server_with_the_certificate_of_a_client() {
    let world = World::new();
    let client = world.server_ca.server(Timestamp::now()).dns("localhost");
    let client = client.extended_key_usage(&[Usage::Client]).issue().unwrap();
    check_in(
        &world,
        &client,
        |builder| builder,
        |fault| *fault == ServerFault::WrongPurpose,
    )
    .await;
}

#[tokio::test]
async fn a_host_that_is_resolved_by_hand_is_verified_by_its_name() {
    let world = World::new();
    let named = world
        .server_ca
        .server(Timestamp::now())
        .dns("api.example")
        .issue()
        .unwrap();
    let server = Server::start(world.server_config(&named)).await;
    let client = world
        .client()
        .credential(world.caller())
        .resolve("api.example", server.address)
        .build()
        .await
        .unwrap();
    let url = format!("https://api.example:{}/ok", server.address.port());
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn without_trust_there_is_no_client() {
    let error = Client::builder().build().await.unwrap_err();
    assert!(matches!(error, BuildError::NoTrust));
    assert_eq!(
        error.to_string(),
        "no trust: say with `trust` which CA must have issued the server's certificate"
    );
}

#[tokio::test]
async fn a_version_that_is_none_cannot_be_spoken() {
    let builder = World::new().client().tls_version(TlsVersion::Unknown);
    let error = builder.build().await.unwrap_err();
    assert!(matches!(error, BuildError::TlsVersion { .. }));
}

#[tokio::test]
async fn trust_comes_from_a_file_too_and_errors_name_it() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, world.server_ca.certificate_pem()).unwrap();
    assert!(ServerTrust::pinned_ca_pem_file(&path).is_ok());

    let missing = folder.path().join("missing.pem");
    let error = ServerTrust::pinned_ca_pem_file(&missing).unwrap_err();
    assert!(error.to_string().contains("missing.pem"), "{error}");
}

/// reqwest takes the configuration as `dyn Any`: one of another rustls is refused when the client
/// is built, and not by the compiler.
#[tokio::test]
async fn reqwest_takes_a_configuration_of_our_version_of_rustls() {
    assert!(World::new().client().build().await.is_ok());
}

async fn check(
    server: &Issued,
    shape: impl Fn(ClientBuilder) -> ClientBuilder,
    wanted: impl Fn(&ServerFault) -> bool,
) {
    check_in(&World::new(), server, shape, wanted).await;
}

/// A server with this certificate is not trusted, for that reason, whatever is spoken.
async fn check_in(
    world: &World,
    server: &Issued,
    shape: impl Fn(ClientBuilder) -> ClientBuilder,
    wanted: impl Fn(&ServerFault) -> bool,
) {
    let server = Server::start(world.server_config(server)).await;
    for tls in BOTH_TLS {
        for http in BOTH_HTTP {
            let builder = world.client().credential(world.caller());
            let builder = shape(builder.tls_version(tls).http_version(http));
            let client = builder.build().await.unwrap();
            let error = client.get(server.url("/ok")).send().await.unwrap_err();
            let Kind::Trust(fault) = error.kind() else {
                panic!("TLS {tls}, {http:?}: {error:?}");
            };
            assert!(wanted(fault), "TLS {tls}, {http:?}: {error}");
            assert!(error.is_safe_to_retry());
        }
    }
    assert_eq!(server.handled(), 0);
}
