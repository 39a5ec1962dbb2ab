use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;

use crate::clock::time_provider;
use crate::verifier::Verifier;
use crate::{Clock, Credential, SnapshotError, Trust, provider};

/// A server's credential and its trusts: all that decides a handshake, as one value.
pub struct TrustSnapshot {
    credential: Credential,
    verifier: Arc<Verifier>,
    config: Arc<ServerConfig>,
}

impl TrustSnapshot {
    /// A server that presents `credential` and lets in whom one of `trusts` vouches for at the
    /// time of `clock`.
    ///
    /// # Errors
    ///
    /// There is no trust, or two of them share a name or an anchor.
    pub fn new(
        credential: Credential,
        trusts: Vec<Trust>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SnapshotError> {
        check(&trusts)?;
        let provider = provider();
        let verifier = Verifier::new(trusts, provider.signature_verification_algorithms);
        let mut config = ServerConfig::builder_with_details(provider, time_provider(clock))
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_client_cert_verifier(verifier.clone())
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(
                credential.certified_key(),
            )));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            credential,
            verifier,
            config: Arc::new(config),
        })
    }

    /// What the server presents.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Who may come in.
    pub fn trusts(&self) -> &[Trust] {
        self.verifier.trusts()
    }

    /// The configuration to accept connections with.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl fmt::Debug for TrustSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustSnapshot")
            .field("credential", &self.credential)
            .field("trusts", &self.trusts())
            .finish_non_exhaustive()
    }
}

fn check(trusts: &[Trust]) -> Result<(), SnapshotError> {
    if trusts.is_empty() {
        return Err(SnapshotError::NoTrust);
    }
    let mut names = HashMap::new();
    let mut anchors = HashMap::new();
    for trust in trusts {
        if names.insert(trust.name(), ()).is_some() {
            return Err(SnapshotError::NameTaken {
                name: trust.name().clone(),
            });
        }
        for anchor in trust.anchors().iter() {
            // By key and not by bytes: a re-issued CA certificate vouches for the same callers.
            let key = (anchor.subject.as_ref(), anchor.certificate.pin());
            let first = anchors.insert(key, trust);
            if let Some(first) = first.filter(|first| first.name() != trust.name()) {
                return Err(SnapshotError::AnchorShared {
                    first: first.name().clone(),
                    second: trust.name().clone(),
                    subject: anchor.certificate.subject().to_string(),
                });
            }
        }
    }
    Ok(())
}

fn refused(error: rustls::Error) -> SnapshotError {
    SnapshotError::Config {
        reason: error.to_string(),
    }
}
