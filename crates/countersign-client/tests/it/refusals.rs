//! A refused client learns why, before its request is sent: every time, whatever is spoken.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use countersign_client::{
    Alert, Client, Credential, Ending, HttpVersion, Kind, Likely, Refused, RequestBuilder,
    TlsVersion,
};
use countersign_pki::{Authority, Request, RevocationReason, Usage};
use jiff::Timestamp;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::relay::relay;
use crate::world::{BOTH_HTTP, BOTH_TLS, Server, World, credential, days_from_now};

#[tokio::test]
async fn no_certificate() {
    check(
        |_| None,
        Alert::CERTIFICATE_REQUIRED,
        &Likely::NoCertificate,
    )
    .await;
}

#[tokio::test]
async fn a_certificate_of_another_ca() {
    let other = Authority::root("Other CA", Timestamp::now()).unwrap();
    let likely = Likely::IssuerNotAccepted {
        ours: "CN=Other CA".to_owned(),
        accepted: vec!["CN=Client CA".to_owned()],
    };
    check(
        |_| Some(caller(&other, |request| request)),
        Alert::UNKNOWN_CA,
        &likely,
    )
    .await;
}

#[tokio::test]
async fn an_expired_certificate() {
    let (from, not_after) = (days_from_now(-9), days_from_now(-2));
    let expired = |world: &World| {
        Some(caller(&world.client_ca, |request| {
            request.validity(from, not_after)
        }))
    };
    check(
        expired,
        Alert::CERTIFICATE_EXPIRED,
        &Likely::Expired { not_after },
    )
    .await;
}

#[tokio::test]
async fn a_certificate_that_is_not_yet_valid() {
    let (not_before, until) = (days_from_now(2), days_from_now(9));
    let early = |world: &World| {
        Some(caller(&world.client_ca, |request| {
            request.validity(not_before, until)
        }))
    };
    // rustls has one alert for both ends of the validity.
    check(
        early,
        Alert::CERTIFICATE_EXPIRED,
        &Likely::NotYetValid { not_before },
    )
    .await;
}

#[tokio::test]
async fn a_certificate_for_another_purpose() {
    let server = |world: &World| {
        Some(caller(&world.client_ca, |request| {
            request.extended_key_usage(&[Usage::Server])
        }))
    };
    check(
        server,
        Alert::UNSUPPORTED_CERTIFICATE,
        &Likely::WrongPurpose,
    )
    .await;
}

#[tokio::test]
async fn a_revoked_certificate() {
    let revoked = |world: &World| {
        let issued = world.client_ca.client(Timestamp::now()).issue().unwrap();
        let list = world.client_ca.crl(Timestamp::now());
        let list = list.revoke(
            &issued.serial(),
            RevocationReason::KeyCompromise,
            Timestamp::now(),
        );
        let config = world.server_config_with_list(&list.issue().unwrap());
        (Some(credential(&issued)), config)
    };
    Row::of(revoked, Alert::CERTIFICATE_REVOKED, Likely::Revoked)
        .check()
        .await;
}

#[tokio::test]
async fn a_server_whose_revocation_list_is_stale() {
    let stale = |world: &World| {
        let list = world.client_ca.crl(days_from_now(-9));
        let list = list.next_update(days_from_now(-2)).issue().unwrap();
        (Some(world.caller()), world.server_config_with_list(&list))
    };
    let likely = Likely::ServerCannotCheckRevocation;
    Row::of(stale, Alert::UNKNOWN_CA, likely).check().await;
}

#[tokio::test]
async fn a_certificate_of_a_ca_of_the_same_name_and_another_key() {
    let (from, until) = (days_from_now(-100), days_from_now(100));
    let impostor = Authority::root_valid("Client CA", from, until).unwrap();
    check(
        |_| Some(caller(&impostor, |request| request)),
        Alert::DECRYPT_ERROR,
        &Likely::SignatureRejected,
    )
    .await;
}

