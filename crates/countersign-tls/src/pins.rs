use std::collections::HashSet;

use countersign_identity::{Certificate, Pin};

use crate::AnchorsError;
use crate::pem::Sections;

/// Keys that we know: what a pinned trust goes by instead of CAs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    pins: HashSet<Pin>,
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
        self.pins.insert(pin);
        self
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
        self.pins.contains(&pin)
    }

    /// One that is among the others, too.
    pub(crate) fn shared_with(&self, other: &Self) -> Option<Pin> {
        self.pins.intersection(&other.pins).next().copied()
    }
}
