//! Clients of other makes get a token and use it; whatever else is done with one is refused. Several servers share one
//! database, and what was revoked stays so when a server is killed.

mod forgeries;
mod libraries;
mod replicas;
mod server;
