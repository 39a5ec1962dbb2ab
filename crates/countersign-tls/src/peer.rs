use std::sync::Arc;

use countersign_identity::{Certificate, Identity, IdentityError};
use jiff::Timestamp;
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;

use crate::verifier::Vouched;
use crate::{PeerError, Refusal, TrustSnapshot};

/// The other end of a finished handshake, for whose certificate a trust vouches.
///
/// [`Peer::of`] is the only way to one; [`Peer::again`] makes a new one of an old one.
///
/// ```compile_fail
/// # fn forge(certificate: countersign_identity::Certificate) {
/// let peer = countersign_tls::Peer { certificate };
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Peer {
    chain: Arc<[CertificateDer<'static>]>,
    certificate: Arc<Certificate>,
    identity: Result<Identity, IdentityError>,
}

impl Peer {
    /// The peer of `connection`, judged by `snapshot` at `now`.
    ///
    /// The chain is verified again even though the handshake has just succeeded: on a resumed
    /// session rustls has not looked at it.
    ///
    /// # Errors
    ///
    /// The handshake has not finished, there is no certificate, or no trust vouches for it.
    pub fn of(
        connection: &ServerConnection,
        snapshot: &TrustSnapshot,
        now: Timestamp,
    ) -> Result<Self, PeerError> {
        if connection.is_handshaking() {
            return Err(PeerError::Handshaking);
        }
        let chain = connection.peer_certificates().unwrap_or_default();
        let (leaf, intermediates) = chain.split_first().ok_or(Refusal::Anonymous)?;
        let vouched = snapshot.verifier().vouch(leaf, intermediates, now)?;
        let certificate = Certificate::from_der(leaf)?;
        Ok(Self {
            identity: identify(&certificate, &vouched),
            certificate: Arc::new(certificate),
            chain: chain.into(),
        })
    }

    /// The same peer, judged by another snapshot or at another time.
    ///
    /// # Errors
    ///
    /// No trust of `snapshot` vouches for it at `now`.
    pub fn again(&self, snapshot: &TrustSnapshot, now: Timestamp) -> Result<Self, PeerError> {
        let (leaf, intermediates) = self.chain.split_first().ok_or(Refusal::Anonymous)?;
        let vouched = snapshot.verifier().vouch(leaf, intermediates, now)?;
        Ok(Self {
            identity: identify(&self.certificate, &vouched),
            certificate: Arc::clone(&self.certificate),
            chain: Arc::clone(&self.chain),
        })
    }

    /// The certificate whose key the peer proved to hold.
    pub fn certificate(&self) -> &Arc<Certificate> {
        &self.certificate
    }

    /// The chain as it was presented, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Who the certificate says its holder is.
    ///
    /// # Errors
    ///
    /// The certificate is trusted, and does not name its holder as the trust demands.
    pub fn identity(&self) -> Result<&Identity, &IdentityError> {
        self.identity.as_ref()
    }
}

fn identify(certificate: &Certificate, vouched: &Vouched<'_>) -> Result<Identity, IdentityError> {
    let trust = vouched.first;
    if let Some(second) = vouched.second {
        return Err(IdentityError::AmbiguousTrust {
            first: trust.name().clone(),
            second: second.name().clone(),
        });
    }
    Identity::of(certificate, trust.name(), trust.rules())
}
