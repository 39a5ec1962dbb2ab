//! How is HTTP/1.1 spoken on a connection that nobody uses most of the time?

use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncBufRead, AsyncWrite};

use crate::answering::Answering;
use crate::protocol::{self, Protocol};
use crate::wire::Wire;

/// HTTP/1.1 on one connection, with buffers for as long as requests come.
///
/// hyper keeps two of 8 KiB each for the next request, and so most of what an idle connection takes. At rest there is no hyper: only TLS, and
/// somebody who waits for the next byte.
pub(crate) struct Http1<I> {
    answering: Answering,
    state: State<I>,
}

#[derive(Default)]
enum State<I> {
    Speaking(Box<Speaking<I>>),
    Resting(Wire<I>),
    #[default]
    Ended,
}

type Speaking<I> = http1::Connection<TokioIo<Wire<I>>, Answering>;

impl<I: AsyncBufRead + AsyncWrite + Unpin> Http1<I> {
    pub(crate) fn new(io: I, answering: Answering) -> Self {
        let wire = Wire::new(io, answering.activity().clone());
        let state = speak(wire, &answering);
        Self { answering, state }
    }

    /// Speaks again, if it is at rest.
    fn wake(&mut self) {
        self.state = match take(&mut self.state) {
            State::Resting(wire) => speak(wire, &self.answering),
            state => state,
        };
    }
}

fn speak<I: AsyncBufRead + AsyncWrite + Unpin>(wire: Wire<I>, answering: &Answering) -> State<I> {
    let http = protocol::http1(answering.limits());
    let http = http.serve_connection(TokioIo::new(wire), answering.clone());
    State::Speaking(Box::new(http))
}

impl<I: AsyncBufRead + AsyncWrite + Unpin> Future for Http1<I> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let State::Resting(wire) = &mut self.state {
            if wire.poll_come(cx).is_pending() {
                return Poll::Pending;
            }
            self.wake();
        }
        match &mut self.state {
            // How a client goes away is its own affair.
            State::Speaking(http) => Pin::new(http).poll(cx).map(drop),
            _ => Poll::Ready(()),
        }
    }
}

impl<I: AsyncBufRead + AsyncWrite + Unpin> Protocol for Http1<I> {
    fn end(mut self: Pin<&mut Self>) {
        self.wake();
        if let State::Speaking(http) = &mut self.state {
            Pin::new(&mut **http).graceful_shutdown();
        }
    }

    fn rest(mut self: Pin<&mut Self>) {
        if let State::Speaking(http) = take(&mut self.state) {
            self.state = dismiss(http);
        }
    }
}

/// Asked to end between two requests hyper ends at once, and hands back what it speaks over; with a request under way it says no more than
/// `Connection: close`, and goes on until that is answered.
fn dismiss<I: AsyncBufRead + AsyncWrite + Unpin>(mut http: Box<Speaking<I>>) -> State<I> {
    Pin::new(&mut *http).graceful_shutdown();
    let mut cx = Context::from_waker(Waker::noop());
    match http.poll_without_shutdown(&mut cx) {
        Poll::Ready(Ok(())) => {
            let parts = http.into_parts();
            let mut wire = parts.io.into_inner();
            // Half a head, say.
            wire.leave(&parts.read_buf);
            State::Resting(wire)
        }
        Poll::Ready(Err(_)) => State::Ended,
        Poll::Pending => State::Speaking(http),
    }
}

#[cfg(test)]
#[cfg(feature = "test-util")]
mod tests {
    use std::convert::Infallible;
    use std::future;

    use axum::Router;
    use axum::body::{Body, Bytes};
    use axum::routing::get;
    use futures_util::stream::pending;
    use futures_util::{FutureExt, TryFutureExt};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
    use tokio::sync::oneshot;

    use super::*;
    use crate::Connection;
    use crate::answering::Facts;
    use crate::server::tests::running;

    type Server = Pin<Box<Http1<BufReader<DuplexStream>>>>;

    /// A connection with room for so many bytes on their way, and its client.
    fn connection(router: Router, room: usize) -> (Server, DuplexStream) {
        let running = running();
        let (live, audit) = (running.acceptor.live, running.acceptor.audit);
        let answering = Answering::new(Facts {
            router,
            renderer: None,
            connection: Connection::without_handshake([], &live, audit),
            live,
            activity: crate::activity::Activity::default(),
            admission: running.admission,
            limits: crate::Limits::default(),
        });
        let (client, server) = duplex(room);
        let http = Http1::new(BufReader::new(server), answering);
        (Box::pin(http), client)
    }

    fn hello() -> Router {
        Router::new().route("/", get(async || "hello"))
    }

    fn is_at_rest(http: &Server) -> bool {
        matches!(http.state, State::Resting(_))
    }

    /// Lets the server come as far as it can.
    fn run(http: &mut Server) -> Poll<()> {
        match http.as_mut().now_or_never() {
            Some(()) => Poll::Ready(()),
            None => Poll::Pending,
        }
    }

