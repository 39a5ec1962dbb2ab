use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, Request};
use serde::Serialize;

use crate::shared::{Answer, Shared};
use crate::{BoundToken, Error, Kind, RequestFault, Response, TokenFault, TokenSource};

/// A request in the making, begun by [`Client::get`](crate::Client::get) and its like.
///
/// What is wrong with its parts is an error of [`send`](Self::send).
#[must_use = "a request is not sent until `send` is called"]
pub struct RequestBuilder {
    shared: Arc<Shared>,
    http: reqwest::RequestBuilder,
    idempotent: bool,
    tokens: Option<TokenSource>,
}

impl RequestBuilder {
    pub(crate) fn new(shared: Arc<Shared>, http: reqwest::RequestBuilder) -> Self {
        Self {
            shared,
            http,
            idempotent: false,
            tokens: None,
        }
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

    /// Tells that sending it twice is as sending it once, whatever its method: it may be
    /// [repeated](crate::ClientBuilder::retry). A request with an `Idempotency-Key` is so anyway.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Sends an access token of `tokens` with it, bound to the certificate that is presented (RFC 8705). If the server
    /// does not accept the token, it is sent once more with a new one: a body that streams is gone by then.
    pub fn bound_token(mut self, tokens: &TokenSource) -> Self {
        self.tokens = Some(tokens.clone());
        self
    }

    /// Limits this call, instead of what the client says: each attempt, if it is repeated.
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
        self.call(Answer::Success).await
    }

    /// Sends the request. The answer may be one of failure.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but no status is one.
    pub async fn send_any_status(self) -> Result<Response, Error> {
        self.call(Answer::Any).await
    }

    async fn call(self, wanted: Answer) -> Result<Response, Error> {
        let request = self.http.build();
        let request = request.map_err(|error| self.shared.current().caller.classify(error, false));
        match self.tokens {
            None => self.shared.call(request?, self.idempotent, wanted).await,
            Some(tokens) => {
                let (shared, request) = (self.shared, request?);
                Box::pin(call_bound(shared, tokens, request, self.idempotent, wanted)).await
            }
        }
    }

    fn map(self, add: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Self {
        Self {
            http: add(self.http),
            ..self
        }
    }
}

impl fmt::Debug for RequestBuilder {
    /// Without the request: its headers may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder").finish_non_exhaustive()
    }
}

/// Calls with a token, and once more with another one if that is not accepted.
async fn call_bound(
    shared: Arc<Shared>,
    tokens: TokenSource,
    mut request: Request,
    idempotent: bool,
    wanted: Answer,
) -> Result<Response, Error> {
    check_scheme(&request)?;
    let spare = request.try_clone();
    let token = authorize(&shared, &tokens, &mut request).await?;
    let answer = shared.call(request, idempotent, wanted).await;
    let refused = match &answer {
        Ok(response) => response.refuses_the_token(),
        Err(error) => error.is_token_refused(),
    };
    let Some(mut again) = spare.filter(|_| refused) else {
        return answer;
    };
    tokens.forget(&token);
    authorize(&shared, &tokens, &mut again).await?;
    shared.call(again, idempotent, wanted).await
}

/// Writes a token into the request, which must go by the certificate that it is bound to.
async fn authorize(
    shared: &Shared,
    tokens: &TokenSource,
    request: &mut Request,
) -> Result<BoundToken, Error> {
    let token = tokens.token().await?;
    let held = shared
        .current()
        .caller
        .certificate()
        .map(|own| own.thumbprint());
    // Where the certificate was renewed this very moment, the server refuses the token and there is another.
    let other = held.is_none_or(|held| held != token.bound_to());
    if other && !tokens.is_of(shared) {
        return Err(Error::new(Kind::Token(TokenFault::OtherCredential)));
    }
    let value = HeaderValue::try_from(format!("Bearer {}", token.secret()));
    let mut value = value.map_err(|_| {
        let reason = "the token cannot be written in a header".to_owned();
        Error::new(Kind::Token(TokenFault::Malformed { reason }))
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(token)
}

/// reqwest would refuse it too, without a type.
pub(crate) fn check_scheme(request: &Request) -> Result<(), Error> {
    let url = request.url();
    if url.scheme() == "https" {
        return Ok(());
    }
    let fault = RequestFault::NotHttps {
        scheme: url.scheme().to_owned(),
    };
    Err(Error::new(Kind::Request(fault)).at(url).unsent(true))
}
