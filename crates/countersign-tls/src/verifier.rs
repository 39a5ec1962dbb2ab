use std::sync::Arc;

use countersign_identity::Certificate;
use jiff::Timestamp;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use webpki::EndEntityCert;

use crate::cache::{Cache, ChainKey};
use crate::clock::from_unix_time;
use crate::judge::{Judge, Vouching};
use crate::observe::note;
use crate::verdict::Verdict;
use crate::{ClientCertificate, Refusal, Trust};

/// The trusts of a snapshot, and the question that is asked of them: who vouches?
///
/// It is asked in the handshake, by rustls, and after it, of every connection, by
/// [`Peer::of`](crate::Peer::of), because rustls does not ask on a resumed session.
#[derive(Debug)]
pub(crate) struct Verifier {
    judges: Vec<Judge>,
    cache: Cache,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
    mode: ClientCertificate,
}

impl Verifier {
    pub(crate) fn new(
        judges: Vec<Judge>,
        hints: Vec<DistinguishedName>,
        algorithms: WebPkiSupportedAlgorithms,
        mode: ClientCertificate,
    ) -> Arc<Self> {
        Arc::new(Self {
            judges,
            cache: Cache::new(),
            hints,
            algorithms,
            mode,
        })
    }

    /// What each trust says, where [`vouch`](Self::vouch) says what follows.
    pub(crate) fn votes(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> impl Iterator<Item = (&Trust, Result<Vouching, Refusal>)> {
        let judges = self.judges.iter();
        judges.map(move |judge| (judge.trust(), judge.verify(leaf, intermediates, now)))
    }

    pub(crate) fn judges(&self) -> &[Judge] {
        &self.judges
    }

    /// Whose the chain is, learned from a path to an anchor of a trust, and never from the issuer's
    /// name. At least one trust vouches. `known` is the leaf, where it was read before: it is not read again.
    pub(crate) fn vouch(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        known: Option<&Arc<Certificate>>,
        now: Timestamp,
    ) -> Result<Arc<Verdict>, Refusal> {
        let key = ChainKey::of(leaf, intermediates);
        if let Some(verdict) = key.and_then(|key| self.cache.get(key, now)) {
            return Ok(verdict);
        }
        let votes = Votes::of(&self.judges, leaf, intermediates, now);
        let (first, until) = match votes.vouching.as_slice() {
            [first, ..] => *first,
            [] => return Err(votes.refusal),
        };
        let second = votes.vouching.get(1).map(|(trust, _)| *trust);
        let certificate = match known {
            Some(known) => Ok(Arc::clone(known)),
            None => Certificate::from_der(leaf).map(Arc::new),
        };
        let verdict = Arc::new(Verdict::new(certificate, first, second, now, until));
        if let Some(key) = key.filter(|_| votes.last) {
            self.cache.put(key, Arc::clone(&verdict));
        }
        Ok(verdict)
    }

    /// In both versions of TLS.
    fn proven(
        leaf: &CertificateDer<'_>,
        signature: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        signature.inspect_err(|_| {
            // Nobody can prove to hold the key of what cannot be read.
            let readable = EndEntityCert::try_from(leaf);
            let refusal = readable.map_or_else(Refusal::from, |_| Refusal::PossessionUnproven);
            note(leaf, &refusal);
        })
    }
}

/// What the trusts say of a chain.
struct Votes<'a> {
    /// Those that vouch, and until when all of them do.
    vouching: Vec<(&'a Trust, Timestamp)>,
    /// Of the other trusts, why the one does not whose path came furthest.
    refusal: Refusal,
    /// Whether the others will say the same as long as those vouch: nothing that passes keeps them.
    last: bool,
}

impl<'a> Votes<'a> {
    fn of(
        judges: &'a [Judge],
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Self {
        let mut votes = Self {
            vouching: Vec::new(),
            refusal: Refusal::UnknownIssuer,
            last: true,
        };
        for judge in judges {
            match judge.verify(leaf, intermediates, now) {
                Ok(vouching) => votes.vouching.push((judge.trust(), vouching.until)),
                Err(refusal) => votes.hear(refusal),
            }
        }
        let until = votes.vouching.iter().map(|(_, until)| *until).min();
        for (_, end) in &mut votes.vouching {
            *end = until.unwrap_or(*end);
        }
        votes
    }

    fn hear(&mut self, refusal: Refusal) {
        self.last &= matches!(refusal, Refusal::UnknownIssuer | Refusal::BadSignature);
        if refusal.weight() > self.refusal.weight() {
            self.refusal = refusal;
        }
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mode == ClientCertificate::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        if self.mode == ClientCertificate::RefusedOverHttp {
            // Whether a trust vouches is asked by `Peer::of`; here only possession is proven.
            return Ok(ClientCertVerified::assertion());
        }
        match self.vouch(leaf, intermediates, None, from_unix_time(now)) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(refusal) => {
                note(leaf, &refusal);
                Err(refusal.to_rustls().into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = verify_tls12_signature(message, leaf, signature, &self.algorithms);
        Self::proven(leaf, verified)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verified = verify_tls13_signature(message, leaf, signature, &self.algorithms);
        Self::proven(leaf, verified)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
