//! The client without `async`: each call waits for its answer.
//!
//! It has a runtime of its own, and cannot be used from within another: that is an error, and not a
//! panic.
//!
//! ```no_run
//! use countersign_client::{Client, CredentialSource, ServerTrust};
//!
//! # fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder()
//!     .credential(CredentialSource::pem_files("client.pem", "client-key.pem"))
//!     .trust(ServerTrust::pinned_ca_pem_file("ca.pem")?)
//!     .build_blocking()?;
//! let text = client.get("https://localhost:8443/whoami").send()?.text()?;
//! # let _ = text;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_identity::Certificate;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Body, IntoUrl, Method, StatusCode, Url, Version};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{
    BoundToken, BuildError, ClientBuilder, Error, Kind, Reload, ReloadError, RequestFault,
};

impl ClientBuilder {
    /// Makes a client that waits for its answers.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build); or there is a runtime already, or none can be started.
    pub fn build_blocking(self) -> Result<Client, BuildError> {
        let runtime = Waiting::start().map_err(|source| BuildError::Runtime { source })?;
        let client = runtime.wait(self.build())??;
        let runtime = Arc::new(runtime);
        Ok(Client { runtime, client })
    }
}

/// Calls servers as [`crate::Client`] does, and waits. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    client: crate::Client,
    // Dropped last: what is dropped before may still want to be polled.
    runtime: Arc<Waiting>,
}

impl Client {
    /// Begins a GET.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// Begins a POST.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Begins a PUT.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// Begins a PATCH.
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// Begins a DELETE.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// Begins a HEAD.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// Begins a request. A URL that cannot be read is an error of sending it.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder {
            runtime: Arc::clone(&self.runtime),
            request: self.client.request(method, url),
        }
    }

    /// The certificate that new connections present.
    pub fn credential(&self) -> Option<Arc<Certificate>> {
        self.client.credential()
    }

    /// When that certificate ends.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.client.not_after()
    }

    /// Looks now whether there is a newer credential or trust.
    ///
    /// # Errors
    ///
    /// As [`crate::Client::reload`]; or there is a runtime on this thread.
    pub fn reload(&self) -> Result<Reload, ReloadError> {
        self.runtime.wait(self.client.reload())?
    }
}

/// A request in the making.
#[must_use = "a request is not sent until `send` is called"]
pub struct RequestBuilder {
    request: crate::RequestBuilder,
    runtime: Arc<Waiting>,
}

impl RequestBuilder {
    /// Adds a header.
    pub fn header<K, V>(self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K>,
        <HeaderName as TryFrom<K>>::Error: Into<http::Error>,
        HeaderValue: TryFrom<V>,
        <HeaderValue as TryFrom<V>>::Error: Into<http::Error>,
    {
        self.map(|request| request.header(name, value))
    }

    /// Adds headers; each replaces those of its name.
    pub fn headers(self, headers: HeaderMap) -> Self {
        self.map(|request| request.headers(headers))
    }

    /// Adds to the query: a struct, a map, or a list of pairs.
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        self.map(|request| request.query(query))
    }

