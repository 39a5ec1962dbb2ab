use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use axum::Router;
use countersign_identity::Thumbprint;
use countersign_oauth::{
    AccessToken, Asking, BearerCheck, KeySet, LookingAgain, Revocations, TokenKeys, Unavailable,
    Withdrawal,
};
use countersign_pki::Issued;
use futures_util::FutureExt;
use http::{Request, StatusCode};
use jiff::SignedDuration;

use crate::forge::{AUDIENCE, Forge, now, token, verifier};
use crate::world::{Answer, World, thumbprint};

/// An API, a client, and a token that is the client's.
struct Bench {
    world: World,
    forge: Forge,
    keys: Arc<ArcSwap<KeySet>>,
    billing: Issued,
    api: Router,
}

impl Bench {
    fn new() -> Self {
        Self::that(|bearer| bearer.scope("accounts".parse().unwrap()))
    }

    fn that(change: impl FnOnce(BearerCheck) -> BearerCheck) -> Self {
        let (world, forge) = (World::new(), Forge::new());
        let keys = Arc::new(ArcSwap::from_pointee(forge.keys()));
        let clock = world.live.clock();
        let bearer =
            BearerCheck::signed(verifier(), Arc::clone(&keys), Withdrawal::AtExpiry, clock);
        Self {
            billing: world.client("billing"),
            api: world.api(change(bearer)),
            world,
            forge,
            keys,
        }
    }

    fn token(&self) -> AccessToken {
        let mut token = token();
        token.binding = thumbprint(&self.billing);
        token
    }

    fn text(&self, change: impl FnOnce(&mut AccessToken)) -> String {
        let mut token = self.token();
        change(&mut token);
        self.forge.signer.sign(&token).unwrap()
    }

    async fn ask(&self, request: http::request::Builder) -> Answer {
        self.world.ask(&self.api, &self.billing, request).await
    }

    async fn show(&self, token: &str) -> Answer {
        self.world.show(&self.api, &self.billing, token).await
    }
}

#[tokio::test]
async fn the_holder_of_the_certificate_passes_with_its_token() {
    let bench = Bench::new();
    let answer = bench.show(&bench.text(|_| {})).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body, "accounts payments for billing");
}

#[tokio::test]
async fn r1_the_scheme_is_read_in_any_case() {
    let bench = Bench::new();
    let text = bench.text(|_| {});
    for scheme in ["Bearer", "bEARER", "bearer ", "BEARER"] {
        let request = Request::get("/accounts").header("authorization", format!("{scheme} {text}"));
        assert_eq!(bench.ask(request).await.status, StatusCode::OK, "{scheme}");
    }
}

#[tokio::test]
async fn r1_a_token_stands_in_the_header_and_once() {
    let bench = Bench::new();
    let text = bench.text(|_| {});
    let bearer = format!("Bearer {text}");
    let get = |query: &str| Request::get(format!("/accounts{query}"));
    let in_query = format!("?access_token={text}");
    for (request, said) in [
        (
            get(&in_query),
            "an access token in the query is not accepted",
        ),
        (
            get(&in_query).header("authorization", &bearer),
            "an access token in the query is not accepted",
        ),
        (
            get("?a=b&access_token").header("authorization", &bearer),
            "an access token in the query is not accepted",
        ),
        (
            get("")
                .header("authorization", &bearer)
                .header("authorization", &bearer),
            "there is more than one 'Authorization'",
        ),
        (
            get("")
                .header("authorization", "Basic YTpi")
                .header("authorization", &bearer),
            "there is more than one 'Authorization'",
        ),
        (
            get("").header("authorization", "Bearer"),
            "the token in 'Authorization: Bearer' is malformed",
        ),
        (
            get("").header("authorization", format!("{bearer}, {bearer}")),
            "the token in 'Authorization: Bearer' is malformed",
        ),
        (
            get("").header("authorization", "Bearer ="),
            "the token in 'Authorization: Bearer' is malformed",
        ),
    ] {
        let answer = bench.ask(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.code(), "request-invalid");
        let wanted = format!(
            r#"Bearer realm="{AUDIENCE}", error="invalid_request", error_description="{}""#,
            said.replace('`', "'")
        );
        assert_eq!(answer.header("www-authenticate").replace('`', "'"), wanted);
    }
}

