use std::sync::Arc;

use countersign_identity::{Certificate, CertificateError, Identity, IdentityError};
use jiff::Timestamp;
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;

use crate::verdict::Holder;
use crate::{PeerError, Refusal, TrustSnapshot};

/// The other end of a finished handshake, for whose certificate a trust vouches.
///
/// [`Peer::of`] is the only way to one, but in tests with the feature `test-util`; [`Peer::again`] makes a new one
/// of an old one.
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
    until: Timestamp,
}

impl Peer {
    /// The peer of `connection`, judged by `snapshot` at `now`.
    ///
    /// The chain is verified again even though the handshake has just succeeded: on a resumed
    /// session rustls has not looked at it. Where it has, what was found is remembered, and this costs
    /// a hash.
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
        Self::judge(chain.into(), None, snapshot, now)
    }

    /// As [`of`](Self::of), of a chain that nobody proved to hold the key of: for tests of what stands behind
    /// a handshake. The trusts of `snapshot` judge it as they judge any other.
    ///
    /// # Errors
    ///
    /// The chain is empty, or no trust vouches for it.
    #[cfg(feature = "test-util")]
    pub fn without_handshake<C: Into<Vec<u8>>>(
        chain: impl IntoIterator<Item = C>,
        snapshot: &TrustSnapshot,
        now: Timestamp,
    ) -> Result<Self, PeerError> {
        let chain = chain.into_iter();
        let chain = chain.map(|der| CertificateDer::from(der.into())).collect();
        Self::judge(chain, None, snapshot, now)
    }

    /// The same peer, judged by another snapshot or at another time.
    ///
    /// # Errors
    ///
    /// No trust of `snapshot` vouches for it at `now`.
    pub fn again(&self, snapshot: &TrustSnapshot, now: Timestamp) -> Result<Self, PeerError> {
        Self::judge(
            Arc::clone(&self.chain),
            Some(&self.certificate),
            snapshot,
            now,
        )
    }

    /// `known` is the leaf, where it was read before.
    fn judge(
        chain: Arc<[CertificateDer<'static>]>,
        known: Option<&Arc<Certificate>>,
        snapshot: &TrustSnapshot,
        now: Timestamp,
    ) -> Result<Self, PeerError> {
        let (leaf, intermediates) = chain.split_first().ok_or(Refusal::Anonymous)?;
        let verdict = snapshot.verifier().vouch(leaf, intermediates, known, now)?;
        let Holder {
            certificate,
            identity,
        } = verdict.holder().map_err(CertificateError::clone)?.clone();
        Ok(Self {
            certificate,
            identity,
            until: verdict.until(),
            chain,
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

    /// The last second for which this is known: the first at which a certificate on the path ends, the
    /// anchor's too, or a revocation list gets too old to count. After it, ask [`again`](Self::again).
    pub fn until(&self) -> Timestamp {
        self.until
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
