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
//! What it does not do: trust the roots of the system, speak plain HTTP, use a proxy (one that
//! speaks TLS would be presented the certificate too), or follow a redirect to another origin.

mod builder;
pub use builder::{BuildError, ClientBuilder, HttpVersion};

mod classify;

mod client;
pub use client::Client;

mod confirm;

mod error;
pub use error::{Error, Kind, RequestFault, ServerFault, TransportFault};

mod handshake;

mod likely;
pub use likely::Likely;

mod name;

mod refused;
pub use refused::{Ending, Refused};

mod request;
pub use request::RequestBuilder;

mod response;
pub use response::Response;

mod tls;

mod trust;
pub use trust::ServerTrust;

pub use countersign_identity::{AltName, Certificate, DistinguishedName};
pub use countersign_problem::{Code, Problem};
pub use countersign_tls::{
    Alert, AnchorsError, Clock, Credential, CredentialError, LoadError, SystemClock, TlsVersion,
};
pub use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Body, Method, StatusCode, Url, Version};
