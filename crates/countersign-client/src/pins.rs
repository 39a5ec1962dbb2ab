//! Does a pinned key stand on the path to the server?

use std::fmt;
use std::sync::Arc;

use countersign_identity::Pin;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::{CertificateError, OtherError, RootCertStore};
use thiserror::Error;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

/// Pins of which one is wanted, on a path that is verified for it: in what a server merely sends,
/// anybody's certificate may stand.
pub(crate) struct Pins {
    pub(crate) wanted: Vec<Pin>,
    pub(crate) roots: Arc<RootCertStore>,
}

/// No key on the path has a wanted pin.
#[derive(Clone, Copy, Debug, Error)]
#[error("no key on the path to it is pinned")]
pub(crate) struct NotPinned;

impl Pins {
    pub(crate) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let algorithms = countersign_tls::provider().signature_verification_algorithms;
        let wanted = |path: &VerifiedPath<'_>| match self.stands_on(path) {
            true => Ok(()),
            false => Err(webpki::Error::UnknownIssuer),
        };
        let leaf = EndEntityCert::try_from(leaf).map_err(|_| not_pinned())?;
        leaf.verify_for_usage(
            algorithms.all,
            &self.roots.roots,
            intermediates,
            now,
            KeyUsage::server_auth(),
            None,
            Some(&wanted),
        )
        .map(drop)
        .map_err(|_| not_pinned())
    }

    fn stands_on(&self, path: &VerifiedPath<'_>) -> bool {
        let is_wanted = |spki: &[u8]| self.wanted.contains(&Pin::of(spki));
        is_wanted(&path.end_entity().subject_public_key_info())
            || path
                .intermediate_certificates()
                .any(|above| is_wanted(&above.subject_public_key_info()))
            || is_wanted(&spki(path.anchor()))
    }
}

impl fmt::Debug for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.wanted).finish()
    }
}

fn not_pinned() -> rustls::Error {
    CertificateError::Other(OtherError(Arc::new(NotPinned))).into()
}

/// An anchor keeps the content of its SubjectPublicKeyInfo, without the SEQUENCE around it.
fn spki(anchor: &TrustAnchor<'_>) -> Vec<u8> {
    let content = anchor.subject_public_key_info.as_ref();
    let len = content.len().to_be_bytes();
    let len = len.iter().copied().skip_while(|byte| *byte == 0);
    let len: Vec<u8> = len.collect();
    let mut der = vec![0x30];
    match (len.as_slice(), content.len()) {
        (short, 0..=0x7F) => der.extend_from_slice(short),
        (long, _) => {
            der.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            der.extend_from_slice(long);
        }
    }
    der.extend_from_slice(content);
    der
}
