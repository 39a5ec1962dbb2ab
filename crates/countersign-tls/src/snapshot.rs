mod check;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::ServerConfig;

use self::check::{check, hints};
use crate::clock::time_provider;
use crate::judge::Judge;
use crate::provider::server_provider;
use crate::verifier::Verifier;
use crate::{
    ClientCertificate, Clock, Credential, RustlsCredential, ServerOptions, SnapshotError, Trust,
    Warning, provider,
};

/// A server's credential and its trusts: all that decides a handshake, as one value.
pub struct TrustSnapshot {
    credential: Credential,
    trusts: Vec<Trust>,
    verifier: Arc<Verifier>,
    options: ServerOptions,
    config: Arc<ServerConfig>,
}

impl TrustSnapshot {
    /// A server that presents `credential` and lets in whom one of `trusts` vouches for at the
    /// time of `clock`.
    ///
    /// An anchor that has ended, or that may not issue for clients, is left out, and the
    /// [`warnings`](Self::warnings) say so. Revocation lists of anchors are verified now.
    ///
    /// # Errors
    ///
    /// There is no trust; two of them share a name, an anchor or a pin; one has no anchor left, or a
    /// revocation list that somebody else signed in the name of an anchor, or demands lists and has
    /// none; or the names of CAs do not fit into a handshake.
    pub fn new(
        credential: Credential,
        trusts: Vec<Trust>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SnapshotError> {
        Self::with_options(credential, trusts, ServerOptions::default(), clock)
    }

    /// The same, with other options than the default ones.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_options(
        credential: Credential,
        trusts: Vec<Trust>,
        options: ServerOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SnapshotError> {
        let verifier = verifier(&trusts, options.client_certificate, clock.now())?;
        let mut config =
            ServerConfig::builder_with_details(server_provider(), time_provider(clock))
                .with_safe_default_protocol_versions()
                .map_err(refused)?
                .with_client_cert_verifier(verifier.clone())
                .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(
                    credential.certified_key(),
                )));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ignore_client_order = true;
        config.session_storage = options.sessions.store();
        // A resumed session brings the next one: a second is for clients that open several connections at once.
        config.send_tls13_tickets = 1;
        Ok(Self {
            credential,
            trusts,
            verifier,
            options,
            config: Arc::new(config),
        })
    }

    /// What the server presents.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Who may come in.
    pub fn trusts(&self) -> &[Trust] {
        &self.trusts
    }

    /// What an operator should know about the trusts.
    pub fn warnings(&self) -> impl Iterator<Item = &Warning> {
        self.verifier.judges().iter().flat_map(Judge::warnings)
    }

    /// What is asked of a client in the handshake.
    pub fn client_certificate(&self) -> ClientCertificate {
        self.options.client_certificate
    }

    /// The options, for the next snapshot: with them it shares the sessions of this one.
    pub fn options(&self) -> &ServerOptions {
        &self.options
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
            .field("trusts", &self.trusts)
            .finish_non_exhaustive()
    }
}

/// The verifier of `trusts`, which it checks as far as they can be checked before anybody comes.
pub(crate) fn verifier(
    trusts: &[Trust],
    mode: ClientCertificate,
    now: Timestamp,
) -> Result<Arc<Verifier>, SnapshotError> {
    check(trusts)?;
    let algorithms = provider().signature_verification_algorithms;
    let judges = trusts
        .iter()
        .cloned()
        .map(|trust| Judge::new(trust, &algorithms, now))
        .collect::<Result<Vec<_>, _>>()?;
    let hints = hints(&judges)?;
    Ok(Verifier::new(judges, hints, algorithms, mode))
}

fn refused(error: rustls::Error) -> SnapshotError {
    SnapshotError::Config {
        reason: error.to_string(),
    }
}
