use countersign_axum::audit::{EventKind, Outcome};
use countersign_client::{Kind, ServerFault};
use countersign_pki::Authority;
use countersign_tests::{Wire, World};
use countersign_tls::Alert;
use jiff::SignedDuration;

/// Calls the world's server with a client that trusts `other` or the world's root, over `wire`: the client must say
/// what is wrong with the server, and the server must tell the alert that it got.
async fn check(
    wire: Wire,
    mut world: World,
    other: Option<&Authority>,
    alert: Alert,
    expected: impl FnOnce(&ServerFault) -> bool,
) {
    let servers = other.unwrap_or(&world.root);
    let client = wire.only(world.client_of(None, servers).unwrap());
    let client = client.build().await.unwrap();
    let error = client.get(world.url("/whoami")).send().await.unwrap_err();
    let Kind::Trust(fault) = error.kind() else {
        panic!("{wire}: {error}");
    };
    assert!(expected(fault), "{wire}: {fault:?}");
    assert!(error.is_safe_to_retry(), "{wire}: the request was not sent");

    let event = world.event().await.unwrap();
    assert_eq!(event.kind, EventKind::Handshake, "{wire}");
    assert_eq!(event.outcome, Outcome::Failed, "{wire}");
    assert_eq!(event.alert(), Some(alert), "{wire}");
    assert_eq!(event.code, None, "{wire}: we refused nothing");
    assert!(world.further_events().is_empty());
}

#[tokio::test]
async fn a_server_of_another_ca() {
    for wire in Wire::ALL {
        let world = World::start().await.unwrap();
        let other = Authority::root("Other Root", world.clock.now()).unwrap();
        check(wire, world, Some(&other), Alert::UNKNOWN_CA, |fault| {
            matches!(
                fault,
                ServerFault::UnknownIssuer { issuer: Some(issuer), .. } if issuer == "CN=World Issuing CA"
            )
        })
        .await;
    }
}

#[tokio::test]
async fn a_server_of_another_name() {
    for wire in Wire::ALL {
        let world = World::with_server_certificate(|issuing, now| {
            Ok(issuing.server(now).dns("api.other.example").issue()?)
        });
        let world = world.await.unwrap();
        check(wire, world, None, Alert::BAD_CERTIFICATE, |fault| {
            matches!(
                fault,
                ServerFault::NameMismatch { expected, presented }
                    if expected == "localhost" && presented == &["dns:api.other.example"]
            )
        })
        .await;
    }
}

#[tokio::test]
async fn an_expired_server() {
    for wire in Wire::ALL {
        let world = World::with_server_certificate(|issuing, now| {
            let (from, until) = (
                now - SignedDuration::from_hours(48),
                now - SignedDuration::from_hours(1),
            );
            let request = issuing.server(now).dns("localhost").validity(from, until);
            Ok(request.issue()?)
        });
        let world = world.await.unwrap();
        let ended = world.clock.now() - SignedDuration::from_hours(1);
        check(
            wire,
            world,
            None,
            Alert::CERTIFICATE_EXPIRED,
            |fault| matches!(fault, ServerFault::Expired { not_after } if *not_after == ended),
        )
        .await;
    }
}
