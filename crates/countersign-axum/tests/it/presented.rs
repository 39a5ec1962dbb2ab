//! The certificate that is refused is in the audit event itself, and no other is.

use std::sync::Arc;

use countersign_axum::audit::{AuditSink, JsonLines, Outcome};
use countersign_axum::{AuditEvent, Code};
use countersign_pki::{Authority, Issued};
use countersign_tls::RustlsCredential;
use data_encoding::BASE64;
use rustls::SupportedProtocolVersion;
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS13;
use tokio::io::AsyncReadExt;

use crate::audit::Pages;
use crate::client::{BOTH, Http, VERSIONS, shake};
use crate::world::{Service, World, credential, directory, now, soon, trust};

/// Whose certificates this service does not take.
fn stranger(name: &str) -> Issued {
    let other = Authority::root("Other", now()).unwrap();
    other.client(now()).common_name(name).issue().unwrap()
}

/// What becomes of a client that presents `leaf`.
async fn refused(
    world: &World,
    service: &mut Service,
    version: &'static SupportedProtocolVersion,
    leaf: &[u8],
) -> AuditEvent {
    let own = credential(&stranger("own"));
    let key = CertifiedKey::new(vec![leaf.to_vec().into()], own.certified_key().key.clone());
    let mut config = (*world.config(Http::One, version, Some(&own))).clone();
    let presenting: Arc<dyn ResolvesClientCert> = Arc::new(SingleCertAndKey::from(key));
    config.client_auth_cert_resolver = presenting;
    if let Ok(mut tls) = shake(service.address, &Arc::new(config)).await {
        soon(tls.read_to_end(&mut Vec::new())).await.unwrap_err();
    }
    let event = service.event().await;
    assert_eq!(event.outcome, Outcome::Refused);
    event
}

fn line(event: &AuditEvent) -> String {
    let pages = Pages::default();
    let mut lines = JsonLines::new(pages.clone());
    lines.record(event).unwrap();
    lines.flush().unwrap();
    pages.text()
}

#[tokio::test]
async fn the_line_of_a_refused_handshake_has_the_certificate_itself() {
    let world = World::new();
    let mut service = world.serve().await;
    let issued = stranger("mallory");
    for version in VERSIONS {
        let event = refused(&world, &mut service, version, issued.certificate_der()).await;
        assert_eq!(event.presented(), Some(issued.certificate_der()));
        let given = credential(&issued);
        let certificate = given.certificate();
        let wanted = format!(
            concat!(
                r#"{{"time":"2026-08-01T12:00:00Z","event":"handshake","outcome":"refused","#,
                r#""code":"certificate-untrusted","detail":"no path from the certificate to a trusted anchor: "#,
                r#"another issuer, or an intermediate is missing","alert":"unknown_ca","address":"{}","#,
                r#""certificate":{{"subject":"CN=mallory","sans":[],"serial":"{}","issuer":"CN=Other","#,
                r#""thumbprint":"{}","pin":"{}","not_after":"2026-08-31T12:00:00Z"}},"#,
                r#""presented":"{}","epoch":1}}"#,
                "\n"
            ),
            event.address().unwrap(),
            certificate.serial(),
            certificate.thumbprint(),
            certificate.pin(),
            BASE64.encode(issued.certificate_der()),
        );
        assert_eq!(line(&event), wanted, "{version:?}");
    }
}

#[tokio::test]
async fn one_that_cannot_be_read_is_there_too_without_its_facts() {
    let world = World::new();
    let mut service = world.serve().await;
    let issued = stranger("mallory");
    let cut = issued.certificate_der().split_last().unwrap().1;
    for version in VERSIONS {
        for leaf in [cut, b"junk"] {
            let event = refused(&world, &mut service, version, leaf).await;
            assert_eq!(event.code, Some(Code::CertificateUnsuitable));
            assert_eq!(event.presented(), Some(leaf));
            assert!(event.certificate().is_none());
            let wanted = format!(
                concat!(
                    r#"{{"time":"2026-08-01T12:00:00Z","event":"handshake","outcome":"refused","#,
                    r#""code":"certificate-unsuitable","detail":"a certificate of the chain cannot be read","#,
                    r#""alert":"bad_certificate","address":"{}","presented":"{}","epoch":1}}"#,
                    "\n"
                ),
                event.address().unwrap(),
                BASE64.encode(leaf),
            );
            assert_eq!(line(&event), wanted, "{version:?}");
        }
    }
}

#[tokio::test]
async fn one_beyond_16_kib_is_left_out_and_the_event_says_so() {
    let world = World::new();
    let mut service = world.serve().await;
    for (size, kept) in [(16 * 1024, true), (16 * 1024 + 1, false)] {
        let leaf = vec![b'x'; size];
        let event = refused(&world, &mut service, &TLS13, &leaf).await;
        assert_eq!(event.presented(), kept.then_some(&*leaf));
        let said = "a certificate of the chain cannot be read";
        let left_out =
            "; the certificate is left out: it has 16385 bytes, and at most 16384 are kept";
        let wanted = format!("{said}{}", if kept { "" } else { left_out });
        assert_eq!(event.detail(), Some(&*wanted));
        assert_eq!(line(&event).contains(r#","presented":""#), kept);
    }
}

#[tokio::test]
async fn one_that_is_trusted_no_more_is_there_and_one_that_is_trusted_never() {
    let world = World::new();
    let mut service = world.serve().await;
    for http in BOTH {
        world.live.swap(world.both(), directory());
        let billing = world.client("billing");
        let mut held = world.connect_as(&service, http, &billing).await;
        let mut unknown = world.connect(&service, http, "newcomer").await;
        let allowed = held.get("/v1/transactions").await;
        let denied = unknown.get("/v1/transactions").await;
        assert_eq!(
            (allowed.status.as_u16(), denied.status.as_u16()),
            (200, 403)
        );
        for _ in 0..2 {
            let event = service.event().await;
            assert!(event.certificate().is_some());
            assert_eq!(event.presented(), None, "{event:?}");
        }
        let partners = world.snapshot(vec![trust("partners", &world.partners)]);
        world.live.swap(partners, directory());
        assert_eq!(held.get("/v1/transactions").await.status, 401);
        let event = service.event().await;
        assert_eq!(event.code, Some(Code::CertificateUntrusted));
        let leaf = billing.chain().first().map(AsRef::as_ref);
        assert_eq!(event.presented(), leaf, "{http:?}");
    }
}

/// Or a stranger fills the log by asking often.
#[cfg(feature = "test-util")]
#[tokio::test]
async fn of_many_requests_on_a_refused_connection_the_first_has_it() {
    use axum::body::Body;
    use countersign_axum::{Audit, Connection};
    use tower::ServiceExt;

    let world = World::new();
    let (sink, mut events) = tokio::sync::mpsc::unbounded_channel();
    let (audit, _writer) = Audit::start(sink).unwrap();
    let chain = stranger("mallory").chain_der();
    let connection = Connection::without_handshake(chain.clone(), &world.live, audit);
    for first in [true, false, false] {
        let mut request = http::Request::get("/whoami").body(Body::empty()).unwrap();
        request.extensions_mut().insert(connection.clone());
        let router = crate::world::router(world.live());
        assert_eq!(router.oneshot(request).await.unwrap().status(), 401);
        let event = soon(events.recv()).await.unwrap();
        assert!(event.certificate().is_some());
        let leaf = chain.first().map(Vec::as_slice);
        assert_eq!(event.presented(), leaf.filter(|_| first));
    }
}
