//! What a server answers is data, or an error that cannot be mistaken for data.

use std::time::Duration;

use countersign_client::{
    Client, Code, Ending, HttpVersion, Kind, Likely, RequestFault, StatusCode, TransportFault,
    Version,
};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::world::{BOTH_HTTP, BOTH_TLS, Server, World};

#[derive(Debug, Deserialize, PartialEq)]
struct Greeting {
    greeting: String,
}

#[tokio::test]
async fn an_accepted_caller_gets_the_answer_whatever_is_spoken() {
    let world = World::new();
    let server = world.serve().await;
    for tls in BOTH_TLS {
        for http in BOTH_HTTP {
            let builder = world.client().credential(world.caller());
            let client = builder
                .tls_version(tls)
                .http_version(http)
                .build()
                .await
                .unwrap();
            let answer = client.get(server.url("/ok")).send().await.unwrap();
            let spoken = match http {
                HttpVersion::Http1 => Version::HTTP_11,
                _ => Version::HTTP_2,
            };
            assert_eq!(
                (answer.status(), answer.version()),
                (StatusCode::OK, spoken)
            );
            let greeting: Greeting = answer.json().await.unwrap();
            assert_eq!(greeting.greeting, "hello", "TLS {tls}, {http:?}");
        }
    }
}

#[tokio::test]
async fn left_alone_both_ends_choose_http_2() {
    let (_world, server, client) = accepted().await;
    let answer = client.get(server.url("/ok")).send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
}

#[tokio::test]
async fn a_denial_of_ours_has_its_code() {
    let (_world, server, client) = accepted().await;
    let error = client.get(server.url("/denied")).send().await.unwrap_err();
    let Kind::Denied(problem) = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(problem.correlation_id(), "7f3a");
    assert_eq!(error.code(), Some(Code::PermissionMissing));
    assert!(!error.is_safe_to_retry());
    // A server cannot write a second line into our log.
    assert!(
        error
            .to_string()
            .ends_with(r"permission-missing: lacks\nit"),
        "{error}"
    );
}

#[tokio::test]
async fn every_other_error_is_its_status() {
    let (_world, server, client) = accepted().await;
    for (path, status, code) in [
        ("/none", 404, None),
        ("/plain-403", 403, None),
        ("/new-code", 403, None),
        ("/endless", 403, None),
        ("/unprocessable", 400, Some(Code::RequestInvalid)),
    ] {
        let error = client.get(server.url(path)).send().await.unwrap_err();
        let Kind::Status { status: seen, .. } = error.kind() else {
            panic!("{path}: {error:?}");
        };
        assert_eq!((seen.as_u16(), error.code()), (status, code), "{path}");
    }
}

#[tokio::test]
async fn any_status_is_an_answer_to_who_asks_for_any() {
    let (_world, server, client) = accepted().await;
    let mut answer = client
        .get(server.url("/none"))
        .send_any_status()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    assert_eq!(body, b"nothing here");
}

#[tokio::test]
async fn a_body_that_is_not_the_expected_json_is_an_error_of_decoding() {
    let (_world, server, client) = accepted().await;
    let answer = client.get(server.url("/text")).send().await.unwrap();
    let error = answer.json::<Greeting>().await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Decode), "{error:?}");
    assert!(!error.is_safe_to_retry());
    let answer = client.get(server.url("/text")).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
}

#[tokio::test]
async fn a_query_is_added_to_the_url() {
    let (_world, server, client) = accepted().await;
    let request = client.get(server.url("/query?a=1")).query(&[("b", "x y")]);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "a=1&b=x+y");
}

#[tokio::test]
async fn a_redirect_is_followed_within_its_origin() {
    let (_world, server, client) = accepted().await;
    let answer = client.get(server.url("/to-ok")).send().await.unwrap();
    assert_eq!(
        (answer.status(), answer.url().path()),
        (StatusCode::OK, "/ok")
    );
}

#[tokio::test]
async fn a_client_without_redirects_follows_none() {
    let (world, server, _) = accepted().await;
    let builder = world.client().credential(world.caller());
    let client = builder.without_redirects().build().await.unwrap();
    let answer = client.get(server.url("/to-ok")).send().await.unwrap();
    let answer = answer.into_http();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert!(answer.headers().contains_key("location"));
    assert_eq!(server.handled(), 1);
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_the_answer() {
    let (world, server, client) = accepted().await;
    let other = world.serve().await;
    let other_host = format!("https://127.0.0.1:{}/ok", server.address.port());
    let plain = server.url("/ok").replace("https://", "http://");
    for target in [other.url("/ok"), other_host, plain] {
        let url = server.url(&format!("/to-target?{target}"));
        let answer = client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT, "{target}");
    }
    assert_eq!((server.handled(), other.handled()), (3, 0));
}

#[tokio::test]
async fn a_redirect_that_goes_in_circles_is_the_answer_at_last() {
    let (_world, server, client) = accepted().await;
    let answer = client.get(server.url("/to-itself")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(server.handled(), 11);
}

#[tokio::test]
async fn what_is_not_https_is_not_sent() {
    let (_world, server, client) = accepted().await;
    let plain = server.url("/ok").replace("https://", "http://");
    let error = client.get(plain).send().await.unwrap_err();
    let fault = RequestFault::NotHttps {
        scheme: "http".to_owned(),
    };
    assert!(
        matches!(error.kind(), Kind::Request(seen) if *seen == fault),
        "{error:?}"
    );
    assert!(error.is_safe_to_retry());
    assert_eq!(server.handled(), 0);
}

#[tokio::test]
async fn settings_of_the_user_do_not_undo_what_protects_the_credential() {
    let world = World::new();
    let server = world.serve().await;
    let settings = |http: reqwest::ClientBuilder| {
        let proxy = reqwest::Proxy::all("http://127.0.0.1:1").unwrap();
        http.https_only(false)
            .proxy(proxy)
            .tls_danger_accept_invalid_certs(true)
            .redirect(reqwest::redirect::Policy::limited(3))
    };
    let builder = world
        .client()
        .credential(world.caller())
        .configure(settings);
    let client = builder.build().await.unwrap();
    let url = server.url(&format!("/to-target?{}", world.serve().await.url("/ok")));
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);

    let stranger = World::new().serve().await;
    let error = client.get(stranger.url("/ok")).send().await.unwrap_err();
    assert!(matches!(error.kind(), Kind::Trust(_)), "{error:?}");
}

