//! Who is calling my axum service, and may they?
//!
//! A [`Server`] accepts TLS connections, demands a client certificate and proves, per connection,
//! whom it belongs to. An [`Api`] is a router in which every route says who may call it. Every
//! request is decided against the [`Live`] snapshot in force: connection → [`Peer`] → identity →
//! principal → permit. Whatever is refused becomes one problem document for the caller and one
//! [`AuditEvent`] for the operator.
//!
//! ```
//! use countersign_axum::routing::get;
//! use countersign_axum::{Api, Live, Permission, Require};
//!
//! struct ReadTransactions;
//! impl Permission for ReadTransactions {
//!     const NAME: &'static str = "transactions:read";
//! }
//!
//! async fn list(caller: Require<ReadTransactions>) -> String {
//!     format!("transactions for {}", caller.principal().name())
//! }
//!
//! fn app(live: Live) -> axum::Router {
//!     Api::new(live)
//!         .guarded::<ReadTransactions>("/v1/transactions", get(list))
//!         .into_router()
//! }
//! ```
//!
//! `examples/hello.rs` is a whole service.

mod api;
pub use api::Api;

mod accept;

mod activity;

mod admission;

mod answering;

mod aside;
pub use aside::aside;

mod asking;

pub mod audit;
pub use audit::{Audit, AuditEvent, AuditSink};

#[cfg(feature = "axum-server")]
mod axum_server;
#[cfg(feature = "axum-server")]
pub use axum_server::{CountersignAcceptor, Screened};

mod beside;

mod bounded_body;

mod caller;
pub use caller::{Caller, Require};

mod check;
pub use check::{Check, Checking};

mod claims;

mod connection;
pub use connection::Connection;

mod correlation;
pub use correlation::CorrelationId;

mod cutoff;

mod drain;

mod fault;
pub use fault::Fault;

mod forwarding;
pub use forwarding::{Dialect, Element, Forwarding, Gateway, Unbelieved};

mod guard;

mod heard;

mod http1;

mod limits;
pub use limits::Limits;

mod live;
pub use live::{Epoch, Live, Snapshot};

mod metrics;
pub use metrics::{Acts, Kept, Metrics, Minute, Tally};

mod reload;
pub use reload::{Foreseen, Reload};

mod reloader;
pub use reloader::{Digests, NewState, Reloaded, Reloader, Source};

mod protocol;

mod psd2;
pub use psd2::Psd2Check;

mod renderer;
pub use renderer::Renderer;

mod request;
pub use request::{Json, Path, Query};

pub mod routing;

mod routes;
pub use routes::{Access, NoRoute, RouteLine, RouteTable, RouteTableError};

mod seen;
pub use seen::Sighting;

mod server;
pub use server::Server;

mod socket;

mod streams;

mod via;
pub use via::Via;

mod watch;

mod wire;

pub use countersign_identity::Psd2Role;
pub use countersign_policy::{Directory, Permission, Permit};
pub use countersign_problem::Code;
pub use countersign_tls::{
    Anchors, Clock, Credential, Forwarded, Peer, RevocationList, ServerOptions, Sessions,
    SystemClock, Trust, TrustSnapshot,
};
