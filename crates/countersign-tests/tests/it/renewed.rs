use std::sync::Arc;

use countersign_axum::AuditEvent;
use countersign_axum::audit::{EventKind, Outcome};
use countersign_pki::{Attribute, Issued, Subject};
use countersign_tests::{BILLING, Wire, World};
use jiff::SignedDuration;

/// What the audit log tells of a renewal: from which certificate to which.
#[track_caller]
fn is_renewal(event: &AuditEvent, from: &Issued, to: &Issued) {
    let thumbprint = |issued: &Issued| {
        countersign_identity::Thumbprint::of(issued.certificate_der()).to_string()
    };
    assert_eq!(event.kind, EventKind::CertificateRenewed);
    assert_eq!(event.principal().unwrap().as_str(), "billing");
    let renewed = event.renewed().unwrap();
    assert_eq!(renewed.thumbprint().to_string(), thumbprint(from));
    let certificate = event.certificate().unwrap();
    assert_eq!(certificate.thumbprint().to_string(), thumbprint(to));
}

/// Calls with `issued`, and answers the events until that of the request.
async fn call(world: &mut World, wire: Wire, issued: &Issued) -> Vec<AuditEvent> {
    let client = wire.only(world.client(Some(issued)).unwrap());
    let client = client.build().await.unwrap();
    for _ in 0..2 {
        let answer = client.get(world.url("/whoami")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let mut events = Vec::new();
    let mut requests = 0;
    while requests < 2 {
        let event = world.event().await.unwrap();
        requests += usize::from(event.kind == EventKind::Request);
        events.push(event);
    }
    events.extend(world.further_events());
    events
}

#[tokio::test]
async fn a_renewed_certificate_keeps_its_principal_and_is_told_once() {
    for wire in Wire::ALL {
        let mut world = World::start().await.unwrap();
        let first = issue(&world, |client| client);
        let mut before = first.clone();
        assert_eq!(call(&mut world, wire, &first).await.len(), 2);

        for renewal in [
            "same key",
            "new key",
            "new issuer",
            "new subject",
            "reordered subject",
        ] {
            world.clock.advance(SignedDuration::from_secs(60));
            let issued = renew(&world, &before, renewal);
            let events = call(&mut world, wire, &issued).await;
            let (renewals, requests): (Vec<_>, Vec<_>) = events
                .into_iter()
                .partition(|event| event.kind == EventKind::CertificateRenewed);
            let [told] = renewals.as_slice() else {
                panic!("{wire}: {renewal}: {renewals:?}");
            };
            is_renewal(told, &before, &issued);
            for request in requests {
                assert_eq!(request.outcome, Outcome::Allowed, "{wire}: {renewal}");
                assert_eq!(request.principal().unwrap().as_str(), "billing");
            }
            before = issued;
        }

        // Somewhere the first one is still in use: that is no renewal.
        assert_eq!(call(&mut world, wire, &first).await.len(), 2);
    }
}

fn renew(world: &World, before: &Issued, renewal: &str) -> Issued {
    let subject = |first, second| {
        Subject::new()
            .with(first, "Billing Department")
            .with(second, "Billing Department")
    };
    let (unit, name) = (Attribute::OrganizationalUnit, Attribute::CommonName);
    match renewal {
        "same key" => issue(world, |client| client.for_key(before.key())),
        "new key" => issue(world, |client| client),
        "new subject" => issue(world, |client| client.subject(subject(unit, name))),
        "reordered subject" => issue(world, |client| client.subject(subject(name, unit))),
        "new issuer" => {
            let now = world.clock.now();
            let another = world.root.intermediate("Another Issuing CA", now).unwrap();
            another.client(now).uri(BILLING).issue().unwrap()
        }
        other => panic!("{other}"),
    }
}

fn issue(
    world: &World,
    ask: impl FnOnce(countersign_pki::Request<'_>) -> countersign_pki::Request<'_>,
) -> Issued {
    let client = world.issuing.client(world.clock.now()).uri(BILLING);
    ask(client).issue().unwrap()
}

#[tokio::test]
async fn whom_the_server_has_seen_it_knows_by_the_newest_certificate() {
    let mut world = World::start().await.unwrap();
    let first = issue(&world, |client| client);
    world.clock.advance(SignedDuration::from_secs(60));
    let second = issue(&world, |client| client);
    for issued in [&first, &second, &first] {
        call(&mut world, Wire::ALL[0], issued).await;
    }
    let seen = world.live().seen();
    let [billing] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(billing.principal.as_str(), "billing");
    let newest = countersign_identity::Certificate::from_der(second.certificate_der()).unwrap();
    assert_eq!(billing.certificate, Arc::new(newest));
}
