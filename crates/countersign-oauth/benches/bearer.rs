//! What does it cost to check a bound token? `cargo bench -p countersign-oauth`
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_axum::SystemClock;
use countersign_identity::Thumbprint;
use countersign_oauth::{
    AccessToken, BearerCheck, KeySet, TokenId, TokenSigner, TokenVerifier, Withdrawal,
};
use countersign_pki::{Key, KeyKind};
use divan::Bencher;
use divan::counter::ItemsCount;
use futures_util::FutureExt;
use http::Request;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

const KINDS: [KeyKind; 2] = [KeyKind::P256, KeyKind::Rsa2048];

fn main() {
    divan::main();
}

struct Bound {
    signer: TokenSigner,
    token: AccessToken,
    text: String,
    keys: KeySet,
    now: Timestamp,
}

impl Bound {
    fn new(kind: KeyKind) -> Self {
        let key = Key::generate(kind).unwrap();
        let signer = TokenSigner::from_pkcs8(key.pkcs8_der()).unwrap();
        let now = Timestamp::now();
        let lasting = now..now + SignedDuration::from_hours(1);
        let (id, held) = (TokenId::from_bytes([7; 16]), Thumbprint::of(b"held"));
        let mut token = AccessToken::new(ISSUER, "billing", AUDIENCE, id, held, lasting);
        token.scope = "accounts".parse().unwrap();
        Self {
            text: signer.sign(&token).unwrap(),
            keys: KeySet::new([signer.public().clone()]),
            signer,
            token,
            now,
        }
    }

    fn request(&self) -> Parts {
        let request = Request::get("/accounts");
        let request = request.header("authorization", format!("Bearer {}", self.text));
        request.body(()).unwrap().into_parts().0
    }
}

const ISSUER: &str = "https://as.example";
const AUDIENCE: &str = "https://api.example";

/// A token that was not seen before: one signature is verified.
#[divan::bench(args = KINDS)]
fn a_new_token(bencher: Bencher<'_, '_>, kind: KeyKind) {
    let bound = Bound::new(kind);
    let verifier = TokenVerifier::new(ISSUER, AUDIENCE);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        verifier
            .verify(&bound.text, &bound.keys, bound.now)
            .unwrap()
    });
}

/// The next request with the same token: all checks but the signature.
#[divan::bench]
fn a_token_that_was_seen(bencher: Bencher<'_, '_>) {
    let bound = Bound::new(KeyKind::P256);
    let keys = ArcSwap::from_pointee(bound.keys.clone());
    let verifier = TokenVerifier::new(ISSUER, AUDIENCE);
    let clock = Arc::new(SystemClock);
    let bearer = BearerCheck::signed(verifier, keys, Withdrawal::AtExpiry, clock);
    let bearer = bearer.scope("accounts".parse().unwrap());
    let (request, held) = (bound.request(), bound.token.binding);
    let judge = || {
        let judged = bearer.judge(&request, "billing", Some(&held), bound.now);
        judged.now_or_never().unwrap().unwrap()
    };
    judge();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(judge);
}

/// What the authorization server does for each token.
#[divan::bench(args = KINDS)]
fn a_signature(bencher: Bencher<'_, '_>, kind: KeyKind) {
    let bound = Bound::new(kind);
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| bound.signer.sign(&bound.token).unwrap());
}