#[tokio::test]
async fn a_server_that_hangs_up_without_an_alert_is_told_from_one_that_resets() {
    for version in BOTH_TLS {
        for (ending, linger) in [
            (Ending::Closed, None),
            (Ending::Reset, Some(Duration::ZERO)),
        ] {
            let world = World::new();
            let address = mute(&world, linger).await;
            let client = client(&world, Some(world.caller()), version, HttpVersion::Http1).await;
            let url = format!("https://localhost:{}/ok", address.port());
            let error = client.get(url).send().await.unwrap_err();
            let refused = refused(&error);
            assert_eq!(refused.ending, ending, "TLS {version}: {error}");
            assert_eq!(refused.alert, None);
            assert_eq!(refused.likely, Likely::Unknown);
            assert!(error.is_safe_to_retry());
        }
    }
}

#[tokio::test]
async fn the_message_has_the_facts_on_one_line() {
    let world = World::new();
    let server = world.serve().await;
    let not_after = days_from_now(-2);
    let expired = caller(&world.client_ca, |request| {
        request.validity(days_from_now(-9), not_after)
    });
    let client = client(&world, Some(expired), TlsVersion::Tls13, HttpVersion::Http2).await;
    let url = server.url("/ok?secret=1");
    let error = client.get(url).send().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the server at https://localhost:{} refused the client certificate \
             `spiffe://dev.example/a`: it expired at {not_after} (alert certificate_expired; \
             the server accepts `CN=Client CA`)",
            server.address.port()
        )
    );
    assert_eq!(error.hint().as_deref(), Some("renew the certificate"));
    assert_eq!(
        error.url().map(|url| url.as_str()),
        Some(server.url("/ok").as_str())
    );

    let causes = std::iter::successors(error.source(), |&error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    assert!(
        causes.iter().all(|cause| !cause.contains("secret")),
        "{causes:?}"
    );
    let last = causes.last().map(String::as_str);
    assert_eq!(last, Some("received fatal alert: CertificateExpired"));
}

#[tokio::test]
async fn a_lone_leaf_may_lack_its_intermediate_and_the_hint_says_so() {
    let world = World::new();
    let server = world.serve().await;
    let issuing = world
        .client_ca
        .intermediate("Issuing", Timestamp::now())
        .unwrap();
    let issued = issuing
        .client(Timestamp::now())
        .uri("spiffe://dev.example/a")
        .issue()
        .unwrap();
    let alone =
        Credential::from_pem(issued.leaf_pem().as_bytes(), issued.key_pem().as_bytes()).unwrap();
    let client = client(&world, Some(alone), TlsVersion::Tls13, HttpVersion::Http2).await;
    let error = client.get(server.url("/ok")).send().await.unwrap_err();
    let likely = Likely::IssuerNotAccepted {
        ours: "CN=Issuing".to_owned(),
        accepted: vec!["CN=Client CA".to_owned()],
    };
    assert_eq!(refused(&error).likely, likely);
    let hint = error.hint().unwrap();
    assert!(hint.contains("add the intermediate to the chain"), "{hint}");
}

