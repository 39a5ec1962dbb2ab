use countersign_axum::audit::{EventKind, Outcome};
use countersign_client::{Client, Credential, Kind, Likely};
use countersign_identity::Certificate;
use countersign_pki::{Authority, Issued, Usage};
use countersign_problem::Code;
use countersign_tests::{BILLING, Wire, World};
use countersign_tls::Alert;
use jiff::SignedDuration;

/// What both ends must say of a refused certificate.
struct Expected {
    alert: Alert,
    likely: Likely,
    code: Code,
}

/// Calls with the credential that `present` makes, over each wire: the client must get the typed
/// refusal before its request is sent, and the server must tell it with the certificate.
async fn check(
    present: impl Fn(&World) -> Option<(Credential, Issued)>,
    expected: impl Fn(&World) -> Expected,
) {
    for wire in Wire::ALL {
        let mut world = World::start().await.unwrap();
        let presented = present(&world);
        let expected = expected(&world);
        let credential = presented.as_ref().map(|(credential, _)| credential.clone());
        let builder = world.client_of(credential, &world.root).unwrap();
        let client = wire.only(builder).build().await.unwrap();
        check_client(wire, &client, &world, &expected).await;

        let event = world.event().await.unwrap();
        assert_eq!(event.kind, EventKind::Handshake, "{wire}");
        assert_eq!(event.outcome, Outcome::Refused, "{wire}");
        assert_eq!(event.code, Some(expected.code), "{wire}");
        assert_eq!(event.alert(), Some(expected.alert), "{wire}");
        let thumbprint = event
            .certificate()
            .map(|certificate| certificate.thumbprint());
        let leaf = presented
            .as_ref()
            .map(|(_, issued)| issued.certificate_der());
        assert_eq!(event.presented(), leaf, "{wire}");
        let presented = presented.map(|(_, issued)| {
            let certificate = Certificate::from_der(issued.certificate_der());
            certificate.unwrap().thumbprint()
        });
        assert_eq!(thumbprint, presented, "{wire}");
        assert!(
            world.further_events().is_empty(),
            "{wire}: no request was decided"
        );
    }
}

async fn check_client(wire: Wire, client: &Client, world: &World, expected: &Expected) {
    let request = client
        .post(world.url("/v1/transactions"))
        .body(vec![b'x'; 200_000]);
    let error = request.send().await.unwrap_err();
    let Kind::Refused(refused) = error.kind() else {
        panic!("{wire}: {error}");
    };
    assert_eq!(refused.alert, Some(expected.alert), "{wire}");
    assert_eq!(refused.likely, expected.likely, "{wire}");
    assert_eq!(refused.acceptable, ["CN=World Root"], "{wire}");
    assert!(error.is_safe_to_retry(), "{wire}: the request was not sent");
}

fn credential(issued: Issued) -> Option<(Credential, Issued)> {
    let (chain, key) = (issued.chain_pem(), issued.key_pem());
    let credential = Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    Some((credential, issued))
}

#[tokio::test]
async fn no_certificate() {
    check(
        |_| None,
        |_| Expected {
            alert: Alert::CERTIFICATE_REQUIRED,
            likely: Likely::NoCertificate,
            code: Code::CertificateRequired,
        },
    )
    .await;
}

#[tokio::test]
async fn another_ca() {
    check(
        |world| {
            let now = world.clock.now();
            let stranger = Authority::root("Stranger Root", now).unwrap();
            credential(stranger.client(now).uri(BILLING).issue().unwrap())
        },
        |_| Expected {
            alert: Alert::UNKNOWN_CA,
            likely: Likely::IssuerNotAccepted {
                ours: "CN=Stranger Root".to_owned(),
                accepted: vec!["CN=World Root".to_owned()],
            },
            code: Code::CertificateUntrusted,
        },
    )
    .await;
}

#[tokio::test]
async fn a_ca_of_the_same_name_with_another_key() {
    check(
        |world| {
            let now = world.clock.now();
            let impostor = Authority::root("World Root", now).unwrap();
            let issuing = impostor.intermediate("World Issuing CA", now).unwrap();
            credential(issuing.client(now).uri(BILLING).issue().unwrap())
        },
        |_| Expected {
            alert: Alert::DECRYPT_ERROR,
            likely: Likely::SignatureRejected,
            code: Code::CertificateUntrusted,
        },
    )
    .await;
}

#[tokio::test]
async fn an_expired_certificate() {
    check(
        |world| {
            let now = world.clock.now();
            let (from, until) = (now - SignedDuration::from_hours(48), an_hour_ago(world));
            let request = world.issuing.client(now).uri(BILLING).validity(from, until);
            credential(request.issue().unwrap())
        },
        |world| Expected {
            alert: Alert::CERTIFICATE_EXPIRED,
            likely: Likely::Expired {
                not_after: an_hour_ago(world),
            },
            code: Code::CertificateExpired,
        },
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_not_yet_valid() {
    check(
        |world| {
            let now = world.clock.now();
            let (from, until) = (in_an_hour(world), now + SignedDuration::from_hours(48));
            let request = world.issuing.client(now).uri(BILLING).validity(from, until);
            credential(request.issue().unwrap())
        },
        |world| Expected {
            alert: Alert::CERTIFICATE_EXPIRED,
            likely: Likely::NotYetValid {
                not_before: in_an_hour(world),
            },
            code: Code::CertificateNotYetValid,
        },
    )
    .await;
}

#[tokio::test]
async fn a_certificate_for_servers_only() {
    check(
        |world| {
            let request = world.issuing.client(world.clock.now()).uri(BILLING);
            let request = request.extended_key_usage(&[Usage::Server]);
            credential(request.issue().unwrap())
        },
        |_| Expected {
            alert: Alert::UNSUPPORTED_CERTIFICATE,
            likely: Likely::WrongPurpose,
            code: Code::CertificateUnsuitable,
        },
    )
    .await;
}

#[tokio::test]
async fn a_chain_without_its_intermediate() {
    check(
        |world| {
            let request = world.issuing.client(world.clock.now()).uri(BILLING);
            let issued = request.issue().unwrap();
            let (leaf, key) = (issued.leaf_pem(), issued.key_pem());
            let credential = Credential::from_pem(leaf.as_bytes(), key.as_bytes()).unwrap();
            Some((credential, issued))
        },
        |_| Expected {
            alert: Alert::UNKNOWN_CA,
            likely: Likely::IssuerNotAccepted {
                ours: "CN=World Issuing CA".to_owned(),
                accepted: vec!["CN=World Root".to_owned()],
            },
            code: Code::CertificateUntrusted,
        },
    )
    .await;
}

fn an_hour_ago(world: &World) -> jiff::Timestamp {
    world.clock.now() - SignedDuration::from_hours(1)
}

fn in_an_hour(world: &World) -> jiff::Timestamp {
    world.clock.now() + SignedDuration::from_hours(1)
}
