use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Request};
use serde::Serialize;

use crate::classify::Caller;
use crate::{Error, Kind, RequestFault, Response};

/// A request in the making, begun by [`Client::get`](crate::Client::get) and its like.
///
/// What is wrong with its parts is an error of [`send`](Self::send).
#[must_use = "a request is not sent until `send` is called"]
pub struct RequestBuilder {
    caller: Arc<Caller>,
    http: reqwest::RequestBuilder,
}

impl RequestBuilder {
    pub(crate) fn new(caller: Arc<Caller>, http: reqwest::RequestBuilder) -> Self {
        Self { caller, http }
    }

    /// Adds a header.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|http| http.header(name, value))
    }

    /// Adds headers; each replaces those of its name.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|http| http.headers(headers))
    }

    /// Adds to the query: a struct, a map, or a list of pairs.
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|http| http.query(query))
    }

    /// Sends this as JSON.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.map(|http| http.json(body))
    }

    /// Sends these bytes, or this stream of them.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|http| http.body(body))
    }

    /// Limits this call, instead of what the client says.
    pub fn timeout(self, limit: Duration) -> Self {
        self.map(|http| http.timeout(limit))
    }

    /// Sends the request. The answer is one of success, or a redirect that was not followed.
    ///
    /// # Errors
    ///
    /// Every [`Kind`] but [`Kind::Decode`]; an answer of 400 and above is one, so that a refusal
    /// is never mistaken for data.
    pub async fn send(self) -> Result<Response, Error> {
        self.send_any_status().await?.into_success().await
    }

    /// Sends the request. The answer may be one of failure.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but no status is one.
    pub async fn send_any_status(self) -> Result<Response, Error> {
        let (http, request) = self.http.build_split();
        let request = request.map_err(|error| self.caller.classify(error, false))?;
        check_scheme(&request)?;
        let url = request.url().clone();
        let redirected = Arc::new(AtomicBool::new(false));
        let answer = REDIRECTED
            .scope(Arc::clone(&redirected), http.execute(request))
            .await;
        match answer {
            Ok(response) => Ok(Response::new(self.caller, response)),
            Err(error) => Err(self
                .caller
                .classify(error, redirected.load(Ordering::Relaxed))
                .at(&url)),
        }
    }

    fn map(self, add: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Self {
        Self {
            caller: self.caller,
            http: add(self.http),
        }
    }
}

impl fmt::Debug for RequestBuilder {
    /// Without the request: its headers may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").finish_non_exhaustive()
    }
}

/// reqwest would refuse it too, without a type.
fn check_scheme(request: &Request) -> Result<(), Error> {
    let url = request.url();
    if url.scheme() == "https" {
        return Ok(());
    }
    let fault = RequestFault::NotHttps {
        scheme: url.scheme().to_owned(),
    };
    Err(Error::new(Kind::Request(fault)).at(url).unsent(true))
}

/// Called by the redirect policy: the server has seen the request, whatever comes next.
pub(crate) fn note_redirect() {
    let _ = REDIRECTED.try_with(|redirected| redirected.store(true, Ordering::Relaxed));
}

tokio::task_local! {
    static REDIRECTED: Arc<AtomicBool>;
}
