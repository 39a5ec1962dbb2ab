use std::fmt;
use std::sync::Arc;

use countersign_identity::Certificate;
use jiff::Timestamp;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// What became of the credential of a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A new credential or a new trust is in use: the next request goes by it.
    #[non_exhaustive]
    Rotated {
        /// How many times the client has begun anew, the first included.
        generation: u64,
        /// What was presented before.
        from: Option<Arc<Certificate>>,
        /// What is presented now.
        to: Option<Arc<Certificate>>,
    },
    /// What was found is not used, and what was there stays.
    #[non_exhaustive]
    ReloadRefused {
        /// Why.
        reason: String,
    },
    /// The certificate ends soon, and nothing newer has come. Said once for each certificate.
    #[non_exhaustive]
    ExpiresSoon {
        /// When it ends.
        not_after: Timestamp,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rotated { generation, to, .. } => {
                write!(f, "generation {generation} is in use")?;
                match to {
                    Some(to) => write!(f, ", valid until {}", to.not_after()),
                    None => Ok(()),
                }
            }
            Self::ReloadRefused { reason } => {
                write!(f, "the old credential stays in use: {reason}")
            }
            Self::ExpiresSoon { not_after } => {
                write!(f, "the client certificate ends at {not_after}")
            }
        }
    }
}

/// The events of a client, from when they were asked for.
#[derive(Debug)]
pub struct Events(pub(crate) Receiver<Event>);

impl Events {
    /// Waits for the next; `None`, once the client is gone. Who waits too long misses the oldest.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
