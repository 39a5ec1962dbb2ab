//! What does an operator look at first?
//!
//! One page, made whole on the server: it needs no script. With one it is fetched again now and then, and replaced in place.

mod attention;
mod callers;
mod clients;
mod decisions;
mod facts;
mod history;
mod moment;
mod refusals;
mod trusts;

use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use countersign_axum::Minute;
use countersign_oauth::TokenServer;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use self::callers::Caller;
use self::moment::{relative, time};
use super::Admin;

/// Where its style is.
pub(super) const STYLE: &str = "/page.css";
/// Where its script is.
pub(super) const SCRIPT: &str = "/page.js";

/// The page, as things are now.
pub(super) fn answer(admin: &Admin) -> Response {
    let page = whole(admin).into_string();
    of("text/html; charset=utf-8", page)
}

/// How it looks.
pub(super) async fn style() -> Response {
    of("text/css; charset=utf-8", include_str!("page/page.css"))
}

/// How it is refreshed.
pub(super) async fn script() -> Response {
    of(
        "text/javascript; charset=utf-8",
        include_str!("page/page.js"),
    )
}

fn of(media_type: &'static str, body: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body).into_response()
}

fn whole(admin: &Admin) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Countersign: who calls, and may they?" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(STYLE);
                script src=(SCRIPT) defer {}
            }
            body {
                a.skip href="#now" { "Skip to what is now" }
                header {
                    p.name { "Countersign" }
                    nav aria-label="Sections" {
                        @for (id, title) in SECTIONS.into_iter().filter(|(id, _)| *id != CLIENTS || admin.tokens.is_some()) { a href={ "#" (id) } { (title) } }
                    }
                    div #refresh {}
                }
                (main(admin))
                footer {
                    p { "The same for programs: " a href="/status" { "status" } " and " a href="/metrics" { "metrics" } "." }
                }
            }
        }
    }
}

/// What is replaced.
fn main(admin: &Admin) -> Markup {
    let (live, metrics, now) = (&admin.live, &admin.metrics, admin.live.now());
    let snapshot = live.load();
    let (minutes, seen, reloads) = (metrics.minutes(now), live.seen(), metrics.reloads());
    let callers = Caller::all(&seen);
    html! {
        main #now tabindex="-1" {
            h1 { "Who calls, and may they?" }
            p.quiet { "As of " (time(now)) ". Snapshot " (snapshot.epoch()) ", in force since " (relative(snapshot.since(), now)) "." }
            (attention::section(&callers, &reloads, &snapshot, now))
            (facts::tiles(&minutes, &callers, &snapshot, now))
            (decisions::section(&minutes))
            (callers::section(&callers, &metrics.tallies(), now))
            (refusals::section(admin, &snapshot, now))
            @if let Some(tokens) = &admin.tokens { (clients::section(tokens, &metrics.acts(TokenServer::ISSUED), now)) }
            (trusts::section(&snapshot, now))
            (history::section(&reloads, &snapshot, now))
        }
    }
}

/// The heading that a section has, and what it is about.
fn heading(id: &str, title: &str, about: &str) -> Markup {
    html! {
        h2 id=(id) { (title) }
        p.quiet { (about) }
    }
}

/// What ends within this many days is marked.
const SOON: i64 = 14;

/// In how many days `end` is; less than none where it has passed.
fn days_until(end: Timestamp, now: Timestamp) -> i64 {
    end.as_second()
        .saturating_sub(now.as_second())
        .div_euclid(86_400)
}

/// A word beside an end that has come, or soon will.
fn mark(end: Timestamp, now: Timestamp) -> Markup {
    let word = match days_until(end, now) {
        ..0 => "ended",
        0..SOON => "soon",
        _ => return Markup::default(),
    };
    html! { strong.mark { (word) } }
}

/// How many requests were decided in all of `minutes`: allowed, and denied.
fn total(minutes: &[Minute]) -> (u64, u64) {
    let tallies = minutes.iter().map(|minute| minute.tally);
    tallies.fold((0, 0), |(allowed, denied), tally| {
        (allowed + tally.allowed, denied + tally.denied)
    })
}

const SECTIONS: [(&str, &str); 6] = [
    ("decisions", "Decisions"),
    ("callers", "Callers"),
    ("refusals", "Refusals"),
    (CLIENTS, "Clients"),
    ("trusts", "Trusts"),
    ("history", "History"),
];

/// Where there are any.
const CLIENTS: &str = "clients";

/// Its own style, its own script, itself again; nothing else, from nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
