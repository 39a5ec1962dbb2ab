use std::sync::Arc;

use countersign_identity::{
    Certificate, CertificateError, ForwardedChain, Identity, IdentityError, Name, Scheme, TrustName,
};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use crate::verdict::Holder;
use crate::{Intermediates, Peer, PeerError, Refusal, TrustSnapshot};

/// A client of whom a peer says that it shook hands with it: a gateway that ended TLS before us.
///
/// It is no [`Peer`]. That the client holds its key, nobody has proven to us; we have the word of the gateway, and
/// whether that word counts is for `countersign-axum` to decide. What the certificate says is verified as any
/// other: path, validity, revocation.
///
/// ```compile_fail
/// # fn forge(certificate: std::sync::Arc<countersign_identity::Certificate>) {
/// let forwarded = countersign_tls::Forwarded { certificate };
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Forwarded {
    certificate: Option<Arc<Certificate>>,
    identity: Result<Identity, IdentityError>,
    until: Timestamp,
}

impl Forwarded {
    /// The client that presented `chain` to `gateway`, judged by `snapshot` at `now`.
    ///
    /// `more` are intermediates that we know ourselves: most gateways forward the client's own certificate alone.
    ///
    /// # Errors
    ///
    /// No trust vouches for it.
    pub fn of(
        gateway: &Peer,
        chain: &ForwardedChain,
        more: &Intermediates,
        snapshot: &TrustSnapshot,
        now: Timestamp,
    ) -> Result<Self, PeerError> {
        // That there is a peer is what is asked of it.
        let _ = gateway;
        let leaf = CertificateDer::from(chain.leaf());
        let above = chain.intermediates().iter();
        let above = above.map(|der| CertificateDer::from(der.as_slice()));
        let above: Vec<_> = above.chain(more.as_slice().iter().cloned()).collect();
        let verdict = snapshot.verifier().vouch(&leaf, &above, now)?;
        let Holder {
            certificate,
            identity,
        } = verdict.holder().map_err(CertificateError::clone)?.clone();
        Ok(Self {
            certificate: Some(certificate),
            identity,
            until: verdict.until(),
        })
    }

    /// The client that `gateway` calls `name`, and says that `trust` vouches for: the weak form, in which
    /// nothing is verified but that the trust may vouch for the name, and goes by common names.
    ///
    /// # Errors
    ///
    /// There is no such trust.
    pub fn by_name(
        gateway: &Peer,
        name: Name,
        trust: &TrustName,
        snapshot: &TrustSnapshot,
    ) -> Result<Self, PeerError> {
        let _ = gateway;
        let mut trusts = snapshot.trusts().iter();
        let trust = trusts.find(|known| known.name() == trust);
        let trust = trust.ok_or(Refusal::UnknownIssuer)?;
        let rules = trust.rules();
        let allowed = rules.scheme() == Scheme::CommonName && rules.allow(&name);
        let trust = trust.name().clone();
        Ok(Self {
            certificate: None,
            identity: match allowed {
                true => Ok(Identity::new(trust, name)),
                false => Err(IdentityError::NotAllowed { trust, name }),
            },
            until: Timestamp::MAX,
        })
    }

    /// The certificate that was forwarded; none where only a name was.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    /// Who the client is, by what the gateway says.
    ///
    /// # Errors
    ///
    /// The certificate is trusted, and does not name its holder as the trust demands.
    pub fn identity(&self) -> Result<&Identity, &IdentityError> {
        self.identity.as_ref()
    }

    /// The last second for which this is known, as [`Peer::until`].
    pub fn until(&self) -> Timestamp {
        self.until
    }
}
