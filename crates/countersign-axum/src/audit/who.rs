use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use countersign_identity::{Certificate, Identity};
use countersign_policy::PrincipalName;
use countersign_tls::Handshake;

use super::document;
use crate::Via;

/// Who asks, and over which connection: the same in all events of one caller there. Events share it, and it is written
/// as text once.
#[derive(Debug, Default)]
pub(crate) struct Who {
    /// Of the other end of the TCP connection.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) handshake: Option<Arc<Handshake>>,
    pub(crate) identity: Option<Identity>,
    pub(crate) principal: Option<PrincipalName>,
    /// The one that was presented.
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// The gateway, where the rest but address and handshake is of whom it speaks.
    pub(crate) via: Option<Arc<Via>>,
    /// Its members of a line, each with a comma before it.
    pub(crate) members: OnceLock<Box<str>>,
}

impl Who {
    pub(super) fn members(&self) -> io::Result<&str> {
        if let Some(members) = self.members.get() {
            return Ok(members);
        }
        let members = document::members(self)?;
        Ok(self.members.get_or_init(|| members.into()))
    }
}
