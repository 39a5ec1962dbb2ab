use std::collections::BTreeSet;

use countersign_identity::{Certificate, Pin, Thumbprint};

use super::document::{self, Key};
use super::{Mismatch, RegistrationError};

/// The certificates of a client that signs them itself: several, so that it can change to another
/// (RFC 8705, section 2.2).
///
/// Each is compared as a whole: another certificate for the same key is not registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredCertificates(BTreeSet<[u8; 32]>);

impl RegisteredCertificates {
    /// Reads a JWK set whose keys each come with a certificate, `x5c` (RFC 7517, section 4.7): the first there counts.
    ///
    /// # Errors
    ///
    /// It is no JWK set, is empty, holds a private key, or a key that has no certificate or is not that of its own.
    pub fn from_jwks(json: &[u8]) -> Result<Self, RegistrationError> {
        let keys = document::read(json)?;
        if keys.is_empty() {
            return Err(RegistrationError::NoKeys);
        }
        let places = 1..;
        let registered = places.zip(&keys).map(|(place, key)| register(place, key));
        Ok(Self(registered.collect::<Result<_, _>>()?))
    }

    /// Why `certificate` is none of them; none where it is one.
    pub(super) fn mismatch(&self, certificate: &Certificate) -> Option<String> {
        let thumbprint = certificate.thumbprint();
        let known = self.0.contains(thumbprint.as_bytes());
        (!known).then(|| Mismatch::unregistered(&thumbprint))
    }
}

impl Mismatch {
    fn unregistered(thumbprint: &Thumbprint) -> String {
        format!("the certificate {thumbprint} is not registered")
    }
}

fn register(place: usize, key: &Key) -> Result<[u8; 32], RegistrationError> {
    if key.private {
        return Err(RegistrationError::Private { place });
    }
    let der = key.certificate.as_ref();
    let der = der.ok_or(RegistrationError::NoCertificate { place })?;
    let certificate = Certificate::from_der(der);
    let certificate =
        certificate.map_err(|source| RegistrationError::Certificate { place, source })?;
    match &key.spki {
        Some(spki) if Pin::of(spki) == certificate.pin() => {
            Ok(*certificate.thumbprint().as_bytes())
        }
        _ => Err(RegistrationError::OtherKey { place }),
    }
}
