//! The same forgeries over HTTP/2, where names are in small letters and there are no lines.

use axum::body::Body;
use countersign_pki::Issued;
use countersign_tests::{BILLING, REPORTS};
use http::{HeaderMap, HeaderName, Request};
use http_body_util::BodyExt;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Gateway, Kind, nobody_else_was_seen};
use crate::forged::{forgeries, never_the_victim};
use crate::forwarded::dialects;
use crate::raw::{Answer, tls_config};

/// What only lines can be.
const OF_LINES: [&str; 5] = [
    "in capitals",
    "in odd case",
    "folded",
    "with a space before the colon",
    "named in Connection",
];

impl Gateway {
    /// Asks who asks. None, where the gateway ends the stream or the connection instead.
    async fn get_over_http2(&self, issued: &Issued, headers: &HeaderMap) -> Option<Answer> {
        let root = &self.fronted.world.root;
        let config = tls_config(root, Some(issued), Timestamp::now(), "h2");
        let tcp = TcpStream::connect(("127.0.0.1", self.running.port)).await;
        let host = "localhost".try_into().unwrap();
        let tls = TlsConnector::from(config).connect(host, tcp.unwrap()).await;
        let tls = tls.unwrap();
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
        let connected = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await;
        let (mut sender, connection) = connected.unwrap();
        tokio::spawn(connection);
        let request = Request::get("https://localhost/whoami");
        let mut request = request.body(Body::empty()).unwrap();
        request.headers_mut().clone_from(headers);
        let (parts, body) = sender.send_request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer {
            status: parts.status.as_u16(),
            head: format!("{:?}", parts.headers),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// Each forgery is let through without effect, or refused, as it is over HTTP/1.1.
pub(super) async fn forgery_fails_through(mut kind: Kind) {
    // nginx speaks HTTP/2 only where it is told to, and this is how every version of it is told.
    kind.config = kind.config.replace(" ssl;", " ssl http2;");
    let Some(mut gateway) = Gateway::start(&kind).await else {
        return;
    };
    let fronted = &gateway.fronted;
    let (billing, reports) = (fronted.client(BILLING), fronted.client(REPORTS));
    let (mut rows, mut answered) = (0, 0);
    for dialect in dialects() {
        let forgeries = forgeries(&dialect, &billing, &reports).into_iter();
        for (form, lines) in forgeries.filter(|(form, _)| !OF_LINES.contains(form)) {
            let case = format!("{} over HTTP/2: {dialect:?}, {form}", kind.name);
            let one = gateway.get(Some(&reports), "/whoami", &lines).await;
            let two = gateway.get_over_http2(&reports, &headers(&lines)).await;
            assert_eq!(
                is_answered(two.as_ref()),
                is_answered(one.as_ref()),
                "{case}"
            );
            rows += 1;
            answered += usize::from(is_answered(two.as_ref()));
            if let Some(answer) = two {
                never_the_victim(&answer, &case);
            }
        }
    }
    nobody_else_was_seen(&mut gateway);
    println!(
        "{} over HTTP/2: {rows} forgeries, {answered} answered as who asked",
        kind.name
    );
    // The oversized may be refused, in every dialect.
    assert!(
        rows == 60 && answered >= 54,
        "{}: {answered} of {rows}",
        kind.name
    );
}

fn is_answered(answer: Option<&Answer>) -> bool {
    answer.is_some_and(|answer| answer.status == 200)
}

/// The headers of these lines.
fn headers(lines: &[u8]) -> HeaderMap {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        (name, value.parse().unwrap())
    });
    headers.fold(HeaderMap::new(), |mut all, (name, value)| {
        all.append(name, value);
        all
    })
}
