use std::path::PathBuf;
use std::time::Duration;

use countersign_axum::RouteTable;

use crate::{Naming, UpstreamPlace};

/// What makes a server a gateway: who may call what, and the service that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrontConfig {
    /// Who may call what. What is not here is refused.
    pub routes: RouteTable,
    /// The service.
    pub upstream: UpstreamConfig,
}

/// The service behind a gateway, and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpstreamConfig {
    /// Where it is; the command line may say it instead.
    pub place: Option<UpstreamPlace>,
    /// Whether it may be asked in the clear beyond the loopback.
    pub beyond_loopback: bool,
    /// CAs that vouch for it over https, as PEM.
    pub anchors: Option<PathBuf>,
    /// What is presented to it over https: chain and key, as PEM.
    pub credential: Option<(PathBuf, PathBuf)>,
    /// How it is told who calls.
    pub namings: Vec<Naming>,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long the head of an answer may take, and then each next part of it.
    pub timeout: Duration,
    /// Bytes of a request body that are passed on at most; as many as any server takes, where nothing is said.
    pub body: Option<usize>,
}
