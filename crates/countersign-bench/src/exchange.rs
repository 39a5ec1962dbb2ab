//! One call over a connection that stands.

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::plain::PATH;

/// HTTP/1.1, written by hand: the caller's time is not what is measured.
pub(crate) struct Http1 {
    tls: TlsStream<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Http1 {
    pub(crate) fn new(tls: TlsStream<TcpStream>) -> Self {
        let request = format!("GET {PATH} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n\r\n");
        Self {
            tls,
            request: request.into_bytes(),
            answer: Vec::with_capacity(1024),
        }
    }

    /// Asks, and reads the answer to its end.
    pub(crate) async fn call(&mut self) -> Result<()> {
        self.tls.write_all(&self.request).await?;
        self.answer.clear();
        loop {
            if self.tls.read_buf(&mut self.answer).await? == 0 {
                bail!("the server ended the connection");
            }
            if let Some(length) = length(&self.answer)? {
                match self.answer.len() {
                    read if read < length => {}
                    read if read == length => return Ok(()),
                    _ => bail!("the answer is longer than it says"),
                }
            }
        }
    }

    /// Says that it is done.
    pub(crate) async fn close(mut self) {
        // The server may have gone already.
        let _ = self.tls.shutdown().await;
    }
}

/// Of the whole answer, once its head is there.
fn length(answer: &[u8]) -> Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, _) = answer.split_at(end);
    let head = std::str::from_utf8(head)?;
    if !head.starts_with("HTTP/1.1 200 ") {
        bail!("not answered with 200: {head}");
    }
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let body = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, body) = body.context("no content-length")?;
    Ok(Some(end + 4 + body.trim().parse::<usize>()?))
}

/// HTTP/2: as many calls at one time as there are callers.
pub(crate) struct Http2 {
    sender: SendRequest<Empty<Bytes>>,
}

impl Http2 {
    pub(crate) async fn new(tls: TlsStream<TcpStream>) -> Result<Self> {
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(tls));
        let (sender, connection) = shaken.await?;
        // It ends with the sender; what went wrong is told to the call.
        tokio::spawn(async { connection.await.ok() });
        Ok(Self { sender })
    }

    pub(crate) async fn call(&self) -> Result<()> {
        let request = http::Request::get(format!("https://localhost{PATH}"));
        let request = request.body(Empty::new())?;
        let answer = self.sender.clone().send_request(request).await?;
        if answer.status() != http::StatusCode::OK {
            bail!("answered with {}", answer.status());
        }
        answer.into_body().collect().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_answer_is_that_of_head_and_body() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", None),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", Some(40)),
            (
                "HTTP/1.1 200 OK\r\na: b\r\ncontent-length:0\r\n\r\n",
                Some(43),
            ),
        ] {
            assert_eq!(length(answer.as_bytes()).unwrap(), expected, "{answer}");
        }
        let refused = length(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        assert!(refused.unwrap_err().to_string().contains("403"));
        assert!(length(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
