//! The certificates in a file, whatever form it has.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use crate::failure::Hint;
use crate::input;

/// The certificates of a file, PEM or DER, in their order; at least one; `wanted` is the hint where there
/// is no such file.
pub(crate) fn read(path: &Path, wanted: &str) -> Result<Vec<Vec<u8>>> {
    let bytes = input::bytes(path, wanted)?;
    let found = of(&bytes)
        .with_context(|| format!("`{}`", path.display()))
        .hint("name a file with a certificate, as PEM or DER")?;
    if found.is_empty() {
        return Err(anyhow!("`{}` holds no certificate", path.display()))
            .hint("name a file with a certificate, as PEM or DER");
    }
    Ok(found)
}

fn of(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    // DER is a SEQUENCE, and PEM is text.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes.to_vec()]);
    }
    CertificateDer::pem_slice_iter(bytes)
        .map(|der| Ok(der.map_err(malformed)?.to_vec()))
        .collect()
}

/// What is wrong with a PEM text, in words.
pub(crate) fn malformed(error: pem::Error) -> anyhow::Error {
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let label = String::from_utf8_lossy(&end_marker);
            anyhow!("malformed PEM: the block `{label}` has no end")
        }
        pem::Error::IllegalSectionStart { line } => {
            let line = String::from_utf8_lossy(&line);
            anyhow!("malformed PEM: no block begins with `{}`", line.trim_end())
        }
        error => anyhow::Error::new(error).context("malformed PEM"),
    }
}
