use std::fmt;
use std::path::Path;
use std::sync::Arc;

use countersign_identity::Certificate;
use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor};

use crate::credential::read;
use crate::link::{AuthorityKeyId, Link};
use crate::pem::{NotPem, Sections};
use crate::{AnchorFlaw, AnchorsError, LoadError};

/// CA certificates that we trust: at least one. Cheap to clone.
///
/// Each has been looked at: webpki takes a public key and a name from an anchor and asks nothing of
/// it. Whether it is within its validity depends on when that is asked; see
/// [`TrustSnapshot::new`](crate::TrustSnapshot::new).
#[derive(Clone)]
pub struct Anchors {
    anchors: Arc<[Anchor]>,
    dropped: Arc<[AnchorsError]>,
}

/// One CA certificate, as facts and as what webpki verifies with.
#[derive(Clone, Debug)]
pub(crate) struct Anchor {
    pub(crate) certificate: Certificate,
    pub(crate) link: Link,
    pub(crate) webpki: TrustAnchor<'static>,
    pub(crate) subject: DistinguishedName,
}

impl Anchors {
    /// Reads CA certificates from PEM; sections of other kinds are passed over.
    ///
    /// One that cannot be an anchor is left out and is among the [`dropped`](Self::dropped): the others of
    /// the bundle are none the worse for it.
    ///
    /// # Errors
    ///
    /// The text is not PEM, or no certificate is left; then the error is about the first.
    pub fn from_pem(bundle: &[u8]) -> Result<Self, AnchorsError> {
        let sections = Sections::read(bundle)?;
        if sections.certificates.is_empty() {
            return Err(AnchorsError::Empty {
                found: sections.found.to_string(),
            });
        }
        let (mut anchors, mut dropped) = (Vec::new(), Vec::new());
        for (index, der) in sections.certificates.into_iter().enumerate() {
            match Anchor::new(der, index + 1) {
                Ok(anchor) => anchors.push(anchor),
                Err(error) => dropped.push(error),
            }
        }
        match (anchors.is_empty(), dropped.first()) {
            (true, Some(first)) => Err(first.clone()),
            _ => Ok(Self {
                anchors: anchors.into(),
                dropped: dropped.into(),
            }),
        }
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

    /// What is wrong with those certificates of the bundle that are not used.
    pub fn dropped(&self) -> &[AnchorsError] {
        &self.dropped
    }

    /// What a `rustls::RootCertStore` is made of.
    pub fn trust_anchors(&self) -> impl Iterator<Item = &TrustAnchor<'static>> {
        self.anchors.iter().map(|anchor| &anchor.webpki)
    }

    pub(crate) fn as_slice(&self) -> &[Anchor] {
        &self.anchors
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
        let flawed = |flaw| AnchorsError::Flawed {
            position,
            subject: subject(),
            flaw,
        };
        let link = Link::read(&der).map_err(|_| flawed(AnchorFlaw::Unreadable))?;
        if !link.is_v3 {
            return Err(flawed(AnchorFlaw::Version));
        }
        if !certificate.is_ca() {
            return Err(AnchorsError::NotCa {
                position,
                subject: subject(),
            });
        }
        if let Some(flaw) = flaw(&link) {
            return Err(flawed(flaw));
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
            link,
            webpki,
        })
    }
}

fn flaw(link: &Link) -> Option<AnchorFlaw> {
    if !link.may_sign_certificates() {
        Some(AnchorFlaw::MayNotSign)
    } else if link.has_no_subject() {
        Some(AnchorFlaw::NoSubject)
    } else if link.has_critical_key_id {
        Some(AnchorFlaw::CriticalKeyIdentifier)
    } else if link.is_self_issued() && link.authority_key_id == AuthorityKeyId::Odd {
        Some(AnchorFlaw::OddKeyIdentifier)
    } else {
        let oid = link.unknown_critical.clone()?;
        Some(AnchorFlaw::CriticalExtension { oid })
    }
}
