//! A new credential is used by the next request, and nobody who is being answered notices.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_client::{
    Client, ClientBuilder, CredentialSource, Event, Kind, Likely, Reload, ReloadError, ServerTrust,
};
use countersign_pki::{Authority, Issued, Key, KeyKind, RevocationReason, Usage};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::world::{BOTH_HTTP, BOTH_TLS, Hands, Server, World, days_from_now};

/// The files of a chain and a key, as somebody renews them.
struct Files {
    folder: TempDir,
}

impl Files {
    fn of(issued: &Issued) -> Self {
        let files = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        files.become_those_of(issued);
        files
    }

    fn become_those_of(&self, issued: &Issued) {
        self.write(&issued.chain_pem(), &issued.key_pem());
    }

    fn write(&self, chain: &str, key: &str) {
        fs::write(self.chain(), chain).unwrap();
        fs::write(self.key(), key).unwrap();
    }

    fn chain(&self) -> PathBuf {
        self.folder.path().join("tls.crt")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("tls.key")
    }

    fn source(&self) -> CredentialSource {
        CredentialSource::pem_files(self.chain(), self.key())
    }
}

fn issue(ca: &Authority) -> Issued {
    let client = ca.client(Timestamp::now());
    client.uri("spiffe://dev.example/a").issue().unwrap()
}

fn serial(issued: &Issued) -> String {
    let certificate = countersign_identity::Certificate::from_der(issued.certificate_der());
    certificate.unwrap().serial().to_owned()
}

async fn whose(client: &Client, server: &Server) -> String {
    let answer = client.get(server.url("/whose")).send().await.unwrap();
    answer.text().await.unwrap()
}

#[tokio::test]
async fn fifty_callers_and_five_streams_lose_nothing_when_the_certificate_changes() {
    for tls in BOTH_TLS {
        for http in BOTH_HTTP {
            let world = World::new();
            let builder = world.client().tls_version(tls).http_version(http);
            rotate_under_load(&world, builder).await;
        }
    }
}

async fn rotate_under_load(world: &World, builder: ClientBuilder) {
    let server = world.serve().await;
    let (old, new) = (issue(&world.client_ca), issue(&world.client_ca));
    let files = Files::of(&old);
    let builder = builder.credential(files.source()).without_polling();
    let client = builder.build().await.unwrap();

    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = client.get(server.url("/stream")).send().await.unwrap();
        let first = stream.chunk().await.unwrap().unwrap();
        assert_eq!(first, format!("{}\n", serial(&old)));
        streams.push(stream);
    }
    let swapped = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..50)
        .map(|_| tokio::spawn(call_often(client.clone(), server.clone(), swapped.clone())))
        .collect();

    files.become_those_of(&new);
    let reload = client.reload().await.unwrap();
    swapped.store(true, Ordering::SeqCst);
    assert_eq!(reload, Reload::Rotated { generation: 2 });

    for caller in callers {
        for seen in caller.await.unwrap() {
            assert_eq!(seen, serial(&new), "a request begun after the swap");
        }
    }
    server.release_streams();
    for stream in streams {
        let last = stream.text().await.unwrap();
        assert_eq!(last, format!("{}\n", serial(&old)), "a stream begun before");
    }
    server.all_closed(&serial(&old)).await;
}

/// Calls until ten calls were begun after the swap, and answers whom the server saw in those.
async fn call_often(client: Client, server: Server, swapped: Arc<AtomicBool>) -> Vec<String> {
    let mut after = Vec::new();
    while after.len() < 10 {
        let is_after = swapped.load(Ordering::SeqCst);
        let seen = whose(&client, &server).await;
        if is_after {
            after.push(seen);
        }
    }
    after
}

#[tokio::test]
async fn new_files_are_noticed_and_told() {
    let world = World::new();
    let server = world.serve().await;
    let (old, new) = (issue(&world.client_ca), issue(&world.client_ca));
    let files = Files::of(&old);
    let builder = world.client().credential(files.source());
    let client = builder.poll_every(Duration::from_millis(20)).build();
    let client = client.await.unwrap();
    let mut events = client.events();
    assert_eq!(whose(&client, &server).await, serial(&old));

    files.become_those_of(&new);
    let rotated = loop {
        // A look between the two files finds a pair that does not match.
        match next(&mut events).await {
            Event::ReloadRefused { .. } => {}
            rotated => break rotated,
        }
    };
    let Event::Rotated { generation, to, .. } = rotated else {
        panic!("{rotated:?}");
    };
    assert_eq!((generation, client.generation()), (2, 2));
    assert_eq!(to, client.credential());
    assert_eq!(client.not_after(), Some(new.not_after()));
    assert_eq!(whose(&client, &server).await, serial(&new));
}

