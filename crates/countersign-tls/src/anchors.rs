use std::fmt;
use std::path::Path;
use std::sync::Arc;

use countersign_identity::Certificate;
use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor};

use crate::credential::read;
use crate::pem::{NotPem, Sections};
use crate::{AnchorsError, LoadError};

/// CA certificates that we trust: at least one. Cheap to clone.
#[derive(Clone)]
pub struct Anchors {
    anchors: Arc<[Anchor]>,
}

/// One CA certificate, as facts and as what webpki verifies with.
pub(crate) struct Anchor {
    pub(crate) certificate: Certificate,
    pub(crate) webpki: TrustAnchor<'static>,
    pub(crate) subject: DistinguishedName,
}

impl Anchors {
    /// Reads CA certificates from PEM; sections of other kinds are passed over.
    ///
    /// # Errors
    ///
    /// There is no certificate, or one that is not a CA's: one bad certificate refuses all.
    pub fn from_pem(bundle: &[u8]) -> Result<Self, AnchorsError> {
        let sections = Sections::read(bundle)?;
        if sections.certificates.is_empty() {
            return Err(AnchorsError::Empty {
                found: sections.found.to_string(),
            });
        }
        let certificates = sections.certificates.into_iter().enumerate();
        let anchors = certificates
            .map(|(index, der)| Anchor::new(der, index + 1))
            .collect::<Result<_, _>>()?;
        Ok(Self { anchors })
    }

    /// Reads CA certificates from a PEM file.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem), or the file cannot be read; each names the file.
    pub fn from_pem_file(bundle: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = bundle.as_ref();
        Self::from_pem(&read(path)?).map_err(|source| LoadError::Anchors {
            path: path.to_owned(),
            source,
        })
    }

    /// The facts of each, in the order of the bundle.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.anchors.iter().map(|anchor| &anchor.certificate)
    }

    /// What a `rustls::RootCertStore` is made of.
    pub fn trust_anchors(&self) -> impl Iterator<Item = &TrustAnchor<'static>> {
        self.anchors.iter().map(|anchor| &anchor.webpki)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Anchor> {
        self.anchors.iter()
    }
}

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subjects = self
            .certificates()
            .map(|anchor| anchor.subject().to_string());
        f.debug_list().entries(subjects).finish()
    }
}

impl From<NotPem> for AnchorsError {
    fn from(_: NotPem) -> Self {
        Self::Pem
    }
}

impl Anchor {
    fn new(der: CertificateDer<'static>, position: usize) -> Result<Self, AnchorsError> {
        let certificate = Certificate::from_der(&der)
            .map_err(|source| AnchorsError::Certificate { position, source })?;
        let subject = || certificate.subject().to_string();
        if !certificate.is_ca() {
            return Err(AnchorsError::NotCa {
                position,
                subject: subject(),
            });
        }
        let webpki = webpki::anchor_from_trusted_cert(&der)
            .map_err(|_| AnchorsError::Unusable {
                position,
                subject: subject(),
            })?
            .to_owned();
        Ok(Self {
            subject: DistinguishedName::in_sequence(webpki.subject.as_ref()),
            certificate,
            webpki,
        })
    }
}
