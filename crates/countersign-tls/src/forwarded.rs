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
    /// Leaf first; none where only a name was forwarded.
    chain: Arc<[CertificateDer<'static>]>,
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
        let chain = chain.certificates();
        let chain = chain.map(|der| CertificateDer::from(der.to_vec()));
        let chain = chain.chain(more.as_slice().iter().cloned());
        Self::judge(chain.collect(), None, snapshot, now)
    }

    /// The same client, judged by another snapshot or at another time.
    ///
    /// # Errors
    ///
    /// No trust of `snapshot` vouches for it at `now`.
    pub fn again(&self, snapshot: &TrustSnapshot, now: Timestamp) -> Result<Self, PeerError> {
        match &self.identity {
            Ok(identity) if self.chain.is_empty() => {
                Self::named(identity.name().clone(), identity.trust(), snapshot)
            }
            _ => {
                let known = self.certificate.as_ref();
                Self::judge(Arc::clone(&self.chain), known, snapshot, now)
            }
        }
    }

    /// `known` is the leaf, where it was read before.
    fn judge(
        chain: Arc<[CertificateDer<'static>]>,
        known: Option<&Arc<Certificate>>,
        snapshot: &TrustSnapshot,
        now: Timestamp,
    ) -> Result<Self, PeerError> {
        let (leaf, above) = chain.split_first().ok_or(Refusal::Anonymous)?;
        let verdict = snapshot.verifier().vouch(leaf, above, known, now)?;
        let Holder {
            certificate,
            identity,
        } = verdict.holder().map_err(CertificateError::clone)?.clone();
        Ok(Self {
            certificate: Some(certificate),
            identity,
            until: verdict.until(),
            chain,
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
        Self::named(name, trust, snapshot)
    }

    fn named(name: Name, trust: &TrustName, snapshot: &TrustSnapshot) -> Result<Self, PeerError> {
        let mut trusts = snapshot.trusts().iter();
        let trust = trusts.find(|known| known.name() == trust);
        let trust = trust.ok_or(Refusal::UnknownIssuer)?;
        let rules = trust.rules();
        let allowed = rules.scheme() == Scheme::CommonName && rules.allow(&name);
        let trust = trust.name().clone();
        Ok(Self {
            chain: Arc::default(),
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
