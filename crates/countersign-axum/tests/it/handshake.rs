//! Whom the listener does not let in, and who learns why.

use std::io;
use std::time::Duration;

use countersign_axum::audit::{EventKind, Outcome};
use countersign_axum::{Credential, Limits};
use countersign_pki::{Authority, Usage};
use countersign_tls::Alert;
use rustls::version::TLS13;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Http, VERSIONS, alert, shake};
use crate::world::{Service, World, credential, now, router, soon};

/// The alert that a client reads that first writes as much as it likes.
async fn refused(
    world: &World,
    service: &Service,
    version: &'static rustls::SupportedProtocolVersion,
    given: Option<&Credential>,
) -> Alert {
    let config = world.config(Http::One, version, given);
    let error = match shake(service.address, &config).await {
        Err(error) => error,
        // In TLS 1.3 the handshake is over for the client before the server has judged.
        Ok(mut tls) => {
            let body = vec![b'x'; 200_000];
            // The server may have ended its half by now; what matters is what can be read.
            let _ = soon(tls.write_all(&body)).await;
            let mut answer = Vec::new();
            let read: io::Result<usize> = soon(tls.read_to_end(&mut answer)).await;
            read.unwrap_err()
        }
    };
    alert(&error).ok_or(error).unwrap()
}

#[tokio::test]
async fn every_refused_client_reads_why() {
    let world = World::new();
    let mut service = world.serve().await;
    let other = Authority::root("Other", now()).unwrap();
    let (from, until) = (
        "2026-07-01T00:00:00Z".parse().unwrap(),
        "2026-07-31T00:00:00Z".parse().unwrap(),
    );
    let unknown = credential(&other.client(now()).common_name("m").issue().unwrap());
    let expired = world.ask(|client| client.validity(from, until));
    let server = world.ask(|client| client.extended_key_usage(&[Usage::Server]));
    for version in VERSIONS {
        for (given, name, code) in [
            (None, "certificate_required", "certificate-required"),
            (Some(&unknown), "unknown_ca", "certificate-untrusted"),
            (Some(&expired), "certificate_expired", "certificate-expired"),
            (
                Some(&server),
                "unsupported_certificate",
                "certificate-unsuitable",
            ),
        ] {
            let alert = refused(&world, &service, version, given).await;
            assert_eq!(alert.to_string(), name, "{version:?}");
            let event = service.event().await;
            assert_eq!(event.kind, EventKind::Handshake);
            assert_eq!(event.outcome, Outcome::Refused);
            assert_eq!(event.code.unwrap().to_string(), code);
            assert_eq!(event.alert(), Some(alert));
            assert_eq!(event.address().unwrap().ip(), service.address.ip());
            // With the certificate itself, for the operator.
            let thumbprint = event
                .certificate()
                .map(|certificate| certificate.thumbprint());
            assert_eq!(
                thumbprint,
                given.map(|given| given.certificate().thumbprint())
            );
        }
    }
}

#[tokio::test]
async fn an_alert_arrives_fifty_times_of_fifty() {
    let world = World::new();
    let service = world.serve().await;
    let other = Authority::root("Other", now()).unwrap();
    let unknown = credential(&other.client(now()).issue().unwrap());
    for _ in 0..50 {
        let alert = refused(&world, &service, &TLS13, Some(&unknown)).await;
        assert_eq!(alert, Alert::UNKNOWN_CA);
    }
}

#[tokio::test]
async fn who_says_nothing_is_cut_off() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.handshake = Duration::from_millis(20);
    let mut service = world.serve_with(router(world.live.clone()), limits).await;
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    let event = service.event().await;
    assert_eq!(event.outcome, Outcome::Failed);
    assert_eq!(event.code, None);
    assert_eq!(event.detail(), Some("the handshake took too long"));
    assert_eq!(event.address(), Some(silent.local_addr().unwrap()));
    assert_eq!(soon(silent.read(&mut [0; 16])).await.unwrap(), 0);
}

#[tokio::test]
async fn who_does_not_speak_tls_has_failed() {
    let world = World::new();
    let mut service = world.serve().await;
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..],
        &[0; 64],
        b"\x16\x03\x01\x00\x05junk!",
    ] {
        let mut tcp = TcpStream::connect(service.address).await.unwrap();
        tcp.write_all(bytes).await.unwrap();
        let event = service.event().await;
        assert_eq!(event.outcome, Outcome::Failed, "{event:?}");
        assert_eq!((event.code, event.alert()), (None, None));
        assert!(event.certificate().is_none() && event.detail().is_some());
    }
    // Nobody at all: the probe of a load balancer.
    drop(TcpStream::connect(service.address).await.unwrap());
    assert_eq!(service.event().await.outcome, Outcome::Failed);
}

#[tokio::test]
async fn a_client_that_does_not_trust_us_has_failed_with_its_alert() {
    let world = World::new();
    let mut service = world.serve().await;
    let elsewhere = World::new();
    for version in VERSIONS {
        let given = world.client("billing");
        let config = elsewhere.config(Http::One, version, Some(&given));
        assert!(shake(service.address, &config).await.is_err());
        let event = service.event().await;
        assert_eq!(event.outcome, Outcome::Failed, "{version:?}");
        assert_eq!(event.code, None);
        // The same name and another key.
        assert_eq!(event.alert(), Some(Alert::DECRYPT_ERROR), "{version:?}");
        let detail = "the client sent the alert decrypt_error";
        assert_eq!(event.detail(), Some(detail));
    }
}

#[tokio::test]
async fn a_refused_client_disturbs_no_other() {
    let world = World::new();
    let service = world.serve().await;
    let mut held = world.connect(&service, Http::Two, "reports").await;
    refused(&world, &service, &TLS13, None).await;
    assert_eq!(held.get("/v1/transactions").await.status, 200);
}
