use countersign_axum::audit::{EventKind, Outcome};
use countersign_client::{Credential, Ending, Kind};
use countersign_identity::Certificate;
use countersign_pki::{Authority, Issued, Usage};
use countersign_problem::Code;
use countersign_tests::{BILLING, Wire, World};
use countersign_tls::ClientCertificate;
use jiff::SignedDuration;

/// The certificates that a server refuses, and why.
fn rows(world: &World) -> Vec<(&'static str, Option<Issued>, Code)> {
    let now = world.clock.now();
    let billing = |authority: &Authority| authority.client(now).uri(BILLING).issue().unwrap();
    let hours = SignedDuration::from_hours;
    let valid = |from, until| {
        let request = world.issuing.client(now).uri(BILLING);
        Some(request.validity(now + from, now + until).issue().unwrap())
    };
    let stranger = Authority::root("Stranger", now).unwrap();
    let impostor = Authority::root("World Root", now).unwrap();
    let server = world
        .issuing
        .client(now)
        .uri(BILLING)
        .extended_key_usage(&[Usage::Server]);
    vec![
        ("no certificate", None, Code::CertificateRequired),
        (
            "another CA",
            Some(billing(&stranger)),
            Code::CertificateUntrusted,
        ),
        (
            "a namesake",
            Some(billing(&impostor)),
            Code::CertificateUntrusted,
        ),
        (
            "expired",
            valid(hours(-48), hours(-1)),
            Code::CertificateExpired,
        ),
        (
            "not begun",
            valid(hours(1), hours(48)),
            Code::CertificateNotYetValid,
        ),
        (
            "a server's",
            Some(server.issue().unwrap()),
            Code::CertificateUnsuitable,
        ),
    ]
}

fn credential(issued: &Issued) -> Credential {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
}

fn thumbprint(issued: &Issued) -> String {
    let certificate = Certificate::from_der(issued.certificate_der()).unwrap();
    certificate.thumbprint().to_string()
}

#[tokio::test]
async fn whom_the_server_refuses_reads_why_whatever_it_was_sending() {
    for wire in Wire::ALL {
        let mut world = World::with_mode(ClientCertificate::RefusedOverHttp)
            .await
            .unwrap();
        for (what, issued, code) in rows(&world) {
            for body in [0, 200_000] {
                let case = format!("{wire}: {what}: {body} bytes");
                refused(&mut world, wire, issued.as_ref(), code, body, &case).await;
            }
        }
        let client = wire.only(world.client_as(BILLING).unwrap());
        let answer = client.build().await.unwrap().get(world.url("/whoami"));
        assert_eq!(answer.send().await.unwrap().status(), 200, "{wire}");
    }
}

async fn refused(
    world: &mut World,
    wire: Wire,
    issued: Option<&Issued>,
    code: Code,
    body: usize,
    case: &str,
) {
    let client = world
        .client_of(issued.map(credential), &world.root)
        .unwrap();
    let client = wire.only(client).build().await.unwrap();
    let request = client
        .post(world.url("/v1/transactions"))
        .body(vec![b'x'; body]);
    let error = request.send().await.unwrap_err();
    let Kind::Refused(refused) = error.kind() else {
        panic!("{case}: {error}");
    };
    assert_eq!(
        refused.ending,
        Ending::Answered(http::StatusCode::UNAUTHORIZED),
        "{case}"
    );
    let problem = refused.problem.as_ref().unwrap();
    assert_eq!(problem.code(), code, "{case}");

    let event = loop {
        let event = world.event().await.unwrap();
        if event.kind == EventKind::Request {
            break event;
        }
    };
    assert_eq!(event.outcome, Outcome::Denied, "{case}");
    assert_eq!(event.code, Some(code), "{case}");
    let told = event
        .certificate()
        .map(|told| told.thumbprint().to_string());
    assert_eq!(told, issued.map(thumbprint), "{case}");
    let presented = issued.map(Issued::certificate_der);
    assert_eq!(event.presented(), presented, "{case}");
    assert_eq!(
        event.correlation_id.unwrap().as_str(),
        problem.correlation_id()
    );
}

#[tokio::test]
async fn where_a_certificate_is_only_requested_each_route_says_whether_it_wants_one() {
    for wire in Wire::ALL {
        let mut world = World::with_mode(ClientCertificate::Requested)
            .await
            .unwrap();
        let anonymous = wire
            .only(world.client(None).unwrap())
            .build()
            .await
            .unwrap();
        for _ in 0..2 {
            // The connection goes on: on it, there may be something that is public.
            let error = anonymous
                .get(world.url("/whoami"))
                .send()
                .await
                .unwrap_err();
            assert_eq!(error.code(), Some(Code::CertificateRequired), "{wire}");
            let event = world.event().await.unwrap();
            assert_eq!(event.kind, EventKind::Request, "{wire}");
            assert_eq!(event.code, Some(Code::CertificateRequired), "{wire}");
        }
        let billing = wire.only(world.client_as(BILLING).unwrap());
        let answer = billing.build().await.unwrap().get(world.url("/whoami"));
        assert_eq!(answer.send().await.unwrap().status(), 200, "{wire}");
        assert_eq!(
            world.event().await.unwrap().outcome,
            Outcome::Allowed,
            "{wire}"
        );

        // A bad one is refused in the handshake.
        let (_, stranger, _) = rows(&world).swap_remove(1);
        let stranger = world.client_of(stranger.as_ref().map(credential), &world.root);
        let stranger = wire.only(stranger.unwrap()).build().await.unwrap();
        let error = stranger.get(world.url("/whoami")).send().await.unwrap_err();
        let Kind::Refused(refused) = error.kind() else {
            panic!("{wire}: {error}");
        };
        assert_eq!(refused.ending, Ending::Alert, "{wire}");
        let event = world.event().await.unwrap();
        assert_eq!(event.kind, EventKind::Handshake, "{wire}");
        assert_eq!(event.code, Some(Code::CertificateUntrusted), "{wire}");
    }
}