    /// Sends this as JSON.
    pub fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        self.map(|request| request.json(body))
    }

    /// Sends these bytes.
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.map(|request| request.body(body))
    }

    /// Tells that sending it twice is as sending it once.
    pub fn idempotent(self) -> Self {
        self.map(crate::RequestBuilder::idempotent)
    }

    /// Sends an access token of `tokens` with it, as [`crate::RequestBuilder::bound_token`].
    pub fn bound_token(self, tokens: &TokenSource) -> Self {
        self.map(|request| request.bound_token(&tokens.tokens))
    }

    /// Limits this call, instead of what the client says.
    pub fn timeout(self, limit: Duration) -> Self {
        self.map(|request| request.timeout(limit))
    }

    /// Sends the request, and waits. The answer is one of success, or a redirect that was not
    /// followed.
    ///
    /// # Errors
    ///
    /// As [`crate::RequestBuilder::send`]; or there is a runtime on this thread.
    pub fn send(self) -> Result<Response, Error> {
        let Self { request, runtime } = self;
        let response = runtime.wait(request.send())??;
        Ok(Response { response, runtime })
    }

    /// Sends the request, and waits. The answer may be one of failure.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), but no status is one.
    pub fn send_any_status(self) -> Result<Response, Error> {
        let Self { request, runtime } = self;
        let response = runtime.wait(request.send_any_status())??;
        Ok(Response { response, runtime })
    }

    fn map(self, add: impl FnOnce(crate::RequestBuilder) -> crate::RequestBuilder) -> Self {
        Self {
            request: add(self.request),
            runtime: self.runtime,
        }
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

/// An answer: its head, and a body that is still to be read.
#[derive(Debug)]
pub struct Response {
    response: crate::Response,
    runtime: Arc<Waiting>,
}

impl Response {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The version of HTTP.
    pub fn version(&self) -> Version {
        self.response.version()
    }

    /// The URL that answered.
    pub fn url(&self) -> &Url {
        self.response.url()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// As [`crate::Response::json`].
    pub fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        self.runtime.wait(self.response.json())?
    }

    /// Reads the body as UTF-8; what is not becomes U+FFFD.
    ///
    /// # Errors
    ///
    /// As [`crate::Response::text`].
    pub fn text(self) -> Result<String, Error> {
        self.runtime.wait(self.response.text())?
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// As [`crate::Response::bytes`].
    pub fn bytes(self) -> Result<Bytes, Error> {
        self.runtime.wait(self.response.bytes())?
    }

    /// Reads the next part of the body, as it arrives; `None` after the last.
    ///
    /// # Errors
    ///
    /// As [`crate::Response::chunk`].
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.runtime.wait(self.response.chunk())?
    }
}

/// Access tokens as of [`crate::TokenSource`], for who waits for them. Cheap to clone; clones share what they have.
///
/// ```no_run
/// use countersign_client::blocking::{Client, TokenSource};
///
/// # fn example(client: Client) -> Result<(), countersign_client::Error> {
/// let tokens = TokenSource::new(client.clone(), "https://as.example", "billing").scope("accounts");
/// let accounts = client
///     .get("https://api.example/accounts")
///     .bound_token(&tokens)
///     .send()?;
/// # let _ = accounts;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TokenSource {
    tokens: crate::TokenSource,
    runtime: Arc<Waiting>,
}

impl TokenSource {
    /// Tokens of `issuer` for `client_id`, as [`crate::TokenSource::new`].
    pub fn new(client: Client, issuer: impl Into<String>, client_id: impl Into<String>) -> Self {
        let Client { client, runtime } = client;
        let tokens = crate::TokenSource::new(client, issuer, client_id);
        Self { tokens, runtime }
    }

    /// The same, for tokens of this scope: words with a blank between. Without one the server decides.
    #[must_use]
    pub fn scope(&self, scope: impl Into<Arc<str>>) -> Self {
        Self {
            tokens: self.tokens.scope(scope),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// A token for the certificate that the client presents now; waits for it, if there is none yet.
    ///
    /// # Errors
    ///
    /// As [`crate::TokenSource::token`]; or there is a runtime on this thread.
    pub fn token(&self) -> Result<BoundToken, Error> {
        self.runtime.wait(self.tokens.token())?
    }

    /// Forgets a token that a server did not accept, so that the next is a new one.
    pub fn forget(&self, token: &BoundToken) {
        self.tokens.forget(token);
    }
}

/// A runtime that somebody waits on.
struct Waiting(Option<Runtime>);

/// A thread that runs a runtime cannot wait on another.
#[derive(Clone, Copy, Debug)]
struct WithinRuntime;

impl Waiting {
    fn start() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(1).enable_all();
        builder.build().map(|runtime| Self(Some(runtime)))
    }

    fn wait<F: Future>(&self, future: F) -> Result<F::Output, WithinRuntime> {
        match &self.0 {
            Some(runtime) if Handle::try_current().is_err() => Ok(runtime.block_on(future)),
            _ => Err(WithinRuntime),
        }
    }
}

/// Unlike that of the runtime itself, it may run anywhere.
impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").finish_non_exhaustive()
    }
}

impl From<WithinRuntime> for BuildError {
    fn from(_: WithinRuntime) -> Self {
        Self::WithinRuntime
    }
}

impl From<WithinRuntime> for ReloadError {
    fn from(within: WithinRuntime) -> Self {
        Self::Build(within.into())
    }
}

impl From<WithinRuntime> for Error {
    fn from(_: WithinRuntime) -> Self {
        Self::new(Kind::Request(RequestFault::WithinRuntime)).unsent(true)
    }
}