#[tokio::test]
async fn r2_without_a_token_no_error_is_told() {
    let bench = Bench::new();
    for request in [
        Request::get("/accounts"),
        Request::get("/accounts").header("authorization", "Basic YTpi"),
        Request::get("/accounts?token=access_token"),
    ] {
        let answer = bench.ask(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.code(), "token-missing");
        assert_eq!(
            answer.header("www-authenticate"),
            format!(r#"Bearer realm="{AUDIENCE}""#)
        );
    }
}

#[tokio::test]
async fn r4_a_token_of_another_certificate_is_not_bound_to_this_one() {
    let bench = Bench::new();
    let other = bench.world.client("billing");
    let (text, presented) = (bench.text(|_| {}), thumbprint(&other));
    let answer = bench.world.show(&bench.api, &other, &text).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.code(), "token-not-bound");
    let bound = thumbprint(&bench.billing);
    let said =
        format!("the token is bound to the certificate {bound}, and {presented} is presented");
    assert_eq!(
        answer.event.detail(),
        Some(&*said),
        "the audit log has both"
    );
    let challenge =
        format!(r#"Bearer realm="{AUDIENCE}", error="invalid_token", error_description="{said}""#);
    assert_eq!(answer.header("www-authenticate"), challenge);
}

#[tokio::test]
async fn r4_a_bound_token_without_a_certificate_is_refused() {
    // As behind a gateway that forwards a name alone.
    let bench = Bench::new();
    let bearer = BearerCheck::signed(
        verifier(),
        Arc::clone(&bench.keys),
        Withdrawal::AtExpiry,
        bench.world.live.clock(),
    );
    let authorization = format!("Bearer {}", bench.text(|_| {}));
    let request = Request::get("/accounts").header("authorization", authorization);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let fault = bearer
        .judge(&parts, "billing", None, now())
        .await
        .unwrap_err();
    assert_eq!(fault.code().as_str(), "token-not-bound");
    let own = thumbprint(&bench.billing);
    assert!(
        bearer
            .judge(&parts, "billing", Some(&own), now())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn r5_a_token_that_is_bound_to_nothing_is_refused() {
    let bench = Bench::new();
    let text = bench
        .forge
        .changed(|claims| drop(claims.as_object_mut().unwrap().remove("cnf")));
    let answer = bench.show(&text).await;
    assert_eq!(answer.code(), "token-not-bound");
    let text = bench
        .forge
        .changed(|claims| claims["cnf"] = serde_json::json!({"jkt": "AA"}));
    assert_eq!(bench.show(&text).await.code(), "token-invalid");
}

#[tokio::test]
async fn r6_a_token_serves_the_principal_to_whom_it_was_issued() {
    let bench = Bench::new();
    let text = bench.text(|token| token.client_id = "reports".to_owned());
    assert_eq!(bench.show(&text).await.code(), "token-invalid");
    let bench = Bench::that(BearerCheck::any_client);
    let text = bench.text(|token| token.client_id = "a-name-of-theirs".to_owned());
    assert_eq!(bench.show(&text).await.status, StatusCode::OK);
}

#[tokio::test]
async fn r6_a_token_opens_nothing_to_whom_the_policy_does_not_know() {
    let bench = Bench::new();
    let stranger = bench.world.client("stranger");
    let text = bench.text(|token| token.binding = thumbprint(&stranger));
    let answer = bench.world.show(&bench.api, &stranger, &text).await;
    assert_eq!(answer.code(), "principal-unknown");
}

#[tokio::test]
async fn r7_a_scope_that_does_not_reach_is_told() {
    let bench = Bench::that(|bearer| bearer.scope("funds accounts".parse().unwrap()));
    let answer = bench.show(&bench.text(|_| {})).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.code(), "permission-missing");
    let wanted =
        format!(r#"Bearer realm="{AUDIENCE}", error="insufficient_scope", scope="accounts funds""#);
    assert_eq!(answer.header("www-authenticate"), wanted);
}

#[tokio::test]
async fn r8_a_token_that_was_verified_expires_all_the_same() {
    let bench = Bench::new();
    let text = bench.text(|_| {});
    assert_eq!(bench.show(&text).await.status, StatusCode::OK);
    bench
        .world
        .clock
        .set(token().expires_at - SignedDuration::from_secs(1));
    assert_eq!(bench.show(&text).await.status, StatusCode::OK);
    bench.world.clock.set(token().expires_at);
    let answer = bench.show(&text).await;
    assert_eq!(answer.code(), "token-invalid");
    assert!(
        answer
            .body
            .contains("the token expired at 2026-08-01T12:05:00Z")
    );
}

/// Revocations that are set by hand, and told how often they are asked.
#[derive(Default)]
struct Register {
    revoked: Mutex<Vec<String>>,
    asked: AtomicUsize,
    broken: AtomicBool,
}

impl Revocations for Register {
    fn is_revoked<'a>(&'a self, token: &'a AccessToken) -> Asking<'a> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let revoked = self
            .revoked
            .lock()
            .unwrap()
            .iter()
            .any(|id| id == token.id.as_str());
        let broken = self.broken.load(Ordering::Relaxed);
        let answer = if broken {
            Err(Unavailable::new("the register"))
        } else {
            Ok(revoked)
        };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test]
async fn r8_a_token_that_is_revoked_counts_no_more_at_the_next_request() {
    let bench = Bench::new();
    let register = Arc::new(Register::default());
    let clock = bench.world.live.clock();
    let withdrawn = Withdrawal::Asked(register.clone());
    let bearer = BearerCheck::signed(verifier(), Arc::clone(&bench.keys), withdrawn, clock);
    let api = bench.world.api(bearer);
    let text = bench.text(|_| {});
    for times in 1..=3 {
        let answer = bench.world.show(&api, &bench.billing, &text).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(register.asked.load(Ordering::Relaxed), times);
    }
    register
        .revoked
        .lock()
        .unwrap()
        .push(token().id.to_string());
    let answer = bench.world.show(&api, &bench.billing, &text).await;
    assert_eq!(answer.code(), "token-invalid");
    assert!(answer.body.contains("the token is not active"));
    // What cannot be asked is not allowed.
    register.broken.store(true, Ordering::Relaxed);
    let answer = bench.world.show(&api, &bench.billing, &text).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.code(), "overloaded");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_token_whose_key_was_taken_away_counts_no_more() {
    let bench = Bench::new();
    let text = bench.text(|_| {});
    assert_eq!(bench.show(&text).await.status, StatusCode::OK);
    bench.keys.store(Arc::new(Forge::new().keys()));
    assert_eq!(bench.show(&text).await.code(), "token-invalid");
}

/// Keys that are there only after a look.
struct Late {
    keys: ArcSwap<KeySet>,
    later: Arc<KeySet>,
    looked: Arc<AtomicUsize>,
}

impl TokenKeys for Late {
    fn current(&self) -> Arc<KeySet> {
        self.keys.load_full()
    }

    fn look_again(&self) -> LookingAgain<'_> {
        self.looked.fetch_add(1, Ordering::Relaxed);
        self.keys.store(Arc::clone(&self.later));
        Box::pin(std::future::ready(Ok(Arc::clone(&self.later))))
    }
}

#[tokio::test]
async fn j3_a_key_that_is_not_known_yet_is_looked_for_once() {
    let bench = Bench::new();
    let looked = Arc::new(AtomicUsize::new(0));
    let late = Late {
        keys: ArcSwap::default(),
        later: Arc::new(bench.forge.keys()),
        looked: looked.clone(),
    };
    let clock = bench.world.live.clock();
    let bearer = BearerCheck::signed(verifier(), late, Withdrawal::AtExpiry, clock);
    let api = bench.world.api(bearer);
    let text = bench.text(|_| {});
    for _ in 0..2 {
        let answer = bench.world.show(&api, &bench.billing, &text).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(looked.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn r9_a_refusal_has_the_id_of_the_request() {
    let bench = Bench::new();
    let request =
        Request::get("/accounts").header("x-request-id", "93bac548-d2de-4546-b106-880a5018460d");
    let answer = bench.ask(request).await;
    assert_eq!(
        answer.header("x-request-id"),
        "93bac548-d2de-4546-b106-880a5018460d"
    );
}

#[tokio::test]
async fn r9_answers_are_given_whatever_json_is_accepted() {
    let bench = Bench::new();
    let authorization = format!("Bearer {}", bench.text(|_| {}));
    for accept in [
        "application/json;charset=UTF-8",
        "application/json, application/*+json, */*",
    ] {
        let request = Request::get("/accounts").header("accept", accept);
        let request = request.header("authorization", &authorization);
        assert_eq!(bench.ask(request).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn r10_each_refusal_is_a_problem_document_with_a_challenge() {
    let bench = Bench::new();
    let changed: [fn(&mut AccessToken); 5] = [
        |token| token.issuer.push('/'),
        |token| token.audience = vec!["https://other.example".to_owned()],
        |token| token.expires_at = token.issued_at,
        |token| token.binding = Thumbprint::of(b"another"),
        |token| token.issued_at += SignedDuration::from_secs(61),
    ];
    for (change, code) in changed.into_iter().zip([
        "token-invalid",
        "token-invalid",
        "token-invalid",
        "token-not-bound",
        "token-invalid",
    ]) {
        let answer = bench.show(&bench.text(change)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.code(), code);
        let challenge = format!(r#"Bearer realm="{AUDIENCE}", error="invalid_token", "#);
        assert!(answer.header("www-authenticate").starts_with(&challenge));
    }
}

#[tokio::test]
async fn r11_a_refusal_is_not_kept_by_a_cache() {
    let bench = Bench::new();
    let answer = bench.ask(Request::get("/accounts")).await;
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_description_has_no_letter_that_would_end_it() {
    let bench = Bench::new();
    let text = bench.text(|token| token.issuer = "a\"b\\c\u{7f}\n\u{e4}".to_owned());
    let answer = bench.show(&text).await;
    assert_eq!(answer.code(), "token-invalid");
    let told = answer
        .headers
        .get("www-authenticate")
        .unwrap()
        .to_str()
        .unwrap();
    assert_eq!(told.matches('"').count(), 6, "{told}");
    assert_eq!(told.matches('\\').count(), 0, "{told}");
}

#[test]
fn a_token_that_was_seen_is_checked_without_an_allocation() {
    let bench = Bench::new();
    let clock = bench.world.live.clock();
    let bearer = BearerCheck::signed(verifier(), bench.keys.clone(), Withdrawal::AtExpiry, clock);
    let bearer = bearer.scope("accounts".parse().unwrap());
    let authorization = format!("Bearer {}", bench.text(|_| {}));
    let request = Request::get("/accounts").header("authorization", authorization);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let own = thumbprint(&bench.billing);
    let judge = || {
        let judged = bearer.judge(&parts, "billing", Some(&own), now());
        drop(judged.now_or_never().unwrap().unwrap());
    };
    judge();
    assert_eq!(allocation_counter::measure(judge).count_total, 0);
}
