//! What the service answers comes back, as it comes; and what happens where it does not answer.

use axum::body::Body;
use countersign_server::UpstreamError;
use countersign_tests::World;
use futures_util::stream::unfold;
use http::{Method, Request};
use http_body_util::BodyExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::edge::{BOTH, CALLER, Edge, Sender, parts, soon, values};
use super::service::Service;

#[tokio::test]
async fn bodies_stream_both_ways() {
    let edge = Edge::start("[]").await;
    let issued = edge.issue(CALLER);
    for alpn in BOTH {
        let (send, parts) = mpsc::unbounded_channel::<Result<&str, std::io::Error>>();
        let parts = unfold(parts, async |mut parts| Some((parts.recv().await?, parts)));
        let request = Request::post("/v1/echo")
            .body(Body::from_stream(parts))
            .unwrap();
        let mut sender = Sender::new(alpn, edge.connect(Some(&issued), alpn).await).await;
        // The first part must be on its way before the head of the answer can be there.
        send.send(Ok("one")).unwrap();
        let answer = sender.begin(request).await;
        assert_eq!(answer.status(), 200, "{alpn}");
        let mut body = answer.into_body();
        let mut next = async || loop {
            let frame = soon(body.frame()).await?.unwrap();
            // HTTP/2 may end with a part that is empty.
            match frame.into_data().unwrap() {
                empty if empty.is_empty() => {}
                part => return Some(part),
            }
        };
        assert_eq!(next().await.unwrap(), "one", "{alpn}");
        send.send(Ok("two")).unwrap();
        assert_eq!(next().await.unwrap(), "two", "{alpn}");
        drop(send);
        assert_eq!(next().await, None, "{alpn}");
    }
}

#[tokio::test]
async fn the_answer_is_that_of_the_service() {
    let edge = Edge::start("[]").await;
    let answer = edge.get(CALLER, "/v1/moved").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (307, &"/v1/echo".parse().unwrap())
    );
    assert_eq!(
        edge.service.asked(),
        1,
        "a redirect is the caller's to follow"
    );
    let answer = edge.get(CALLER, "/v1/cookies").await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
    for gone in ["connection", "x-inner", "client-cert"] {
        assert!(!answer.headers.contains_key(gone), "{gone}");
    }
    for alpn in BOTH {
        let head = Request::builder().method(Method::HEAD).uri("/v1/read/7");
        let issued = edge.issue(CALLER);
        let answer = edge
            .ask(Some(&issued), alpn, head.body(Body::empty()).unwrap())
            .await;
        let length: usize = answer.headers["content-length"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(length > 0, "as GET would say");
        assert_eq!(answer.body, "");
    }
}

#[tokio::test]
async fn what_is_in_flight_at_the_end_is_answered() {
    let edge = Edge::start("[]").await;
    let (service, issued) = (edge.service.clone(), edge.issue(CALLER));
    let mut sender = Sender::new("h2", edge.connect(Some(&issued), "h2").await).await;
    let request = Request::get("/v1/slow").body(Body::empty()).unwrap();
    let asking = tokio::spawn(async move { sender.send(request).await });
    soon(service.reached.notified()).await;
    let address = edge.gateway.address();
    let stopping = tokio::spawn(edge.gateway.stop());
    // Nobody is let in any more, and who is in has an answer.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    service.go_on.notify_one();
    let answer = soon(asking).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (200, "slow, and done")
    );
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn a_service_that_gives_no_answer_is_a_code_of_its_own() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", silent.local_addr().unwrap());
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nowhere = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    for (place, status, code) in [
        (nowhere.as_str(), 502, "upstream-unreachable"),
        ("unix:/nonexistent/app.sock", 502, "upstream-unreachable"),
        (at.as_str(), 504, "upstream-timeout"),
    ] {
        let world = World::start().await.unwrap();
        let edge = Edge::before(world, place, r#"timeout = "50ms""#).await;
        let answer = edge.get(CALLER, "/v1/read/7").await;
        assert_eq!(answer.status, status, "{place}");
        assert_eq!(answer.code(), code, "{place}");
        assert!(!answer.body.contains("127.0.0.1"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_service_that_switches_protocols_or_stalls_is_cut_off() {
    let world = World::start().await.unwrap();
    let edge = Edge::before_service(world, r#"timeout = "50ms""#).await;
    let answer = edge.get(CALLER, "/v1/switching").await;
    assert_eq!(answer.code(), "upstream-unreachable");
    let issued = edge.issue(CALLER);
    let mut sender = Sender::new("h2", edge.connect(Some(&issued), "h2").await).await;
    let request = Request::get("/v1/stalled").body(Body::empty()).unwrap();
    let mut body = sender.begin(request).await.into_body();
    assert_eq!(
        soon(body.frame())
            .await
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap(),
        "first"
    );
    soon(body.frame()).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let world = World::start().await.unwrap();
    let edge = Edge::before_service(world, "body = 10").await;
    let issued = edge.issue(CALLER);
    for alpn in BOTH {
        for body in [
            Body::from("eleven long"),
            Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(
                "eleven long",
            )])),
        ] {
            let request = Request::post("/v1/echo").body(body).unwrap();
            let answer = edge.ask(Some(&issued), alpn, request).await;
            assert_eq!(answer.code(), "body-too-large", "{alpn}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_service_on_a_unix_socket_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let router = Service::default().router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let world = World::start().await.unwrap();
    let edge = Edge::before(world, &format!("unix:{}", path.display()), "").await;
    let told = edge.get(CALLER, "/v1/read/7").await.told();
    assert_eq!(values(&told, "host"), ["localhost"]);
    assert_eq!(values(&told, "client-cert").len(), 1);
}

#[tokio::test]
async fn beyond_the_loopback_nothing_is_sent_in_the_clear_unless_that_is_said() {
    let world = World::start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (place, more, wanted) in [
        (
            "http://192.0.2.1:80",
            "",
            Some("`http://192.0.2.1:80` is beyond the loopback, and in the clear"),
        ),
        (
            "http://[2001:db8::1]:80",
            "",
            Some("`http://[2001:db8::1]:80` is beyond the loopback, and in the clear"),
        ),
        ("http://192.0.2.1:80", "beyond_loopback = true", None),
        ("http://127.0.0.1:80", "", None),
        ("http://[::1]:80", "", None),
        (
            "https://192.0.2.1:443",
            "",
            Some(
                "`https://192.0.2.1:443` is over TLS: wanted `anchors`, the CAs that vouch for it",
            ),
        ),
    ] {
        let made = parts(&world, folder.path(), place, more).await;
        let refused = made.err().map(|error: UpstreamError| error.to_string());
        assert_eq!(refused.as_deref(), wanted, "{place} {more}");
    }
}
