//! The reference server: a ledger behind mutual TLS, with an admin listener beside it.
//!
//! It is a consumer of the other crates and nothing more, so it is the honest example of how to
//! use them: `app.rs` is the table of who may do what. `countersign serve` runs it from a
//! [`Config`]; tests and `countersign dev` start it in process with [`ReferenceServer::start`].

mod admin;
pub use admin::ReadAdmin;

mod app;
pub use app::{
    ReadTransactions, WriteTransactions, api, bank, bank_over, gateway_warnings, router, warnings,
    warnings_of,
};

mod config;
pub use config::{
    AuditTarget, ClientConfig, Config, ConfigError, FetchConfig, FrontConfig, GatewayConfig, Hints,
    ListSource, OAuthConfig, ProofConfig, Protects, TrustConfig, UpstreamConfig, Vouchers,
};

mod config_files;
pub use config_files::ConfigFiles;

mod fetcher;
pub use fetcher::{FetchError, Fetcher};

mod gateway;
pub use gateway::{Gateway, GatewayParts, Naming, NoUpstream, UpstreamError, UpstreamPlace};

mod idempotency_key;

mod ledger;

mod listener;

mod open_banking;
pub use open_banking::{
    BankBooks, ConfirmFunds, InitiatePayments, PREFIX as OPEN_BANKING, ReadAccounts, open_banking,
};

mod openapi;
pub use openapi::openapi;

mod reference;
pub use reference::ReferenceServer;

mod routes;

mod serving;
pub use serving::{Addresses, Serving, StartError};

mod state;
pub use state::State;
