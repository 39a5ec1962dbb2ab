//! Whom a new state would refuse is known before it is in force, and told.

use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};

use countersign_axum::audit::{EventKind, JsonLines};
use countersign_axum::{Audit, Clock, Directory, Forwarding, Live, TrustSnapshot};
use countersign_pki::Authority;
use jiff::Timestamp;
use tokio::task::yield_now;

use crate::audit::Pages;
use crate::client::Http;
use crate::world::{POLICY, World, credential, directory, now, trust};

/// What would become of the callers, as lines.
fn foreseen(live: &Live, trust: &TrustSnapshot, policy: &str) -> Vec<String> {
    let foreseen = live.foresee(trust, &Directory::from_toml(policy).unwrap());
    let lines = foreseen.iter();
    lines
        .map(|one| format!("{} {}", one.principal, one.fault.code()))
        .collect()
}

#[tokio::test]
async fn whom_a_new_state_would_refuse_is_known_before_it_is_in_force() {
    let world = World::new();
    let service = world.serve().await;
    let below = world.clients.intermediate("Issuing", now()).unwrap();
    let name = "spiffe://dev.example/billing";
    let billing = credential(&below.client(now()).uri(name).issue().unwrap());
    let mut billing = world.connect_as(&service, Http::Two, &billing).await;
    let mut reports = world.connect(&service, Http::One, "reports").await;
    for held in [&mut billing, &mut reports] {
        assert_eq!(held.get("/whoami").await.status, 200);
    }
    let disabled = disabled();
    let renamed = POLICY.replace("example/billing", "example/invoices");
    let other = Authority::root("Clients", now()).unwrap();
    let only = |authority| world.snapshot(vec![trust("clients", authority)]);
    for (new, policy, expected) in [
        (world.both(), POLICY, &[][..]),
        // The intermediate was seen in the handshake.
        (only(&world.clients), POLICY, &[]),
        (
            world.both(),
            disabled.as_str(),
            &["reports principal-disabled"],
        ),
        (
            world.both(),
            renamed.as_str(),
            &["billing principal-unknown"],
        ),
        (
            only(&other),
            POLICY,
            &[
                "billing certificate-untrusted",
                "reports certificate-untrusted",
            ],
        ),
    ] {
        assert_eq!(foreseen(&world.live, &new, policy), expected);
    }
    assert_eq!(world.live.load().epoch().number(), 1, "nothing was swapped");
}

#[tokio::test]
async fn a_reload_is_a_line_with_what_changed_and_who_is_refused() {
    let world = World::new();
    let mut service = world.serve().await;
    let mut reports = world.connect(&service, Http::One, "reports").await;
    assert_eq!(reports.get("/whoami").await.status, 200);
    assert_eq!(service.event().await.kind, EventKind::Request);

    let pages = Pages::default();
    let (audit, writer) = Audit::start(JsonLines::new(pages.clone())).unwrap();
    let disabled = Directory::from_toml(&disabled()).unwrap();
    let changed = vec!["policy.toml".to_owned()];
    let reload = world.live.reload(
        world.both(),
        disabled,
        Forwarding::default(),
        changed.clone(),
        &audit,
    );
    let (epoch, reload) = reload.await;
    assert_eq!((epoch.number(), reload.refused.len()), (2, 1));
    let reason = "`policy.toml`: line 1".to_owned();
    world.live.refuse_reload(reason, changed, &audit).await;
    drop(audit);
    writer.finish();
    assert_eq!(
        pages.text(),
        concat!(
            r#"{"time":"2026-08-01T12:00:00Z","event":"reload","outcome":"applied","#,
            r#""changed":["policy.toml"],"refused":[{"principal":"reports","trust":"clients","#,
            r#""identity":"spiffe://dev.example/reports","code":"principal-disabled","#,
            r#""detail":"`reports` is disabled"}],"epoch":2}"#,
            "\n",
            r#"{"time":"2026-08-01T12:00:00Z","event":"reload","outcome":"refused","#,
            r#""detail":"`policy.toml`: line 1","changed":["policy.toml"],"refused":[],"epoch":2}"#,
            "\n",
        )
    );
}

/// A clock that panics on every thread but its own: where the callers are judged aside.
#[derive(Debug)]
struct AtHome(ThreadId);

impl Clock for AtHome {
    fn now(&self) -> Timestamp {
        assert_eq!(thread::current().id(), self.0, "the clock is not at home");
        now()
    }
}

#[tokio::test]
async fn a_state_is_in_force_although_judging_whom_it_refuses_panicked() {
    let mut world = World::new();
    let clock = Arc::new(AtHome(thread::current().id()));
    world.live = Live::new(world.both(), directory(), clock);
    let service = world.serve().await;
    let mut reports = world.connect(&service, Http::One, "reports").await;
    assert_eq!(reports.get("/whoami").await.status, 200);

    let pages = Pages::default();
    let (audit, writer) = Audit::start(JsonLines::new(pages.clone())).unwrap();
    let disabled = Directory::from_toml(&disabled()).unwrap();
    let forwarding = Forwarding::default();
    let reload = world
        .live
        .reload(world.both(), disabled, forwarding, Vec::new(), &audit);
    let (epoch, reload) = reload.await;
    assert_eq!((epoch.number(), reload.refused.len()), (2, 0));
    drop(audit);
    writer.finish();
    assert_eq!(
        pages.text(),
        concat!(
            r#"{"time":"2026-08-01T12:00:00Z","event":"reload","outcome":"applied","#,
            r#""detail":"it could not be foreseen who is refused from now on: judging the callers panicked","#,
            r#""changed":[],"refused":[],"epoch":2}"#,
            "\n",
        )
    );
    let mut again = world.connect(&service, Http::One, "reports").await;
    let answer = again.get("/whoami").await;
    assert_eq!(answer.code(), "principal-disabled");
}

/// A clock that tells which thread drops it.
#[derive(Debug)]
struct Dropped(mpsc::Sender<Option<String>>);

impl Clock for Dropped {
    fn now(&self) -> Timestamp {
        now()
    }
}

impl Drop for Dropped {
    fn drop(&mut self) {
        let thread = thread::current();
        self.0.send(thread.name().map(str::to_owned)).unwrap();
    }
}

#[tokio::test]
async fn what_was_in_force_is_taken_apart_aside_though_somebody_decides_by_it() {
    let mut world = World::new();
    let (told, dropped) = mpsc::channel();
    let trusts = vec![trust("clients", &world.clients)];
    let before = TrustSnapshot::new(world.server.clone(), trusts, Arc::new(Dropped(told)));
    world.live = Live::new(before.unwrap(), directory(), world.clock.clone());
    let deciding = world.live.load();

    let (audit, _writer) = Audit::start(JsonLines::new(Pages::default())).unwrap();
    let forwarding = Forwarding::default();
    let live = world.live.clone();
    let reload = live.reload(world.both(), directory(), forwarding, Vec::new(), &audit);
    let decided = async {
        while world.live.load().epoch().number() == 1 {
            yield_now().await;
        }
        drop(deciding);
    };
    tokio::join!(reload, decided);
    assert_eq!(
        dropped.recv().unwrap().as_deref(),
        Some("countersign-aside")
    );
}

fn disabled() -> String {
    let principal = "[principals.reports]";
    POLICY.replace(principal, "[principals.reports]\nenabled = false")
}