    /// What the client can read by now.
    fn read(client: &mut DuplexStream) -> String {
        let mut text = vec![0; 4096];
        let read = client.read(&mut text).now_or_never();
        let length = read.map_or(0, Result::unwrap);
        text.truncate(length);
        String::from_utf8(text).unwrap()
    }

    async fn ask(http: &mut Server, client: &mut DuplexStream, text: &str) -> String {
        client.write_all(text.as_bytes()).await.unwrap();
        assert!(run(http).is_pending());
        read(client)
    }

    const GET: &str = "GET / HTTP/1.1\r\nhost: a.example\r\n\r\n";

    #[tokio::test]
    async fn after_a_rest_the_next_request_is_answered_on_the_same_connection() {
        let (mut http, mut client) = connection(hello(), 4096);
        for _ in 0..3 {
            let answer = ask(&mut http, &mut client, GET).await;
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
            assert!(!answer.contains("connection:"), "{answer}");
            assert!(http.answering.activity().is_settled());
            http.as_mut().rest();
            assert!(is_at_rest(&http));
            assert!(run(&mut http).is_pending());
            assert!(is_at_rest(&http));
        }
    }

    #[tokio::test]
    async fn what_has_come_of_the_next_request_is_not_lost_by_a_rest() {
        let (mut http, mut client) = connection(hello(), 4096);
        for at in [1, 20, GET.len() - 1] {
            let (first, rest) = GET.split_at(at);
            let begun = GET.to_owned() + first;
            let answer = ask(&mut http, &mut client, &begun).await;
            assert!(answer.ends_with("hello"), "{answer}");
            http.as_mut().rest();
            assert!(is_at_rest(&http));
            let answer = ask(&mut http, &mut client, rest).await;
            assert!(answer.ends_with("hello"), "{at} {answer}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_not_read_yet_is_no_time_to_rest() {
        // Less than the head.
        let (mut http, mut client) = connection(hello(), 64);
        let mut answer = ask(&mut http, &mut client, GET).await;
        while !answer.ends_with("hello") {
            assert!(!http.answering.activity().is_settled(), "{answer}");
            assert!(run(&mut http).is_pending());
            answer += &read(&mut client);
        }
        assert!(run(&mut http).is_pending());
        assert!(http.answering.activity().is_settled());
    }

    #[tokio::test]
    async fn an_answer_that_goes_on_is_no_time_to_rest() {
        let (go, gone) = oneshot::channel::<()>();
        let gone = gone.shared();
        let stream = async move || Body::from_stream(gone.map_ok(|()| "end").into_stream());
        let router = Router::new().route("/", get(stream));
        let (mut http, mut client) = connection(router, 4096);
        let head = ask(&mut http, &mut client, GET).await;
        assert!(head.ends_with("\r\n\r\n"), "{head}");
        assert!(!http.answering.activity().is_settled());
        go.send(()).unwrap();
        assert!(run(&mut http).is_pending());
        assert_eq!(read(&mut client), "3\r\nend\r\n0\r\n\r\n");
        assert!(http.answering.activity().is_settled());
    }

    #[tokio::test]
    async fn one_that_rests_ends_when_it_is_asked_to_and_when_its_client_goes() {
        for asked in [true, false] {
            let (mut http, mut client) = connection(hello(), 4096);
            ask(&mut http, &mut client, GET).await;
            http.as_mut().rest();
            if asked {
                http.as_mut().end();
                assert!(run(&mut http).is_ready());
                drop(http);
                assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
            } else {
                drop(client);
                assert!(run(&mut http).is_ready());
            }
        }
    }

    #[tokio::test]
    async fn one_whose_client_goes_before_the_answer_has_ended_ends() {
        for (path, room) in [
            // Nothing is answered yet.
            ("/slow", 4096),
            // The head is, and there may be more of the body.
            ("/stream", 4096),
            // There is no room for the head.
            ("/stream", 64),
        ] {
            let endless = async || Body::from_stream(pending::<Result<Bytes, Infallible>>());
            let router = Router::new()
                .route("/slow", get(async || future::pending::<()>().await))
                .route("/stream", get(endless));
            let (mut http, mut client) = connection(router, room);
            let asked = format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n");
            // In two: of 64 bytes there is room for one line.
            for part in asked.as_bytes().chunks(32) {
                client.write_all(part).await.unwrap();
                assert!(run(&mut http).is_pending());
            }
            client.shutdown().await.unwrap();
            assert!(run(&mut http).is_ready(), "{path} {room}");
        }
    }

    #[tokio::test]
    async fn with_a_request_under_way_it_does_not_rest() {
        let (go, gone) = oneshot::channel::<()>();
        let gone = gone.shared();
        let slow = async move || {
            gone.clone().await.unwrap();
            "hello"
        };
        let router = Router::new().route("/", get(slow));
        let (mut http, mut client) = connection(router, 4096);
        assert_eq!(ask(&mut http, &mut client, GET).await, "");
        assert!(!http.answering.activity().is_settled());
        http.as_mut().rest();
        assert!(!is_at_rest(&http));
        go.send(()).unwrap();
        assert!(run(&mut http).is_ready());
        let answer = read(&mut client);
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(answer.ends_with("hello"), "{answer}");
    }
}