async fn next(events: &mut countersign_client::Events) -> Event {
    let event = timeout(Duration::from_secs(10), events.next()).await;
    event.expect("no event").expect("the client is gone")
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_by_name_and_the_last_good_one_stays() {
    let world = World::new();
    let server = world.serve().await;
    let good = issue(&world.client_ca);
    let files = Files::of(&good);
    let builder = world.client().credential(files.source());
    let client = builder.without_polling().build().await.unwrap();
    let mut events = client.events();

    let new = issue(&world.client_ca);
    let (chain, key) = (new.chain_pem(), new.key_pem());
    let other = Key::generate(KeyKind::P256).unwrap();
    let shaped = |issued: Issued| (issued.chain_pem(), issued.key_pem());
    let ca = &world.client_ca;
    let expired = ca.client(Timestamp::now());
    let expired = shaped(
        expired
            .validity(days_from_now(-9), days_from_now(-2))
            .issue()
            .unwrap(),
    );
    let early = ca.client(Timestamp::now());
    let early = shaped(
        early
            .validity(days_from_now(2), days_from_now(9))
            .issue()
            .unwrap(),
    );
    let server_only = ca
        .client(Timestamp::now())
        .extended_key_usage(&[Usage::Server]);
    let server_only = shaped(server_only.issue().unwrap());
    let encrypted = new.key().encrypted_pem("changeit").unwrap();
    let text = |text: &str| text.to_owned();
    for ((chain, key), wanted) in [
        (
            (text(""), key.clone()),
            "no certificate: found no PEM section",
        ),
        (
            (chain.clone(), text("")),
            "no private key: found no PEM section",
        ),
        (
            (key.clone(), chain.clone()),
            "no private key: found 1 x CERTIFICATE",
        ),
        (
            (chain.clone(), other.pem().to_string()),
            "the private key does not belong",
        ),
        (
            (text("-----BEGIN CERTIFICATE-----\nMII"), key),
            "malformed PEM",
        ),
        ((chain, encrypted), "a password is needed"),
        (expired, "certificate 1 expired at"),
        (early, "certificate 1 is not valid before"),
        (server_only, "does not allow client authentication"),
    ] {
        files.write(&chain, &key);
        let error = client.reload().await.unwrap_err();
        let said = error.to_string();
        let named = said.contains("tls.crt") || said.contains("tls.key");
        assert!(named && said.contains(wanted), "{said}");
        let event = next(&mut events).await;
        assert!(
            matches!(&event, Event::ReloadRefused { reason, .. } if *reason == said),
            "{event:?}"
        );
        assert_eq!(whose(&client, &server).await, serial(&good), "{wanted}");
        assert_eq!(client.generation(), 1);
    }
    fs::remove_file(files.key()).unwrap();
    let error = client.reload().await.unwrap_err();
    assert!(matches!(error, ReloadError::Source(_)), "{error}");

    files.become_those_of(&new);
    assert_eq!(
        client.reload().await.unwrap(),
        Reload::Rotated { generation: 2 }
    );
    assert_eq!(client.reload().await.unwrap(), Reload::Unchanged);
    assert_eq!(whose(&client, &server).await, serial(&new));
}

#[tokio::test]
async fn a_client_that_begins_with_files_that_cannot_be_used_does_not_begin() {
    let world = World::new();
    let client = world.client_ca.client(Timestamp::now());
    let expired = client.validity(days_from_now(-9), days_from_now(-2));
    let files = Files::of(&expired.issue().unwrap());
    let error = world.client().credential(files.source()).build().await;
    let said = error.unwrap_err().to_string();
    assert!(said.contains("tls.crt` and `"), "{said}");
    assert!(said.contains("certificate 1 expired at"), "{said}");
}

/// The server refuses the old certificate, and a new one lies there already: a POST goes through,
/// once.
#[tokio::test]
async fn a_refused_certificate_is_replaced_and_the_request_repeated() {
    for tls in BOTH_TLS {
        for http in BOTH_HTTP {
            let world = World::new();
            let (old, new) = (issue(&world.client_ca), issue(&world.client_ca));
            let list = world.client_ca.crl(Timestamp::now());
            let list = list.revoke(
                &old.serial(),
                RevocationReason::Superseded,
                Timestamp::now(),
            );
            let config = world.server_config_with_list(&list.issue().unwrap());
            let server = Server::start(config).await;
            let files = Files::of(&old);
            let builder = world.client().credential(files.source()).without_polling();
            let client = builder.tls_version(tls).http_version(http);
            let client = client.build().await.unwrap();

            files.become_those_of(&new);
            let answer = client.post(server.url("/whose")).body("once").send().await;
            assert_eq!(answer.unwrap().text().await.unwrap(), serial(&new));
            assert_eq!(server.handled(), 1);
        }
    }
}

#[tokio::test]
async fn a_refused_certificate_stays_refused_where_nothing_newer_lies_or_nobody_may_look() {
    let world = World::new();
    let (old, new) = (issue(&world.client_ca), issue(&world.client_ca));
    let list = world.client_ca.crl(Timestamp::now());
    let list = list.revoke(
        &old.serial(),
        RevocationReason::Superseded,
        Timestamp::now(),
    );
    let config = world.server_config_with_list(&list.issue().unwrap());
    let server = Server::start(config).await;
    let files = Files::of(&old);
    let build = |look| {
        let builder = world.client().credential(files.source()).without_polling();
        builder.reload_when_refused(look).build()
    };
    let (looking, blind) = (build(true).await.unwrap(), build(false).await.unwrap());
    for (client, renewed) in [(looking, false), (blind, true)] {
        if renewed {
            files.become_those_of(&new);
        }
        let error = client.get(server.url("/whose")).send().await.unwrap_err();
        let Kind::Refused(refused) = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!(refused.likely, Likely::Revoked);
    }
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_told_once() {
    let world = World::new();
    let server = world.serve().await;
    let clock = Hands::at(Timestamp::now());
    let issued = issue(&world.client_ca);
    let files = Files::of(&issued);
    let builder = world
        .client()
        .credential(files.source())
        .clock(clock.clone());
    let day = Duration::from_secs(24 * 60 * 60);
    let client = builder.warn_before_expiry(2 * day).without_polling();
    let client = client.build().await.unwrap();
    let mut events = client.events();
    whose(&client, &server).await;

    clock.set(issued.not_after() - SignedDuration::from_hours(47));
    for _ in 0..3 {
        whose(&client, &server).await;
    }
    let event = next(&mut events).await;
    assert!(
        matches!(event, Event::ExpiresSoon { not_after, .. } if not_after == issued.not_after()),
        "{event:?}"
    );
    files.become_those_of(&issue(&world.client_ca));
    client.reload().await.unwrap();
    assert!(matches!(next(&mut events).await, Event::Rotated { .. }));
}

#[tokio::test]
async fn a_new_ca_of_the_server_is_believed_once_it_stands_in_the_file() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    fs::write(&path, world.server_ca.certificate_pem()).unwrap();
    let builder = Client::builder().trust(ServerTrust::pinned_ca_pem_file(&path).unwrap());
    let client = builder.credential(world.caller()).without_polling();
    let client = client.build().await.unwrap();

    let successor = World::new();
    let server = Server::start(successor.server_config_for(&world)).await;
    let error = client.get(server.url("/ok")).send().await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Trust(_)), "{error}");

    let both = world.server_ca.certificate_pem() + &successor.server_ca.certificate_pem();
    fs::write(&path, both).unwrap();
    assert_eq!(
        client.reload().await.unwrap(),
        Reload::Rotated { generation: 2 }
    );
    client.get(server.url("/ok")).send().await.unwrap();

    fs::write(&path, "").unwrap();
    let error = client.reload().await.unwrap_err();
    assert!(matches!(error, ReloadError::Trust(_)), "{error}");
    client.get(server.url("/ok")).send().await.unwrap();
}

#[tokio::test]
async fn anything_can_be_a_source() {
    let world = World::new();
    let server = world.serve().await;
    let next = Arc::new(std::sync::Mutex::new(world.caller()));
    let source = {
        let next = next.clone();
        CredentialSource::from_fn(move || {
            let credential = next.lock().unwrap().clone();
            async move { Ok::<_, std::io::Error>(credential) }
        })
    };
    let builder = world.client().credential(source).without_polling();
    let client = builder.build().await.unwrap();
    assert_eq!(client.reload().await.unwrap(), Reload::Unchanged);
    let new = world.caller();
    *next.lock().unwrap() = new.clone();
    assert_eq!(
        client.reload().await.unwrap(),
        Reload::Rotated { generation: 2 }
    );
    assert_eq!(whose(&client, &server).await, new.certificate().serial());

    let failing = CredentialSource::from_fn(async || Err(std::io::Error::other("sealed")));
    let error = world
        .client()
        .credential(failing)
        .build()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the source of the credential failed: sealed"
    );
}
