//! Claims about the whole: over real sockets, on both ends, and about who knows whom.

mod allowed;
mod architecture;
mod refused_by_client;
mod refused_by_server;
mod transactions;
