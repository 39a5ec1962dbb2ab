use std::collections::HashSet;
use std::fmt;

use countersign_identity::{Pin, Thumbprint};
use data_encoding::HEXLOWER_PERMISSIVE;
use thiserror::Error;

use crate::Refusal;
use crate::link::Link;

/// Certificates that a trust does not vouch for, whatever their issuer says: for partners who
/// publish no revocation list.
///
/// It is asked of the leaf and of every CA on the path. A pin blocks a key in every certificate that
/// holds it, a thumbprint one certificate, a serial number every certificate of the trust that bears
/// it, whoever issued it.
///
/// ```
/// use countersign_tls::BlockList;
///
/// let blocked = BlockList::default().serial("01:a4")?.serial("7f")?;
/// assert_eq!(blocked.len(), 2);
/// assert!(BlockList::default().serial("x").is_err());
/// # Ok::<(), countersign_tls::NotASerial>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockList {
    pins: HashSet<Pin>,
    thumbprints: HashSet<Thumbprint>,
    serials: HashSet<Vec<u8>>,
}

/// A text that is no serial number.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no serial number: wanted hex, with or without colons")]
pub struct NotASerial {
    /// The text.
    pub text: String,
}

/// By which of its marks a certificate is blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockedBy {
    /// Its key.
    Pin,
    /// Its serial number.
    Serial,
    /// Its thumbprint.
    Thumbprint,
}

impl BlockList {
    /// Blocks a key.
    #[must_use]
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pins.insert(pin);
        self
    }

    /// Blocks one certificate.
    #[must_use]
    pub fn thumbprint(mut self, thumbprint: Thumbprint) -> Self {
        self.thumbprints.insert(thumbprint);
        self
    }

    /// Blocks a serial number, in hex as openssl and browsers print it: in either case, with or
    /// without colons and zeros in front.
    ///
    /// # Errors
    ///
    /// It is not hex.
    pub fn serial(mut self, text: &str) -> Result<Self, NotASerial> {
        let not_a_serial = || NotASerial {
            text: text.to_owned(),
        };
        let digits: String = text.chars().filter(|c| *c != ':').collect();
        let padded = match digits.len() % 2 {
            0 => digits,
            _ => format!("0{digits}"),
        };
        let bytes = HEXLOWER_PERMISSIVE.decode(padded.as_bytes());
        let bytes = bytes.map_err(|_| not_a_serial())?;
        if bytes.is_empty() {
            return Err(not_a_serial());
        }
        self.serials.insert(significant(&bytes));
        Ok(self)
    }

    /// How many marks are on it.
    pub fn len(&self) -> usize {
        self.pins.len() + self.thumbprints.len() + self.serials.len()
    }

    /// Whether nobody is blocked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn check(&self, link: &Link) -> Result<(), Refusal> {
        let by = if self.pins.contains(&link.pin) {
            BlockedBy::Pin
        } else if self.thumbprints.contains(&link.thumbprint) {
            BlockedBy::Thumbprint
        } else if !self.serials.is_empty() && self.serials.contains(&significant(&link.serial)) {
            BlockedBy::Serial
        } else {
            return Ok(());
        };
        Err(Refusal::Blocked { by })
    }
}

fn significant(serial: &[u8]) -> Vec<u8> {
    let zeros = serial.iter().take_while(|byte| **byte == 0);
    serial.get(zeros.count()..).unwrap_or_default().to_vec()
}

impl fmt::Display for BlockedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pin => "pin",
            Self::Serial => "serial number",
            Self::Thumbprint => "thumbprint",
        })
    }
}
