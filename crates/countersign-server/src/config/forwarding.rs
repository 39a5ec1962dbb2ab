use std::path::{Path, PathBuf};

use countersign_axum::{Dialect, Gateway};
use countersign_identity::TrustName;
use countersign_policy::PrincipalName;
use countersign_tls::{Intermediates, LoadError};

/// A gateway that is believed, by the file and the words that say so.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GatewayConfig {
    /// Who it is.
    pub principal: PrincipalName,
    /// How it says who its client is.
    pub dialect: Dialect,
    /// The trusts of whose clients it is believed.
    pub trusts: Vec<TrustName>,
    /// The intermediates of its clients, as PEM.
    pub intermediates: Option<PathBuf>,
}

impl GatewayConfig {
    pub(super) fn load(&self) -> Result<Gateway, LoadError> {
        let trusts = self.trusts.iter().cloned();
        let gateway = Gateway::new(self.principal.clone(), self.dialect.clone(), trusts);
        let Some(path) = &self.intermediates else {
            return Ok(gateway);
        };
        Ok(gateway.with_intermediates(Intermediates::from_pem_file(path)?))
    }

    pub(super) fn file(&self) -> Option<&Path> {
        self.intermediates.as_deref()
    }
}
