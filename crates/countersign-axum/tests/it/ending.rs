//! When the trust of a connection ends, and nobody asks.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use countersign_axum::audit::Outcome;
use countersign_axum::{Api, Directory, Limits};
use countersign_pki::RevocationReason;
use countersign_tls::RevocationList;
use http_body_util::StreamBody;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Mutex, Notify};

use crate::client::{BOTH, Held};
use crate::world::{POLICY, Service, World, credential, directory, now, soon, trust};

/// Limits by which what is cut off is cut off at once.
pub(crate) fn brief() -> Limits {
    let mut limits = Limits::default();
    limits.grace = Duration::from_millis(20);
    limits
}

/// Limits by which nothing is cut off.
pub(crate) fn patient() -> Limits {
    let mut limits = Limits::default();
    limits.grace = Duration::MAX;
    limits
}

async fn service(world: &World, limits: Limits) -> Service {
    let router = Api::new(world.live())
        .open("/", get(async || "here"))
        .into_router();
    world.serve_with(router, limits).await
}

async fn calls(held: &mut Held) {
    assert_eq!(held.get("/").await.body, "here");
}

/// How the trust in `billing` ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Revoked,
    Removed,
    Disabled,
    Forgotten,
    Expired,
}

pub(crate) const ENDS: [(End, &str); 5] = [
    (End::Revoked, "certificate-revoked"),
    (End::Removed, "certificate-untrusted"),
    (End::Disabled, "principal-disabled"),
    (End::Forgotten, "principal-unknown"),
    (End::Expired, "certificate-expired"),
];

const SERIAL: &[u8] = &[7; 8];

pub(crate) fn end(world: &World, how: End) {
    match how {
        End::Revoked => {
            let list = world.clients.crl(now());
            let list = list.revoke(SERIAL, RevocationReason::KeyCompromise, now());
            let list = RevocationList::from_der(list.issue().unwrap().der()).unwrap();
            let clients = trust("clients", &world.clients).with_lists([list]);
            let partners = trust("partners", &world.partners);
            let revoked = world.snapshot(vec![clients, partners]);
            world.live.swap(revoked, directory());
        }
        End::Removed => {
            let partners = world.snapshot(vec![trust("partners", &world.partners)]);
            world.live.swap(partners, directory());
        }
        End::Disabled => {
            let named = "[principals.billing]";
            let disabled = POLICY.replace(named, "[principals.billing]\nenabled = false");
            let disabled = Directory::from_toml(&disabled).unwrap();
            world.live.swap(world.both(), disabled);
        }
        End::Forgotten => {
            let nobody = POLICY.replace("dev.example/billing", "dev.example/other");
            let nobody = Directory::from_toml(&nobody).unwrap();
            world.live.swap(world.both(), nobody);
        }
        End::Expired => {
            world.clock.set("2026-08-02T00:00:01Z".parse().unwrap());
            world.live.recheck();
        }
    }
}

pub(crate) fn billing(world: &World) -> countersign_axum::Credential {
    let until = "2026-08-02T00:00:00Z".parse().unwrap();
    world.ask(|client| {
        let client = client.uri("spiffe://dev.example/billing");
        client.serial(SERIAL).validity(now(), until)
    })
}

/// `reports`, by a CA that is removed nowhere.
pub(crate) fn partner(world: &World) -> countersign_axum::Credential {
    let name = "spiffe://dev.example/reports";
    credential(&world.partners.client(now()).uri(name).issue().unwrap())
}

#[tokio::test]
async fn an_idle_connection_whose_trust_ends_is_ended_and_no_other() {
    for http in BOTH {
        for (how, code) in ENDS {
            let world = World::new();
            let mut service = service(&world, brief()).await;
            let billing = billing(&world);
            let mut idle = world.connect_as(&service, http, &billing).await;
            let mut other = world.connect_as(&service, http, &partner(&world)).await;
            calls(&mut idle).await;
            calls(&mut other).await;
            end(&world, how);
            let event = service.ended().await;
            assert_eq!(event.code.unwrap().as_str(), code, "{how:?}");
            assert_eq!(event.outcome, Outcome::Denied);
            let thumbprint = event.certificate().unwrap().thumbprint();
            assert_eq!(thumbprint, billing.certificate().thumbprint());
            idle.ended().await;
            calls(&mut other).await;
        }
    }
}

