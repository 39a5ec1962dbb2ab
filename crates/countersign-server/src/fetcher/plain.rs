//! A GET in the clear, for lists alone: our client speaks https and nothing else, and stays so.

use axum::body::Bytes;
use http::header::{CONNECTION, HOST};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{FetchError, MOST};

/// What `url` answers; no redirect is followed.
pub(super) async fn get(url: &str) -> Result<Vec<u8>, FetchError> {
    let url: Uri = url.parse().map_err(reason)?;
    let host = url.host().ok_or_else(|| reason("the URL has no host"))?;
    let port = url.port_u16().unwrap_or(80);
    // An IPv6 address stands in brackets in a URL, and without them elsewhere.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let tcp = TcpStream::connect((name, port)).await.map_err(reason)?;
    let connected = handshake(TokioIo::new(tcp)).await;
    let (mut sender, connection) = connected.map_err(reason)?;
    let request = Request::get(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, url.authority().map_or(host, |host| host.as_str()))
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(reason)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(reason)?;
        if answer.status() != StatusCode::OK {
            return Err(reason(format!("it answered {}", answer.status())));
        }
        let body = Limited::new(answer.into_body(), MOST).collect().await;
        match body {
            Ok(body) => Ok(body.to_bytes().to_vec()),
            Err(error) if error.is::<LengthLimitError>() => Err(FetchError::TooLarge),
            Err(error) => Err(reason(error)),
        }
    };
    // The connection moves only while somebody polls it. Its own error is the answer's, too.
    let moving = async {
        let _ = connection.await;
        std::future::pending().await
    };
    tokio::select! {
        answered = answer => answered,
        never = moving => never,
    }
}

fn reason(reason: impl ToString) -> FetchError {
    FetchError::Transport {
        reason: reason.to_string(),
    }
}