#[tokio::test]
async fn a_request_that_cannot_be_written_is_not_sent() {
    let (_world, server, client) = accepted().await;
    let error = client.get("https://").send().await.unwrap_err();
    let Kind::Request(RequestFault::Url { reason }) = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(reason, "empty host");
    let error = client
        .get(server.url("/ok"))
        .header("a", "line\nline")
        .send()
        .await
        .unwrap_err();
    let fault = matches!(
        error.kind(),
        Kind::Request(RequestFault::Unencodable { .. })
    );
    assert!(fault, "{error:?}");
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_safe_to_retry() {
    let (_world, _server, client) = accepted().await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = client
        .post(format!("https://localhost:{port}/"))
        .send()
        .await
        .unwrap_err();
    let fault = TransportFault::Connect {
        reason: "connection refused".to_owned(),
    };
    assert!(
        matches!(error.kind(), Kind::Transport(seen) if *seen == fault),
        "{error:?}"
    );
    assert!(error.is_safe_to_retry() && !error.is_timeout());
}

#[tokio::test]
async fn after_a_redirect_nothing_is_safe_to_retry_because_the_server_has_seen_it() {
    let world = World::new();
    let acceptor = TlsAcceptor::from(world.server_config(&world.server()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let mut stream = acceptor.accept(stream).await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
        let head = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /there\r\n\
                    connection: close\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let builder = world.client().credential(world.caller());
    let client = builder
        .http_version(HttpVersion::Http1)
        .build()
        .await
        .unwrap();
    let url = format!("https://localhost:{port}/here");
    let error = client.post(url).send().await.unwrap_err();
    let connect = matches!(
        error.kind(),
        Kind::Transport(TransportFault::Connect { .. })
    );
    assert!(connect, "{error:?}");
    assert!(!error.is_safe_to_retry());
}

#[tokio::test]
async fn a_time_out_is_a_time_out_and_no_refusal() {
    let (_world, _server, client) = accepted().await;
    // It accepts in the kernel, and never says a word.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}/", silent.local_addr().unwrap().port());
    let request = client.get(url).timeout(Duration::from_millis(50));
    let error = request.send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert!(!error.is_safe_to_retry());
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_a_fault_of_transport() {
    let (_world, _server, client) = accepted().await;
    let plain = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://localhost:{}/", plain.local_addr().unwrap().port());
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        while stream.read(&mut [0; 1024]).await.unwrap_or(0) > 0 {}
    });
    let error = client.get(url).send().await.unwrap_err();
    let tls = matches!(error.kind(), Kind::Transport(TransportFault::NotTls));
    assert!(tls, "{error:?}");
    assert!(error.is_safe_to_retry());
}

/// A server, and a client that it accepts.
async fn accepted() -> (World, Server, Client) {
    let world = World::new();
    let server = world.serve().await;
    let client = world
        .client()
        .credential(world.caller())
        .build()
        .await
        .unwrap();
    (world, server, client)
}

#[tokio::test]
async fn a_certificate_that_is_refused_over_http_is_a_refusal_with_the_words_of_the_server() {
    let (world, server, client) = accepted().await;
    drop(world);
    let presented = client.credential();
    let not_after = presented.as_ref().unwrap().not_after();
    for (path, code, likely) in [
        (
            "/expired",
            Code::CertificateExpired,
            Likely::Expired { not_after },
        ),
        (
            "/unchecked",
            Code::RevocationUnknown,
            Likely::ServerCannotCheckRevocation,
        ),
    ] {
        let error = client.get(server.url(path)).send().await.unwrap_err();
        let Kind::Refused(refused) = error.kind() else {
            panic!("{path}: {error:?}");
        };
        assert_eq!(refused.ending, Ending::Answered(StatusCode::UNAUTHORIZED));
        assert_eq!(refused.likely, likely);
        assert_eq!(refused.acceptable, ["CN=Client CA"]);
        assert_eq!(refused.presented, presented);
        assert_eq!(error.code(), Some(code));
        assert!(error.hint().is_some());
        assert!(!error.is_safe_to_retry());
    }
}

#[tokio::test]
async fn the_pages_of_nginx_are_refusals_too() {
    let (_world, server, client) = accepted().await;
    for (path, wanted) in [
        ("/nginx-none", Some(Likely::NoCertificate)),
        ("/nginx-bad", Some(Likely::Unknown)),
        ("/nginx-other", None),
    ] {
        let error = client.get(server.url(path)).send().await.unwrap_err();
        let likely = match error.kind() {
            Kind::Refused(refused) => Some(refused.likely.clone()),
            Kind::Status { .. } => None,
            other => panic!("{path}: {other:?}"),
        };
        assert_eq!(likely, wanted, "{path}");
    }
    let error = client
        .get(server.url("/nginx-bad"))
        .send()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("(400 Bad Request; valid until"),
        "{error}"
    );
    assert_eq!(
        error.hint().unwrap(),
        "the reason stands in the log of the server"
    );
}