#[tokio::test]
async fn a_server_that_never_says_yes_is_used_after_the_deadline() {
    let world = World::new();
    let mut config = (*world.server_config(&world.server())).clone();
    config.send_tls13_tickets = 0;
    let server = Server::start(Arc::new(config)).await;
    let client = Client::builder()
        .trust(world.trust())
        .credential(world.caller())
        .tls_version(TlsVersion::Tls13)
        .build()
        .await
        .unwrap();
    let answer = client.get(server.url("/ok")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// A client with this credential is refused for this reason by a server of ours.
async fn check(credential: impl Fn(&World) -> Option<Credential>, alert: Alert, likely: &Likely) {
    let given = |world: &World| (credential(world), world.server_config(&world.server()));
    Row::of(given, alert, likely.clone()).check().await;
}

/// A client and a server that refuses it, over both versions of TLS and of HTTP, with a request that
/// is small and one that is large, directly and through 20 ms: every time for this reason, and no
/// request reaches the handler.
struct Row {
    world: World,
    credential: Option<Credential>,
    config: Arc<ServerConfig>,
    alert: Alert,
    likely: Likely,
}

impl Row {
    fn of(
        given: impl Fn(&World) -> (Option<Credential>, Arc<ServerConfig>),
        alert: Alert,
        likely: Likely,
    ) -> Self {
        let world = World::new();
        let (credential, config) = given(&world);
        Self {
            world,
            credential,
            config,
            alert,
            likely,
        }
    }

    async fn check(&self) {
        let server = Server::start(Arc::clone(&self.config)).await;
        self.check_at(server.address, times()).await;
        let relay = relay(server.address, Duration::from_millis(10)).await;
        self.check_at(relay, times().div_ceil(4)).await;
        assert_eq!(server.handled(), 0);
    }

    async fn check_at(&self, address: SocketAddr, times: usize) {
        for tls in BOTH_TLS {
            for http in BOTH_HTTP {
                for time in 0..times {
                    let client = client(&self.world, self.credential.clone(), tls, http).await;
                    let url = format!("https://localhost:{}/ok", address.port());
                    let row = format!("TLS {tls}, {http:?}, time {time}");
                    self.check_one(client.get(&url), &format!("{row}, GET"))
                        .await;
                    let large = client.post(&url).body(vec![0; 1024 * 1024]);
                    self.check_one(large, &format!("{row}, POST")).await;
                }
            }
        }
    }

    async fn check_one(&self, request: RequestBuilder, row: &str) {
        let error = request.send().await.unwrap_err();
        let refused = refused(&error);
        assert_eq!(refused.alert, Some(self.alert), "{row}: {error}");
        assert_eq!(refused.ending, Ending::Alert, "{row}");
        assert_eq!(refused.likely, self.likely, "{row}: {error}");
        assert_eq!(refused.acceptable, ["CN=Client CA"], "{row}");
        let presented = refused.presented.as_deref();
        let ours = self.credential.as_ref().map(Credential::certificate);
        assert_eq!(presented, ours, "{row}");
        assert!(error.is_safe_to_retry(), "{row}");
    }
}

/// How often each is tried: plain reqwest loses every second refusal over TLS 1.3 and HTTP/2.
/// `COUNTERSIGN_REFUSALS=200` tries as often as the claim was first shown.
fn times() -> usize {
    let times = std::env::var("COUNTERSIGN_REFUSALS").ok();
    times.map_or(8, |times| times.parse().unwrap())
}

async fn client(
    world: &World,
    credential: Option<Credential>,
    tls: TlsVersion,
    http: HttpVersion,
) -> Client {
    let builder = world.client().tls_version(tls).http_version(http);
    let builder = match credential {
        Some(credential) => builder.credential(credential),
        None => builder,
    };
    builder.build().await.unwrap()
}

fn caller(ca: &Authority, shape: impl Fn(Request<'_>) -> Request<'_>) -> Credential {
    let request = ca.client(Timestamp::now()).uri("spiffe://dev.example/a");
    credential(&shape(request).issue().unwrap())
}

fn refused(error: &countersign_client::Error) -> &Refused {
    match error.kind() {
        Kind::Refused(refused) => refused,
        other => panic!("{other:?}"),
    }
}

/// A server that asks for a certificate, takes what the client then sends, and says nothing more.
/// Its TLS runs by hand: a server of rustls would send an alert or a ticket.
async fn mute(world: &World, linger: Option<Duration>) -> SocketAddr {
    let config = world.server_config(&world.server());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut tls = rustls::ServerConnection::new(config).unwrap();
        let mut bytes = [0; 16 * 1024];
        let mut flight = Vec::new();
        while flight.is_empty() {
            let len = stream.read(&mut bytes).await.unwrap();
            tls.read_tls(&mut &bytes[..len]).unwrap();
            tls.process_new_packets().unwrap();
            tls.write_tls(&mut flight).unwrap();
        }
        while tls.wants_write() {
            tls.write_tls(&mut flight).unwrap();
        }
        stream.write_all(&flight).await.unwrap();
        // The certificate of the client.
        assert_ne!(stream.read(&mut bytes).await.unwrap(), 0);
        match linger {
            Some(time) => socket_linger(&stream, time),
            None => stream.shutdown().await.unwrap(),
        }
    });
    address
}

fn socket_linger(stream: &tokio::net::TcpStream, time: Duration) {
    #[expect(deprecated, reason = "zero is the one value that does not block")]
    stream.set_linger(Some(time)).unwrap();
}
