use countersign_identity::{DistinguishedName, Identity, IdentityError, TrustName};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use crate::judge::Vouching;
use crate::snapshot::verifier;
use crate::verdict::Verdict;
use crate::{ClientCertificate, PeerError, Refusal, SnapshotError, Trust};

/// What a server with certain trusts would make of a certificate, and why: for explanations.
///
/// The trusts are asked by the functions that judge a connection. It proves nothing of whoever shows the
/// certificate, as there was no handshake: it is no [`Peer`](crate::Peer), and no way to one.
///
/// ```
/// use countersign_identity::{NameRules, Scheme};
/// use countersign_pki::Authority;
/// use countersign_tls::{Anchors, Examination, Trust};
///
/// let now: jiff::Timestamp = "2026-08-01T12:00:00Z".parse()?;
/// let root = Authority::root("Clients", now)?;
/// let billing = root.client(now).uri("spiffe://dev.example/billing").issue()?;
///
/// let anchors = Anchors::from_pem(root.certificate_pem().as_bytes())?;
/// let names = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse()?]);
/// let trusts = [Trust::new("clients".parse()?, anchors, names)];
///
/// let examination = Examination::of(&trusts, &billing.chain_der(), now)?;
/// let [clients] = examination.votes.as_slice() else { panic!() };
/// assert_eq!(clients.verdict.as_ref().unwrap(), &["CN=Clients".parse()?]);
/// let identity = examination.identity??;
/// assert_eq!(identity.to_string(), "clients: spiffe://dev.example/billing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examination {
    /// What each trust says, in their order.
    pub votes: Vec<Vote>,
    /// Who the certificate says its holder is; the outer error says why no trust vouches, or that we cannot
    /// read a certificate for which one does.
    pub identity: Result<Result<Identity, IdentityError>, PeerError>,
}

/// What one trust says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vote {
    /// Which trust.
    pub trust: TrustName,
    /// The path by which it vouches: from the issuer of the leaf to the anchor; empty under a pinned trust. Or
    /// why it does not.
    pub verdict: Result<Vec<DistinguishedName>, Refusal>,
}

impl Examination {
    /// Asks `trusts` about `chain`, DER and leaf first, at `now`.
    ///
    /// # Errors
    ///
    /// The trusts would make no [`TrustSnapshot`](crate::TrustSnapshot).
    pub fn of(
        trusts: &[Trust],
        chain: &[impl AsRef<[u8]>],
        now: Timestamp,
    ) -> Result<Self, SnapshotError> {
        let verifier = verifier(trusts, ClientCertificate::Required, now)?;
        let chain: Vec<_> = chain
            .iter()
            .map(|der| CertificateDer::from(der.as_ref()))
            .collect();
        let Some((leaf, intermediates)) = chain.split_first() else {
            return Ok(Self {
                votes: Vec::new(),
                identity: Err(Refusal::Anonymous.into()),
            });
        };
        let votes = verifier.votes(leaf, intermediates, now);
        let verdict = verifier.vouch(leaf, intermediates, None, now);
        Ok(Self {
            votes: votes.map(|(trust, said)| Vote::new(trust, said)).collect(),
            identity: match verdict {
                Ok(verdict) => identity(&verdict),
                Err(refusal) => Err(refusal.into()),
            },
        })
    }
}

impl Vote {
    fn new(trust: &Trust, said: Result<Vouching, Refusal>) -> Self {
        let path = |vouching: Vouching| {
            let names = vouching.above.iter();
            // They stand in certificates that have just been read.
            names
                .filter_map(|name| DistinguishedName::from_der(name).ok())
                .collect()
        };
        Self {
            trust: trust.name().clone(),
            verdict: said.map(path),
        }
    }
}

fn identity(verdict: &Verdict) -> Result<Result<Identity, IdentityError>, PeerError> {
    let holder = verdict.holder().map_err(|error| error.clone())?;
    Ok(holder.identity.clone())
}
