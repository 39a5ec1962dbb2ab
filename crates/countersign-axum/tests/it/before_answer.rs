//! An audit log before the answer: nothing is done, and nothing answered, that does not stand in it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_axum::audit::{Action, AuditSink, EventKind, Outcome};
use countersign_axum::{Api, Audit, AuditEvent, Code, Connection, Fault, Forwarding, Limits, Live};
use countersign_pki::Issued;
use futures_util::future::join_all;
use http::Request;
use http_body_util::BodyExt;
use rustls::version::TLS12;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::ServiceExt;

use crate::client::{BOTH, Http, alert, shake};
use crate::world::{World, WriteTransactions, directory, now, soon};

/// Takes and flushes events as a test says.
struct Sink<R, F>(R, F);

impl<R, F> AuditSink for Sink<R, F>
where
    R: FnMut(&AuditEvent) -> io::Result<()> + Send + 'static,
    F: FnMut() -> io::Result<()> + Send + 'static,
{
    fn record(&mut self, event: &AuditEvent) -> io::Result<()> {
        self.0(event)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1()
    }
}

fn full() -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::StorageFull,
        "the disk of host-7 is full",
    ))
}

/// A service that counts how often a handler is called.
struct Counted {
    router: Router,
    calls: Arc<AtomicUsize>,
}

impl Counted {
    fn new(live: &Live) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = || {
            let calls = Arc::clone(&calls);
            move || calls.fetch_add(1, Ordering::SeqCst)
        };
        let (read, write, pay, refuse) = (count(), count(), count(), count());
        let refused = || Fault::new(Code::PermissionMissing, "not this one");
        let router = Api::new(live.clone())
            .public("/healthz", get(async || "ok"))
            .open("/read", get(async move || read().to_string()))
            .guarded::<WriteTransactions>("/write", get(async move || write().to_string()))
            .open(
                "/pay",
                get(async move || (Action::new("payment-made"), pay().to_string())),
            )
            .open(
                "/refuse",
                get(async move || (refuse(), refused()).1.into_response()),
            )
            .into_router();
        Self { router, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Asks nothing before it is polled.
    fn ask(&self, connection: &Connection, path: &str) -> Answering {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(connection.clone());
        let answering = self.router.clone().oneshot(request);
        Box::pin(async { answering.await.unwrap() })
    }
}

type Answering = Pin<Box<dyn Future<Output = Response>>>;

/// Polls it once.
async fn is_waiting(answering: &mut Answering) -> bool {
    poll_fn(|cx| Poll::Ready(answering.as_mut().poll(cx).is_pending())).await
}

/// Status and body, or code.
async fn brief(answer: Response) -> String {
    let status = answer.status().as_u16();
    let body = soon(answer.into_body().collect()).await.unwrap().to_bytes();
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(problem) if problem.is_object() => {
            // It is for the operator why.
            assert!(!problem.to_string().contains("host-7"), "{problem}");
            let code = problem.get("code").unwrap().as_str();
            format!("{status} {}", code.unwrap())
        }
        _ => format!("{status} {}", String::from_utf8_lossy(&body)),
    }
}

fn reports(world: &World) -> Issued {
    let client = world.clients.client(now());
    client.uri("spiffe://dev.example/reports").issue().unwrap()
}

fn connection(world: &World, client: &Issued, audit: &Audit) -> Connection {
    Connection::without_handshake(client.chain_der(), &world.live, audit.clone())
}

/// A log that begins a flush and goes on when it is told to.
struct Slow {
    service: Counted,
    connection: Connection,
    /// Of how many events.
    flushing: UnboundedReceiver<usize>,
    go: Sender<()>,
}

