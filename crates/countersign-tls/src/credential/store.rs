//! What does a PKCS#12 store hold (RFC 7292)?

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{CredentialError, Password};

/// The one key of a store, and its chain, leaf first.
pub(super) fn open(
    bytes: &[u8],
    password: &Password,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), CredentialError> {
    let mut archive = Pkcs12Archive::from_pkcs12(bytes, password.expose()).map_err(refusal)?;
    let key = match (archive.keys.pop(), archive.keys.len()) {
        (Some(key), 0) => key.key,
        (Some(_), others) => return Err(CredentialError::SeveralKeys { count: others + 1 }),
        (None, _) => {
            return Err(CredentialError::NoKey {
                found: found(archive.certs.len()),
            });
        }
    };
    let certificates = archive.certs.iter().map(|bag| bag.cert.as_der().to_vec());
    Ok((
        certificates.map(CertificateDer::from).collect(),
        PrivateKeyDer::Pkcs8(key.as_der().to_vec().into()),
    ))
}

fn refusal(error: Error) -> CredentialError {
    match error {
        Error::MacError(_) => CredentialError::Pkcs12Password,
        other => CredentialError::Pkcs12 {
            reason: other.to_string(),
        },
    }
}

fn found(certificates: usize) -> String {
    format!("found {certificates} x certificate")
}
