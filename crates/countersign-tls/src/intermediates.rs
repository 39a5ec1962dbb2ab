use std::path::Path;
use std::sync::Arc;

use countersign_identity::Certificate;
use rustls::pki_types::CertificateDer;

use crate::credential::read;
use crate::pem::Sections;
use crate::{AnchorsError, LoadError};

/// CA certificates that stand between a leaf and an anchor: nobody trusts them by themselves, and a path may lead over
/// them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Intermediates {
    certificates: Arc<[CertificateDer<'static>]>,
}

impl Intermediates {
    /// Reads certificates from PEM; sections of other kinds are passed over.
    ///
    /// # Errors
    ///
    /// The text is not PEM, has no certificate, or one that cannot be read.
    pub fn from_pem(bundle: &[u8]) -> Result<Self, AnchorsError> {
        let sections = Sections::read(bundle)?;
        if sections.certificates.is_empty() {
            let found = sections.found.to_string();
            return Err(AnchorsError::Empty { found });
        }
        for (index, der) in sections.certificates.iter().enumerate() {
            let position = index + 1;
            Certificate::from_der(der)
                .map_err(|source| AnchorsError::Certificate { position, source })?;
        }
        Ok(Self {
            certificates: sections.certificates.into(),
        })
    }

    /// Reads certificates from a PEM file.
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

    pub(crate) fn as_slice(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }
}
