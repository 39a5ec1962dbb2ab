//! What is measured?

use std::time::Duration;

use countersign_bench::{Asked, Group, Http, Load, Operation, Scene, Sessions, Whom};
use rustls::ProtocolVersion;

/// All that is measured as one operation after the other.
pub(crate) fn all(lasts: Duration) -> Vec<Scene> {
    let connection = |callers| Load {
        operation: Operation::Connection,
        callers,
        lasts,
    };
    let call = |http, callers| Load {
        operation: Operation::Call(http),
        callers,
        lasts,
    };
    let usual = Asked::usual();
    let new = Asked {
        whom: Whom::New,
        ..usual
    };
    let scene = |word, title, about, asked, load| Scene {
        word,
        title,
        about,
        asked,
        load,
    };
    vec![
        scene(
            "full",
            "Full handshake and GET",
            FULL,
            usual,
            connection(16),
        ),
        scene(
            "new",
            "The same, clients never seen before",
            NEW,
            new,
            connection(16),
        ),
        scene(
            "tls12",
            "The same in TLS 1.2, returning clients",
            "",
            Asked {
                version: ProtocolVersion::TLSv1_2,
                ..usual
            },
            connection(16),
        ),
        scene(
            "mlkem",
            "The same by X25519MLKEM768, returning clients",
            "TLS 1.3. OpenSSL of Debian 12 has no such key exchange.",
            Asked {
                group: Group::X25519MlKem768,
                ..usual
            },
            connection(16),
        ),
        scene(
            "resumed",
            "Resumed handshake and GET",
            RESUMED,
            Asked {
                sessions: Sessions::Resumed,
                ..usual
            },
            connection(16),
        ),
        scene(
            "million-known",
            "A list of a million, returning clients",
            LISTED,
            usual,
            connection(4),
        ),
        scene(
            "million-new",
            "A list of a million, clients never seen before",
            LISTED,
            new,
            connection(4),
        ),
        scene(
            "http1",
            "GET, kept alive, HTTP/1.1",
            "16 connections.",
            usual,
            call(Http::One, 16),
        ),
        scene(
            "http2",
            "GET, kept alive, HTTP/2",
            HTTP2,
            usual,
            call(Http::Two, 64),
        ),
    ]
}

/// How the words of scenes begin in which the contenders look at a list of a million.
pub(crate) const MILLION: &str = "million";

const FULL: &str = "TLS 1.3, X25519, P-256 from the root over an intermediate to the leaf, HTTP/1.1, then the connection \
    ends. 16 at one time, of 16 clients that come back.";
const NEW: &str = "Each connection presents another certificate.";
const RESUMED: &str = "TLS 1.3, X25519, tickets used once.";
const LISTED: &str = "The issuing CA has revoked a million others. The rows without the list are there to compare; the axum \
    rows say what the list costs rustls, the others what it costs OpenSSL and BoringSSL.";
const HTTP2: &str = "4 connections with 16 streams each.";
