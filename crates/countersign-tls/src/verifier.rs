use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

use crate::clock::{from_unix_time, to_unix_time};
use crate::observe::note;
use crate::{Refusal, Trust};

/// The trusts of a snapshot, and the question that is asked of them: who vouches?
///
/// It is asked in the handshake, by rustls, and after it, of every connection, by
/// [`Peer::of`](crate::Peer::of), because rustls does not ask on a resumed session.
#[derive(Debug)]
pub(crate) struct Verifier {
    trusts: Vec<Trust>,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// The trusts that vouch for a certificate: at least one.
pub(crate) struct Vouched<'a> {
    pub(crate) first: &'a Trust,
    pub(crate) second: Option<&'a Trust>,
}

impl Verifier {
    pub(crate) fn new(trusts: Vec<Trust>, algorithms: WebPkiSupportedAlgorithms) -> Arc<Self> {
        let anchors = trusts.iter().flat_map(|trust| trust.anchors().iter());
        Arc::new(Self {
            hints: anchors.map(|anchor| anchor.subject.clone()).collect(),
            trusts,
            algorithms,
        })
    }

    pub(crate) fn trusts(&self) -> &[Trust] {
        &self.trusts
    }

    /// Which trusts vouch for `leaf`, learned from a path to one of their anchors and never from
    /// the issuer's name.
    pub(crate) fn vouch(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<Vouched<'_>, Refusal> {
        let leaf = EndEntityCert::try_from(leaf)?;
        let mut refusal = Refusal::UnknownIssuer;
        let mut vouching = self.trusts.iter().filter(|trust| {
            match self.verify(trust, &leaf, intermediates, now) {
                Ok(()) => true,
                Err(other) => {
                    if other.weight() > refusal.weight() {
                        refusal = other;
                    }
                    false
                }
            }
        });
        let (first, second) = (vouching.next(), vouching.next());
        match first {
            Some(first) => Ok(Vouched { first, second }),
            None => Err(refusal),
        }
    }

    fn verify(
        &self,
        trust: &Trust,
        leaf: &EndEntityCert<'_>,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<(), Refusal> {
        leaf.verify_for_usage(
            self.algorithms.all,
            trust.webpki_anchors(),
            intermediates,
            to_unix_time(now),
            KeyUsage::client_auth(),
            None,
            None,
        )?;
        Ok(())
    }

    fn proven(
        leaf: &CertificateDer<'_>,
        signature: Result<HandshakeSignatureValid, rustls::Error>,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        signature.inspect_err(|_| note(leaf, &Refusal::PossessionUnproven))
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        match self.vouch(leaf, intermediates, from_unix_time(now)) {
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