impl Slow {
    fn new() -> Self {
        let world = World::new();
        let (begun, flushing) = unbounded_channel();
        let (go, told) = channel();
        let taken = Arc::new(AtomicUsize::new(0));
        let taking = Arc::clone(&taken);
        let record = move |_: &AuditEvent| {
            taking.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let flush = move || {
            let _ = begun.send(taken.swap(0, Ordering::SeqCst));
            // At the end of the test nobody says any more.
            let _ = told.recv();
            Ok(())
        };
        let (audit, _writer) = Audit::start_before_answer(Sink(record, flush)).unwrap();
        Self {
            service: Counted::new(&world.live),
            connection: connection(&world, &reports(&world), &audit),
            flushing,
            go,
        }
    }

    /// A request that has been begun.
    async fn asked(&self, path: &str) -> Answering {
        let mut answering = self.service.ask(&self.connection, path);
        assert!(is_waiting(&mut answering).await, "{path}");
        answering
    }

    /// Of how many events the next flush is.
    async fn flushing(&mut self) -> usize {
        soon(self.flushing.recv()).await.unwrap()
    }
}

#[tokio::test]
async fn an_answer_waits_until_its_event_is_written_and_so_does_the_handler() {
    let mut slow = Slow::new();
    let mut answering = slow.asked("/read").await;
    assert_eq!(slow.flushing().await, 1);
    // It is taken, and not flushed.
    assert!(is_waiting(&mut answering).await);
    assert_eq!(slow.service.calls(), 0);
    slow.go.send(()).unwrap();
    assert_eq!(brief(soon(answering).await).await, "200 0");

    // What a handler did is done, and answered once it is told.
    let mut answering = slow.asked("/pay").await;
    assert_eq!(slow.flushing().await, 1);
    slow.go.send(()).unwrap();
    // Woken by the decision, it goes on to the next event.
    let answered = async {
        assert_eq!(soon(slow.flushing.recv()).await, Some(1));
        slow.service.calls()
    };
    let calls = tokio::select! {
        calls = answered => calls,
        _ = &mut answering => panic!("it is answered, and not told"),
    };
    assert_eq!(calls, 2);
    assert!(is_waiting(&mut answering).await);
    slow.go.send(()).unwrap();
    assert_eq!(brief(soon(answering).await).await, "200 1");
}

#[tokio::test]
async fn what_leaves_no_event_waits_for_none() {
    let mut slow = Slow::new();
    let first = slow.asked("/read").await;
    assert_eq!(slow.flushing().await, 1);
    let mut health = slow.service.ask(&slow.connection, "/healthz");
    assert!(!is_waiting(&mut health).await);
    drop(first);
}

#[tokio::test]
async fn requests_that_come_while_the_log_is_written_share_the_next_flush() {
    let mut slow = Slow::new();
    let first = slow.asked("/read").await;
    assert_eq!(slow.flushing().await, 1);
    let (two, three) = (slow.asked("/read").await, slow.asked("/read").await);
    // Its client has gone: the event is written all the same, and nobody else is held up.
    drop(slow.asked("/read").await);
    slow.go.send(()).unwrap();
    assert_eq!(brief(soon(first).await).await, "200 0");
    assert_eq!(slow.flushing().await, 3);
    slow.go.send(()).unwrap();
    assert_eq!(brief(soon(two).await).await, "200 1");
    assert_eq!(brief(soon(three).await).await, "200 2");
}

#[tokio::test]
async fn a_full_queue_makes_requests_wait_and_answers_them_all() {
    // What waits in the queue while one event is with the sink, and some for which there is no room.
    const ALL: usize = 4096 + 40;
    let mut slow = Slow::new();
    let mut answers = vec![slow.asked("/read").await];
    assert_eq!(slow.flushing().await, 1);
    for _ in 0..ALL {
        answers.push(slow.asked("/read").await);
    }
    drop(slow.go);
    for answer in soon(join_all(answers)).await {
        assert_eq!(answer.status(), 200);
    }
    assert_eq!(slow.service.calls(), 1 + ALL);
}

#[tokio::test]
async fn what_cannot_be_written_is_an_internal_problem_and_calls_no_handler() {
    let world = World::new();
    for is_taken in [false, true] {
        let fails = Arc::new(AtomicBool::new(false));
        let (records, flushes) = (Arc::clone(&fails), Arc::clone(&fails));
        let outcome = move |fails: bool| if fails { full() } else { Ok(()) };
        let record = move |_: &AuditEvent| outcome(!is_taken && records.load(Ordering::SeqCst));
        let flush = move || outcome(is_taken && flushes.load(Ordering::SeqCst));
        let (audit, _writer) = Audit::start_before_answer(Sink(record, flush)).unwrap();
        let service = Counted::new(&world.live);
        let (router, limits) = (service.router.clone(), Limits::default());
        let (_, none) = unbounded_channel();
        let served = world.serve_telling(router, limits, audit, none).await;
        for http in BOTH {
            let before = service.calls();
            let mut held = world.connect(&served, http, "reports").await;
            fails.store(true, Ordering::SeqCst);
            let answer = held.get("/read").await;
            assert_eq!((answer.status.as_u16(), &*answer.code()), (500, "internal"));
            assert!(!answer.body.contains("host-7"), "{}", answer.body);
            assert_eq!(service.calls(), before);
            // The same connection goes on once there is room.
            fails.store(false, Ordering::SeqCst);
            assert_eq!(held.get("/read").await.status, 200);
            assert_eq!(service.calls(), before + 1);
        }
    }
}

#[tokio::test]
async fn without_the_option_a_log_that_fails_keeps_nobody_from_an_answer() {
    let world = World::new();
    let (audit, _writer) = Audit::start(Sink(|_: &AuditEvent| full(), full)).unwrap();
    let service = Counted::new(&world.live);
    let connection = connection(&world, &reports(&world), &audit);
    for (path, wanted) in [
        ("/read", "200 0"),
        ("/pay", "200 1"),
        ("/refuse", "403 permission-missing"),
        ("/write", "403 permission-missing"),
    ] {
        let answer = soon(service.ask(&connection, path)).await;
        assert_eq!(brief(answer).await, wanted);
    }
}

/// Which events cannot be written.
type Fails = fn(&AuditEvent) -> bool;

#[tokio::test]
async fn nothing_is_answered_as_if_it_had_been_told() {
    let rows: [(&str, Fails, usize); 4] = [
        ("/read", |_| true, 0),
        ("/write", |event| event.outcome == Outcome::Denied, 0),
        // What was done is done.
        ("/pay", |event| event.kind == EventKind::Action, 1),
        ("/refuse", |event| event.outcome == Outcome::Denied, 1),
    ];
    for (path, fails, calls) in rows {
        let world = World::new();
        let record = move |event: &AuditEvent| if fails(event) { full() } else { Ok(()) };
        let (audit, _writer) = Audit::start_before_answer(Sink(record, || Ok(()))).unwrap();
        let service = Counted::new(&world.live);
        let connection = connection(&world, &reports(&world), &audit);
        let answer = soon(service.ask(&connection, path)).await;
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
        assert_eq!(brief(answer).await, "500 internal", "{path}");
        assert_eq!(service.calls(), calls, "{path}");
        let metrics = audit.metrics().text(&world.live);
        let failed = "\ncountersign_audit_failures_total 1\n";
        assert!(metrics.contains(failed), "{path}: {metrics}");
    }
}

#[tokio::test]
async fn a_request_that_renews_waits_for_both_of_its_events() {
    for fails in [EventKind::Request, EventKind::CertificateRenewed] {
        let world = World::new();
        let renewed = Arc::new(AtomicBool::new(false));
        let armed = Arc::clone(&renewed);
        let record = move |event: &AuditEvent| match event.kind == fails {
            true if armed.load(Ordering::SeqCst) => full(),
            _ => Ok(()),
        };
        let (audit, _writer) = Audit::start_before_answer(Sink(record, || Ok(()))).unwrap();
        let service = Counted::new(&world.live);
        let later = world
            .clients
            .client("2026-08-01T13:00:00Z".parse().unwrap());
        let later = later.uri("spiffe://dev.example/reports").issue().unwrap();
        world.clock.set("2026-08-01T14:00:00Z".parse().unwrap());
        for (client, wanted) in [(reports(&world), "200 0"), (later, "500 internal")] {
            let connection = connection(&world, &client, &audit);
            let answer = soon(service.ask(&connection, "/read")).await;
            assert_eq!(brief(answer).await, wanted, "{fails:?}");
            renewed.store(true, Ordering::SeqCst);
        }
        assert_eq!(service.calls(), 1, "{fails:?}");
    }
}

#[tokio::test]
async fn a_writer_that_has_panicked_lets_nobody_in() {
    let world = World::new();
    let panics = || {
        Sink(
            |_: &AuditEvent| -> io::Result<()> { panic!("no disk") },
            || Ok(()),
        )
    };
    for (started, wanted) in [
        (Audit::start_before_answer(panics()), ["500 internal"; 2]),
        (Audit::start(panics()), ["200 0", "200 1"]),
    ] {
        let (audit, writer) = started.unwrap();
        let service = Counted::new(&world.live);
        let connection = connection(&world, &reports(&world), &audit);
        let [first, second] = wanted;
        let answer = soon(service.ask(&connection, "/read")).await;
        assert_eq!(brief(answer).await, first);
        // Now it is certain that it has.
        soon(tokio::task::spawn_blocking(|| writer.finish()))
            .await
            .unwrap();
        let answer = soon(service.ask(&connection, "/read")).await;
        assert_eq!(brief(answer).await, second);
    }
}

#[tokio::test]
async fn what_has_no_answer_goes_on_without_its_event() {
    let world = World::new();
    let sink = Sink(|_: &AuditEvent| full(), full);
    let (audit, _writer) = Audit::start_before_answer(sink).unwrap();
    let (forwarding, none) = (Forwarding::default(), Vec::new());
    let reload = world
        .live
        .reload(world.both(), directory(), forwarding, none, &audit);
    let (epoch, _) = soon(reload).await;
    assert_eq!(epoch, world.live.load().epoch());
    assert_eq!(epoch.number(), 2);

    let router = Counted::new(&world.live).router;
    let (_, none) = unbounded_channel();
    let served = world.serve_telling(router, Limits::default(), audit, none);
    let address = served.await.address;
    let config = world.config(Http::One, &TLS12, None);
    let error = shake(address, &config).await.unwrap_err();
    assert_eq!(alert(&error).unwrap().to_string(), "certificate_required");
}
