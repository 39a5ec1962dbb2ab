//! A refused certificate is captured by the handshake that it was refused in, and by no other.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use countersign_tls::{Refusal, observe};
use rustls::version::TLS13;

use crate::wire::{client, handshake, run, shake};
use crate::world::{Ca, Server};

#[test]
fn handshakes_that_take_turns_on_one_thread_do_not_exchange_certificates() {
    let (server, ca, other) = (Server::new(), Ca::new("Clients"), Ca::new("Other"));
    let snapshot = server.snapshot([ca.trust("clients")]);
    let good = ca.client("spiffe://dev.example/billing");
    let bad = other.client("spiffe://dev.example/mallory");
    let worse = Ca::new("Clients").client("spiffe://dev.example/mallory");
    let [good, bad, worse] = [good, bad, worse].map(|given| client(&server, &TLS13, Some(&given)));
    let mut good = pin!(handshake(&good, &snapshot));
    let mut bad = pin!(handshake(&bad, &snapshot));
    let mut worse = pin!(handshake(&worse, &snapshot));
    let mut context = Context::from_waker(Waker::noop());
    let (mut ended, mut refusals) = (0, Vec::new());
    let mut done = [false; 3];
    while ended < 3 {
        let turns = [good.as_mut(), bad.as_mut(), worse.as_mut()];
        for (turn, done) in turns.into_iter().zip(&mut done) {
            if *done {
                continue;
            }
            if let Poll::Ready(end) = turn.poll(&mut context) {
                *done = true;
                ended += 1;
                refusals.push(end.refused.map(|refused| refused.refusal));
            }
        }
    }
    refusals.sort_by_key(|refusal| refusal.as_ref().map(Refusal::to_string));
    assert_eq!(
        refusals,
        [
            None,
            Some(Refusal::BadSignature),
            Some(Refusal::UnknownIssuer)
        ]
    );
}

#[test]
fn what_an_earlier_handshake_left_behind_is_nobodys() {
    let (server, other) = (Server::new(), Ca::new("Other"));
    let snapshot = server.snapshot([Ca::new("Clients").trust("clients")]);
    let bad = other.client("spiffe://dev.example/mallory");
    // Observed, and noted there.
    assert!(
        shake(&client(&server, &TLS13, Some(&bad)), &snapshot)
            .refused
            .is_some()
    );
    let ((), refused) = run(observe(async {}));
    assert!(refused.is_none());
}