#[tokio::test]
async fn what_is_asked_within_the_grace_is_refused_with_the_reason() {
    for http in BOTH {
        for (how, code) in ENDS {
            let world = World::new();
            let mut service = service(&world, patient()).await;
            let mut held = world.connect_as(&service, http, &billing(&world)).await;
            calls(&mut held).await;
            end(&world, how);
            service.ended().await;
            assert_eq!(held.get("/").await.code(), code, "{how:?}");
            held.ended().await;
        }
    }
}

/// A body that says what it is told to, until its sender is gone.
pub(crate) fn told(words: UnboundedReceiver<&'static str>) -> Body {
    let stream = futures_util::stream::unfold(words, async |mut words| {
        let word = words.recv().await?;
        let frame = hyper::body::Frame::data(axum::body::Bytes::from(word));
        Some((Ok::<_, std::convert::Infallible>(frame), words))
    });
    Body::new(StreamBody::new(stream))
}

#[tokio::test]
async fn a_request_in_flight_finishes_within_the_grace_and_not_beyond() {
    for http in BOTH {
        for (limits, finishes) in [(patient(), true), (brief(), false)] {
            let world = World::new();
            let entered = Arc::new(Notify::new());
            let (words, said) = unbounded_channel();
            let said = Arc::new(Mutex::new(Some(said)));
            let signal = Arc::clone(&entered);
            let stream = move || {
                let (said, signal) = (Arc::clone(&said), Arc::clone(&signal));
                async move {
                    signal.notify_one();
                    told(said.lock().await.take().unwrap())
                }
            };
            let router = Api::new(world.live())
                .open("/stream", get(stream))
                .into_router();
            let mut service = world.serve_with(router, limits).await;
            let mut held = world.connect_as(&service, http, &billing(&world)).await;
            let request = http::Request::get("/stream").body(Body::empty()).unwrap();
            let answering = tokio::spawn(async move { held.try_send(request).await });
            soon(entered.notified()).await;
            words.send("one ").unwrap();

            end(&world, End::Disabled);
            service.ended().await;
            if finishes {
                words.send("two").unwrap();
                drop(words);
                let answer = soon(answering).await.unwrap().unwrap();
                assert_eq!(answer.body, "one two", "{http:?}");
            } else {
                assert!(soon(answering).await.unwrap().is_err(), "{http:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_close_is_announced_before_the_certificate_ends_and_nothing_is_refused() {
    for http in BOTH {
        let world = World::new();
        let mut service = service(&world, Limits::default()).await;
        let mut short = world.connect_as(&service, http, &billing(&world)).await;
        let mut long = world.connect_as(&service, http, &partner(&world)).await;
        calls(&mut short).await;
        calls(&mut long).await;
        // A minute before its end.
        world.clock.set("2026-08-01T23:59:00Z".parse().unwrap());
        world.live.recheck();
        short.ended().await;
        calls(&mut long).await;
        for _ in 0..3 {
            assert_eq!(service.event().await.outcome, Outcome::Allowed);
        }

        // Who comes as late as that is served to the end.
        let mut late = world.connect_as(&service, http, &billing(&world)).await;
        calls(&mut late).await;
        world.live.recheck();
        calls(&mut late).await;
        end(&world, End::Expired);
        assert_eq!(late.get("/").await.code(), "certificate-expired");
        late.ended().await;
    }
}

#[tokio::test]
async fn a_principal_whose_time_is_up_is_ended() {
    for http in BOTH {
        let world = World::new();
        let mut service = service(&world, brief()).await;
        let named = "[principals.billing]";
        let until = "[principals.billing]\nnot_after = 2026-08-01T18:00:00Z";
        let until = Directory::from_toml(&POLICY.replace(named, until)).unwrap();
        world.live.swap(world.both(), until);
        let mut held = world.connect(&service, http, "billing").await;
        calls(&mut held).await;
        world.clock.set("2026-08-01T18:00:01Z".parse().unwrap());
        world.live.recheck();
        let event = service.ended().await;
        let detail = "`billing` ended at 2026-08-01T18:00:00Z";
        assert_eq!(event.detail(), Some(detail));
        held.ended().await;
    }
}
