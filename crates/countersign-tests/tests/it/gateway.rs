//! Between a caller and a service that cannot do TLS.

mod answered;
mod decided;
mod edge;
mod forged;
mod named;
mod service;
mod tls;
