use std::fmt;
use std::sync::Arc;

use countersign_identity::Certificate;
use reqwest::{IntoUrl, Method};

use crate::classify::Caller;
use crate::{ClientBuilder, RequestBuilder};

/// Calls servers that it trusts, and presents a credential to those that ask for one.
///
/// Cheap to clone. Clones share connections, so a process wants one per credential.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    caller: Arc<Caller>,
}

impl Client {
    /// Begins a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(http: reqwest::Client, caller: Caller) -> Self {
        Self {
            http,
            caller: Arc::new(caller),
        }
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

    /// Begins a request. A URL that cannot be read is an error of sending it.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(Arc::clone(&self.caller), self.http.request(method, url))
    }

    /// The certificate that new connections present; none is presented without it.
    pub fn credential(&self) -> Option<Arc<Certificate>> {
        self.caller.certificate().cloned()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("credential", &self.caller.certificate())
            .finish_non_exhaustive()
    }
}
