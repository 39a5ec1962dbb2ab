use anyhow::{Context, Result};
use countersign_pki::Presented;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificates of a text.
pub(crate) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    Ok(certificates.collect::<Result<_, _>>()?)
}

/// The key of what is presented.
pub(crate) fn key(presented: &Presented) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(presented.key_pem.as_bytes()).context("a key of the catalogue")
}
