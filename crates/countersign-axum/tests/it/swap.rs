//! What becomes of connections when trust or policy changes, or time passes.

use countersign_axum::{Credential, Directory};
use rustls::HandshakeKind;

use crate::client::{Answer, BOTH, Held, Http, VERSIONS, shake};
use crate::world::{POLICY, World, credential, directory, now, trust};

/// A refusal that only a new handshake can cure: 401, and the connection ends, in order.
async fn refused_and_ended(mut held: Held, http: Http, code: &str) -> Answer {
    let answer = held.get("/v1/transactions").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.code(), code);
    assert_eq!(answer.header("www-authenticate"), Some("ClientCertificate"));
    let close = (http == Http::One).then_some("close");
    assert_eq!(answer.header("connection"), close, "{http:?}");
    held.ended().await;
    answer
}

async fn reads(held: &mut Held) {
    let answer = held.get("/v1/transactions").await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_principal_that_is_disabled_is_refused_on_the_connection_that_it_holds() {
    let world = World::new();
    let mut service = world.serve().await;
    for http in BOTH {
        world.live.swap(world.both(), directory());
        let mut billing = world.connect(&service, http, "billing").await;
        let mut reports = world.connect(&service, http, "reports").await;
        reads(&mut billing).await;
        reads(&mut reports).await;
        let disabled = POLICY.replace(
            "[principals.billing]",
            "[principals.billing]\nenabled = false",
        );
        let epoch = world
            .live
            .swap(world.both(), Directory::from_toml(&disabled).unwrap());
        let answer = billing.get("/v1/transactions").await;
        assert_eq!(answer.code(), "principal-disabled");
        billing.ended().await;
        reads(&mut reports).await;
        for _ in 0..2 {
            service.event().await;
        }
        let event = service.event().await;
        assert_eq!(event.epoch, epoch);
        assert_eq!(event.detail(), Some("`billing` is disabled"));
        assert_eq!(event.principal().unwrap().as_str(), "billing");
        service.event().await;

        // Enabled again, it is let in again.
        world.live.swap(world.both(), directory());
        let mut billing = world.connect(&service, http, "billing").await;
        reads(&mut billing).await;
        service.event().await;
    }
}

#[tokio::test]
async fn a_permission_that_is_withdrawn_is_missed_at_once() {
    let world = World::new();
    let service = world.serve().await;
    for http in BOTH {
        world.live.swap(world.both(), directory());
        let mut billing = world.connect(&service, http, "billing").await;
        reads(&mut billing).await;
        let less = POLICY.replace("\"transactions:read\", \"transactions:write\"", "");
        world
            .live
            .swap(world.both(), Directory::from_toml(&less).unwrap());
        let answer = billing.get("/v1/transactions").await;
        assert_eq!(answer.code(), "permission-missing");
    }
}

#[tokio::test]
async fn a_trust_that_is_removed_ends_its_connections_and_no_other() {
    let world = World::new();
    let mut service = world.serve().await;
    for http in BOTH {
        world.live.swap(world.both(), directory());
        let name = "spiffe://dev.example/reports";
        let partner = credential(&world.partners.client(now()).uri(name).issue().unwrap());
        let mut partner = world.connect_as(&service, http, &partner).await;
        let mut client = world.connect(&service, http, "reports").await;
        reads(&mut partner).await;
        reads(&mut client).await;
        let clients = world.snapshot(vec![trust("clients", &world.clients)]);
        let epoch = world.live.swap(clients, directory());
        refused_and_ended(partner, http, "certificate-untrusted").await;
        reads(&mut client).await;
        for _ in 0..2 {
            service.event().await;
        }
        let event = service.event().await;
        assert_eq!(
            crate::world::brief(&event),
            "request denied certificate-untrusted GET /v1/transactions"
        );
        assert_eq!(event.epoch, epoch);
        let certificate = event.certificate().unwrap();
        assert_eq!(certificate.issuer().to_string(), "CN=Partners");
        service.event().await;
    }
}

#[tokio::test]
async fn a_ca_of_the_same_name_in_another_trust_takes_no_connection_over() {
    let world = World::new();
    let service = world.serve().await;
    for http in BOTH {
        world.live.swap(world.both(), directory());
        let mut held = world.connect(&service, http, "billing").await;
        reads(&mut held).await;
        let namesake = countersign_pki::Authority::root("Clients", now()).unwrap();
        let trusts = vec![trust("clients", &namesake)];
        world.live.swap(world.snapshot(trusts), directory());
        refused_and_ended(held, http, "certificate-untrusted").await;
    }
}

#[tokio::test]
async fn a_certificate_that_ends_ends_its_connection() {
    for http in BOTH {
        let world = World::new();
        let mut service = world.serve().await;
        let until = "2026-08-02T00:00:00Z".parse().unwrap();
        let short = world.ask(|client| {
            client
                .uri("spiffe://dev.example/billing")
                .validity(now(), until)
        });
        let mut short = world.connect_as(&service, http, &short).await;
        let mut long = world.connect(&service, http, "reports").await;
        reads(&mut short).await;
        reads(&mut long).await;
        // Its last second is its own.
        world.clock.set(until);
        reads(&mut short).await;
        world.clock.set("2026-08-02T00:00:01Z".parse().unwrap());
        let answer = refused_and_ended(short, http, "certificate-expired").await;
        let detail = "a certificate of the chain expired at 2026-08-02T00:00:00Z";
        assert_eq!(answer.detail(), detail);
        reads(&mut long).await;
        for _ in 0..3 {
            service.event().await;
        }
        let event = service.event().await;
        assert_eq!(event.detail(), Some(detail));
        assert_eq!(event.time, "2026-08-02T00:00:01Z".parse().unwrap());
        assert_eq!(event.certificate().unwrap().not_after(), until);
    }
}

#[tokio::test]
async fn an_intermediate_that_ends_ends_the_connections_of_its_clients() {
    for http in BOTH {
        let world = World::new();
        let service = world.serve().await;
        let until = "2026-08-02T00:00:00Z".parse().unwrap();
        let issuing = world.clients.intermediate_valid("Issuing", now(), until);
        let name = "spiffe://dev.example/billing";
        let leaf = issuing.as_ref().unwrap().client(now()).uri(name);
        let leaf = leaf.validity(now(), "2026-09-01T00:00:00Z".parse().unwrap());
        let given = credential(&leaf.issue().unwrap());
        let mut held = world.connect_as(&service, http, &given).await;
        reads(&mut held).await;
        world.clock.set("2026-08-02T00:00:01Z".parse().unwrap());
        refused_and_ended(held, http, "certificate-expired").await;
    }
}

#[tokio::test]
async fn a_resumed_session_whose_certificate_has_ended_is_answered_with_the_reason() {
    for version in VERSIONS {
        for swapped in [false, true] {
            let world = World::new();
            let mut service = world.serve().await;
            let until = "2026-08-02T00:00:00Z".parse().unwrap();
            let given: Credential = world.ask(|client| {
                client
                    .uri("spiffe://dev.example/billing")
                    .validity(now(), until)
            });
            let config = world.config(Http::One, version, Some(&given));
            let tls = shake(service.address, &config).await.unwrap();
            let mut held = Held::new(Http::One, tls).await;
            reads(&mut held).await;
            service.event().await;
            world.clock.set("2026-08-02T00:00:01Z".parse().unwrap());

            let tls = shake(service.address, &config).await.unwrap();
            let kind = tls.get_ref().1.handshake_kind();
            assert_eq!(kind, Some(HandshakeKind::Resumed), "{version:?}");
            let held = Held::new(Http::One, tls).await;
            if swapped {
                world.live.swap(world.both(), directory());
            }
            refused_and_ended(held, Http::One, "certificate-expired").await;
            let event = service.event().await;
            assert!(event.handshake().unwrap().resumed);
            assert_eq!(event.certificate().unwrap().not_after(), until);
        }
    }
}

#[tokio::test]
async fn a_service_may_end_a_connection() {
    let world = World::new();
    let service = world.serve().await;
    for http in BOTH {
        let mut held = world.connect(&service, http, "reports").await;
        let mut other = world.connect(&service, http, "reports").await;
        assert_eq!(held.get("/v1/end").await.body, "ended");
        held.ended().await;
        reads(&mut other).await;
    }
}
