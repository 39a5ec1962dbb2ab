//! A SHA-256 digest as people write it.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use thiserror::Error;

pub(crate) type Digest = [u8; 32];

/// A text that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It is no SHA-256 digest.
    #[error("`{text}` is no SHA-256 digest: wanted hex, base64url, or `sha256/` and base64")]
    Digest {
        /// The text.
        text: String,
    },
    /// It is no serial number.
    #[error("`{text}` is no serial number: wanted hex, with or without colons")]
    Serial {
        /// The text.
        text: String,
    },
}

/// `sha256/` and base64, base64url, or hex with or without colons: their lengths tell them apart.
pub(crate) fn read(text: &str) -> Result<Digest, Malformed> {
    let hex: String = text.chars().filter(|c| *c != ':').collect();
    let decoded = match text.strip_prefix("sha256/") {
        Some(base64) => BASE64.decode(base64.as_bytes()),
        None if hex.len() == 64 => HEXLOWER_PERMISSIVE.decode(hex.as_bytes()),
        None => BASE64URL_NOPAD.decode(text.as_bytes()),
    };
    let digest = decoded.ok().and_then(|bytes| bytes.try_into().ok());
    digest.ok_or_else(|| Malformed::Digest {
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use countersign_identity::{Pin, Thumbprint};

    use super::*;

    #[test]
    fn every_form_in_which_a_digest_is_printed_is_read() {
        let (pin, thumbprint) = (Pin::of(b"x"), Thumbprint::of(b"x"));
        let hex = HEXLOWER_PERMISSIVE.encode(pin.as_bytes());
        let pairs: Vec<_> = hex.as_bytes().chunks(2).collect();
        let colons = pairs.iter().map(|pair| String::from_utf8_lossy(pair));
        let colons = colons.collect::<Vec<_>>().join(":").to_uppercase();
        for text in [pin.to_string(), thumbprint.to_string(), hex, colons] {
            assert_eq!(read(&text).as_ref(), Ok(pin.as_bytes()), "{text}");
        }
        for text in ["", "sha256/", "sha256/eA==", "zz", "eA"] {
            let text = text.to_owned();
            assert_eq!(read(&text).unwrap_err(), Malformed::Digest { text });
        }
    }
}
