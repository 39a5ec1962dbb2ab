//! The audit log: what stands in it, and that all of it does.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use countersign_axum::audit::{AuditSink, EventKind, JsonLines};
use countersign_axum::{Audit, AuditEvent, Server};
use http::Request;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::client::{Held, Http, shake};
use crate::world::{World, router, soon};

#[derive(Clone, Default)]
pub(crate) struct Pages(Arc<Mutex<Vec<u8>>>);

impl Pages {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_line_is_one_json_object_and_finish_writes_the_last() {
    let world = World::new();
    let pages = Pages::default();
    let (audit, writer) = Audit::start(JsonLines::new(pages.clone())).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(Server::new(world.live.clone(), audit).serve(
        listener,
        router(world.live.clone()),
        stop.clone().cancelled_owned(),
    ));

    let given = world.client("reports");
    let config = world.config(Http::Two, &rustls::version::TLS13, Some(&given));
    let tls = shake(address, &config).await.unwrap();
    let from = tls.get_ref().0.local_addr().unwrap();
    let mut held = Held::new(Http::Two, tls).await;
    for path in ["/v1/transactions/7?a=b", "/v1/reports"] {
        let request = Request::builder().uri(path);
        let request = request.header("x-request-id", "order-17");
        held.send(request.body(Body::empty()).unwrap()).await;
    }
    stop.cancel();
    soon(serving).await.unwrap();
    soon(tokio::task::spawn_blocking(|| writer.finish()))
        .await
        .unwrap();

    let text = String::from_utf8(pages.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(text.ends_with('\n'));
    let certificate = given.certificate();
    let facts = format!(
        concat!(
            r#""certificate":{{"subject":"","sans":["spiffe://dev.example/reports"],"#,
            r#""serial":"{}","issuer":"CN=Clients","thumbprint":"{}","pin":"{}","#,
            r#""not_after":"2026-08-31T12:00:00Z"}}"#
        ),
        certificate.serial(),
        certificate.thumbprint(),
        certificate.pin()
    );
    let line = |before: &str, after: &str| {
        format!(
            concat!(
                r#"{{"time":"2026-08-01T12:00:00Z","event":"request",{},"#,
                r#""correlation_id":"order-17","address":"{}","tls_version":"1.3","alpn":"h2","#,
                r#""resumed":false,"trust":"clients","identity":"spiffe://dev.example/reports","#,
                r#""principal":"reports",{},"method":"GET",{},"epoch":1}}"#
            ),
            before, from, facts, after
        )
    };
    assert_eq!(
        lines,
        [
            line(
                r#""outcome":"allowed""#,
                r#""route":"/v1/transactions/{id}""#
            ),
            line(r#""outcome":"allowed""#, r#""route":"/v1/reports""#),
            line(
                r#""outcome":"denied","code":"permission-missing","detail":"`reports` lacks `transactions:write`""#,
                r#""route":"/v1/reports""#
            ),
        ]
    );
}

/// Takes its first event when it is told to, and counts.
struct Blocked {
    go: Option<Receiver<()>>,
    taken: Arc<Mutex<usize>>,
}

impl AuditSink for Blocked {
    fn record(&mut self, _: &AuditEvent) -> io::Result<()> {
        if let Some(go) = self.go.take() {
            go.recv().unwrap();
        }
        *self.taken.lock().unwrap() += 1;
        Ok(())
    }
}

#[tokio::test]
async fn a_full_queue_makes_requests_wait_and_drops_nothing() {
    // One event is with the sink, so many wait in the queue; no request beyond them is answered.
    const ROOM: usize = 1 + 4096;
    const ALL: usize = ROOM + 40;
    let world = World::new();
    let (go, blocked) = channel();
    let taken = Arc::new(Mutex::new(0));
    let sink = Blocked {
        go: Some(blocked),
        taken: Arc::clone(&taken),
    };
    let (audit, writer) = Audit::start(sink).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(Server::new(world.live.clone(), audit).serve(
        listener,
        router(world.live.clone()),
        stop.clone().cancelled_owned(),
    ));
    let given = world.client("reports");
    let config = world.config(Http::One, &rustls::version::TLS13, Some(&given));
    let mut held = Held::new(Http::One, shake(address, &config).await.unwrap()).await;
    let (answered, mut answers) = watch::channel(0);
    let asking = tokio::spawn(async move {
        for number in 1..=ALL {
            assert_eq!(held.get("/whoami").await.status, 200);
            answered.send_replace(number);
        }
    });
    soon(answers.wait_for(|answers| *answers == ROOM))
        .await
        .unwrap();
    // Whatever the client has asked since, the sink has taken nothing and so nobody was answered.
    assert_eq!(*taken.lock().unwrap(), 0);
    assert_eq!(*answers.borrow(), ROOM);
    go.send(()).unwrap();
    soon(asking).await.unwrap();
    stop.cancel();
    soon(serving).await.unwrap();
    soon(tokio::task::spawn_blocking(|| writer.finish()))
        .await
        .unwrap();
    assert_eq!(*taken.lock().unwrap(), ALL);
}

#[tokio::test]
async fn a_renewal_is_a_line_with_both_thumbprints() {
    let world = World::new();
    let mut service = world.serve().await;
    let later = "2026-08-01T13:00:00Z".parse().unwrap();
    let name = "spiffe://dev.example/reports";
    let old = world.client("reports");
    let issued = world.clients.client(later).uri(name).issue().unwrap();
    let new = crate::world::credential(&issued);
    world.clock.set("2026-08-01T14:00:00Z".parse().unwrap());
    for credential in [&old, &new, &old] {
        let mut held = world.connect_as(&service, Http::One, credential).await;
        for _ in 0..2 {
            assert_eq!(held.get("/whoami").await.status, 200);
        }
    }
    service.stop.cancel();
    soon(service.done).await.unwrap();
    let mut renewals = Vec::new();
    while let Some(event) = service.events.recv().await {
        if event.kind == EventKind::CertificateRenewed {
            let pages = Pages::default();
            let mut lines = JsonLines::new(pages.clone());
            lines.record(&event).unwrap();
            lines.flush().unwrap();
            let line = pages.0.lock().unwrap().clone();
            let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
            renewals.push(line);
        }
    }
    let [renewal] = renewals.as_slice() else {
        panic!("{renewals:?}");
    };
    assert_eq!(renewal["event"], "certificate-renewed");
    assert_eq!(renewal["outcome"], "allowed");
    assert_eq!(renewal["principal"], "reports");
    assert_eq!(renewal["from"], old.certificate().thumbprint().to_string());
    assert_eq!(renewal["to"], new.certificate().thumbprint().to_string());
    assert_eq!(renewal["certificate"]["thumbprint"], renewal["to"]);
}
