use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use countersign_identity::Certificate;
use jiff::Timestamp;
use reqwest::{IntoUrl, Method, Request, Url};

use crate::diagnosis;
use crate::shared::{Answer, Shared};
use crate::{
    ClientBuilder, Diagnosis, Error, Events, Reload, ReloadError, RequestBuilder, Response,
};

/// Calls servers that it trusts, and presents a credential to those that ask for one.
///
/// Cheap to clone, and may be kept for ever: each request goes by the newest credential. When one
/// comes, connections and sessions begin anew; what is in flight finishes on the old ones, and the
/// idle ones close.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    /// Begins a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

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
        let http = self.shared.current().http.request(method, url);
        RequestBuilder::new(Arc::clone(&self.shared), http)
    }

    /// Sends a request that was made elsewhere. The answer may be one of failure.
    ///
    /// # Errors
    ///
    /// As [`RequestBuilder::send_any_status`].
    pub async fn execute(&self, request: Request) -> Result<Response, Error> {
        self.shared.call(request, false, Answer::Any).await
    }

    /// The certificate that new connections present; none is presented without it.
    pub fn credential(&self) -> Option<Arc<Certificate>> {
        self.shared.current().caller.certificate().cloned()
    }

    /// When that certificate ends.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.credential().map(|certificate| certificate.not_after())
    }

    pub(crate) fn is(&self, shared: &Shared) -> bool {
        std::ptr::eq(&*self.shared, shared)
    }

    /// The present, by the clock of the client.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.settings.clock.now()
    }

    /// How many times the client has begun anew, the first included.
    pub fn generation(&self) -> u64 {
        self.shared.current().number
    }

    /// Looks now whether there is a newer credential or trust. What cannot be used is not.
    ///
    /// # Errors
    ///
    /// What was found cannot be used, or nothing was; what was there stays in use.
    pub async fn reload(&self) -> Result<Reload, ReloadError> {
        self.shared.reload().await
    }

    /// What becomes of the credential, from now on.
    pub fn events(&self) -> Events {
        self.shared.events()
    }

    /// What a connection to this URL shows, step by step, and what is wrong: see [`Diagnosis`].
    ///
    /// A first handshake presents nothing, whoever answers, and shows what the server asks for. If it is
    /// trusted, a second presents the credential. If that is accepted, `request` sends one GET: nginx
    /// refuses certificates only there, and the answer tells the server's clock.
    pub async fn diagnose(&self, url: &Url, request: bool) -> Diagnosis {
        diagnosis::diagnose(&self.shared, url, request).await
    }

    /// The client of reqwest that is in use now, for libraries that want one. It stays with this
    /// credential, and knows nothing of retries and of our errors: see
    /// [`ReqwestErrorExt`](crate::ReqwestErrorExt).
    pub fn to_reqwest(&self) -> reqwest::Client {
        self.shared.current().http.clone()
    }
}

/// For layers of tower: time limits, rate limits, load balancers.
impl tower::Service<Request> for Client {
    type Response = Response;
    type Error = Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let client = self.clone();
        Box::pin(async move { client.execute(request).await })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("credential", &self.credential())
            .finish_non_exhaustive()
    }
}
