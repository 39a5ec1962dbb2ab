//! Call an API that knows its callers by their certificates.
//!
//! A [`Client`] is reqwest with a [`Credential`] to present, a [`ServerTrust`] that is pinned, and
//! an [`Error`] that says who must act: you ([`Kind::Request`]), because you do not trust that
//! server ([`Kind::Trust`]), because the server refused your certificate ([`Kind::Refused`]), or
//! because it knows you and you may not ([`Kind::Denied`]).
//!
//! Over TLS 1.3 a server judges the certificate of a client only after the client's handshake is
//! done; plain reqwest then loses the refusal in half of all HTTP/2 calls. Here a new connection
//! waits for that verdict before a request is sent. So a refused certificate is a typed error of
//! connecting, and [safe to retry](Error::is_safe_to_retry) even for a POST.
//!
//! ```no_run
//! use countersign_client::{Client, Credential, ServerTrust};
//! # #[derive(serde::Deserialize)]
//! # struct Page {}
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder()
//!     .credential(Credential::from_pem_files("client.pem", "client-key.pem")?)
//!     .trust(ServerTrust::pinned_ca_pem_file("ca.pem")?)
//!     .build()
//!     .await?;
//! let page: Page = client
//!     .get("https://localhost:8443/v1/transactions")
//!     .send()
//!     .await?
//!     .json()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! A credential that is renewed while the program runs is given as a [`CredentialSource`]: the
//! client looks at its files, and takes a new pair for the next request without losing the present
//! ones. [`Credential::check`] finds before any server what a server will object to.
//!
//! It stays with its origin: it is presented to no other that a redirect names, not over plain
//! HTTP, and not to a [`Proxy`] unless allowed. The roots of the system are trusted only where
//! [`ServerTrust::system_roots`](ServerTrust) says so.
//!
//! # Features
//!
//! `blocking`: a client without `async`. `metrics`: counters for a Prometheus registry. `pkcs11`: keys
//! on a token. `system-roots`: the roots of the operating system.

#[cfg(feature = "blocking")]
pub mod blocking;

mod authorization_server;
pub use authorization_server::AuthorizationServer;

mod builder;
pub use builder::{BuildError, ClientBuilder, HttpVersion};

mod classify;

mod client;
pub use client::Client;

mod confirm;

mod diagnosis;
pub use diagnosis::{Agreed, Diagnosis};

mod error;
pub use error::{Error, Kind, RequestFault, ServerFault, TransportFault};

mod event;
pub use event::{Event, Events};

mod extension;
pub use extension::{ClientBuilderExt, ReqwestErrorExt};

mod generation;

mod handshake;

mod likely;
pub use likely::Likely;

mod metrics;
#[cfg(feature = "metrics")]
pub use metrics::Metrics;

mod name;

mod pins;

mod probe;

mod proxy;
pub use proxy::Proxy;

mod refused;
pub use refused::{Ending, Refused};

mod reload;
pub use reload::{Reload, ReloadError};

mod request;
pub use request::RequestBuilder;

mod response;
pub use response::Response;

mod retry;
pub use retry::Retry;

mod rules;

mod sending;
mod settings;

mod shared;

mod source;
pub use source::{CredentialSource, SourceError};

mod tls;

mod token_fault;
pub use token_fault::TokenFault;

mod token_source;
pub use token_source::{BoundToken, TokenSource};

mod trust;
pub use trust::ServerTrust;

pub use countersign_identity::{AltName, Certificate, DistinguishedName, Pin, Thumbprint};
pub use countersign_problem::{Code, Problem};
pub use countersign_tls::{
    Alert, AnchorsError, Clock, Credential, CredentialError, Finding, LoadError, Password,
    SignatureScheme, Signer, SystemClock, TlsVersion,
};
#[cfg(feature = "pkcs11")]
pub use countersign_tls::{Pkcs11Error, Pkcs11Key};
pub use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Body, Method, Request, StatusCode, Url, Version};
