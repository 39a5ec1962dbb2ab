use std::collections::HashSet;

use countersign_identity::{Certificate, Pin};

use crate::digest::{self, Digest};
use crate::pem::Sections;
use crate::{AnchorsError, Malformed};

/// Keys that we know: what a pinned trust goes by instead of CAs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    pins: HashSet<Digest>,
}

impl Pins {
    /// No key yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of the certificates in a PEM text, as partners send them.
    ///
    /// # Errors
    ///
    /// There is no certificate, or one that cannot be read.
    pub fn from_certificates(text: &[u8]) -> Result<Self, AnchorsError> {
        let sections = Sections::read(text)?;
        if sections.certificates.is_empty() {
            return Err(AnchorsError::Empty {
                found: sections.found.to_string(),
            });
        }
        let mut pins = Self::new();
        for (index, der) in sections.certificates.iter().enumerate() {
            let certificate = Certificate::from_der(der);
            let certificate = certificate.map_err(|source| AnchorsError::Certificate {
                position: index + 1,
                source,
            })?;
            pins = pins.pin(certificate.pin());
        }
        Ok(pins)
    }

    /// Adds a key.
    #[must_use]
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pins.insert(*pin.as_bytes());
        self
    }

    /// Adds a key by the text of its pin: `sha256/` and base64, or hex.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn pin_text(mut self, text: &str) -> Result<Self, Malformed> {
        self.pins.insert(digest::read(text)?);
        Ok(self)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.pins.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }

    /// Whether `pin` is among them.
    pub fn contains(&self, pin: Pin) -> bool {
        self.pins.contains(pin.as_bytes())
    }

    /// One that is among the others, too.
    pub(crate) fn shared_with(&self, other: &Self) -> Option<String> {
        let mut shared = self.pins.intersection(&other.pins);
        let pin = shared.next()?;
        Some(format!("sha256/{}", data_encoding::BASE64.encode(pin)))
    }
}
