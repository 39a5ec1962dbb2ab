use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;

use crate::AccessToken;

/// Which tokens were withdrawn before their end.
pub trait Revocations: Send + Sync + 'static {
    /// Whether `token` was. It is asked anew for every request.
    fn is_revoked<'a>(&'a self, token: &'a AccessToken) -> Asking<'a>;
}

/// Whether it was, once that is known.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<bool, Unavailable>> + Send + 'a>>;

/// How it is learned that a token was withdrawn.
#[derive(Clone)]
#[non_exhaustive]
pub enum Withdrawal {
    /// By asking, at each request: it counts no more at the next.
    Asked(Arc<dyn Revocations>),
    /// Not at all: it counts until it expires, so it should not last.
    AtExpiry,
}

impl fmt::Debug for Withdrawal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked(_) => "Asked",
            Self::AtExpiry => "AtExpiry",
        })
    }
}

/// What must be known to decide cannot be had now: nothing is allowed until it can.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} cannot be had now")]
#[non_exhaustive]
pub struct Unavailable {
    /// What, for the caller to read.
    pub what: &'static str,
}

impl Unavailable {
    /// `what` cannot be had.
    pub fn new(what: &'static str) -> Self {
        Self { what }
    }
}
