//! What does a proxy say of the client whose TLS it ended?
//!
//! One type for each dialect, read from header values and written to them. What is read is a claim: that the
//! proxy may make it, and that a trust vouches for the chain, is for others to prove.

mod client_cert;
pub use client_cert::ClientCert;

mod encoded_der;
pub use encoded_der::EncodedDer;

mod error;
pub use error::ForwardedError;

mod headers;
pub use headers::is_identity_header;

mod pem;
pub use pem::{EscapedPem, FoldedPem};

mod subject_text;
pub use subject_text::SubjectText;

mod xfcc;
pub use xfcc::{Xfcc, XfccElement};

use data_encoding::BASE64;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The chain that a proxy says a client presented: DER, leaf first. Nobody has verified it.
///
/// Each is the encoding of one certificate and nothing more; there are at most 8 intermediates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedChain {
    leaf: Vec<u8>,
    intermediates: Vec<Vec<u8>>,
}

impl ForwardedChain {
    /// The chain of `leaf` and the certificates above it.
    ///
    /// # Errors
    ///
    /// One of them is not exactly one DER certificate of at most 64 KiB, or there are too many.
    pub fn new(leaf: Vec<u8>, intermediates: Vec<Vec<u8>>) -> Result<Self, ForwardedError> {
        if intermediates.len() > MAX_INTERMEDIATES {
            return Err(ForwardedError::TooMany {
                count: intermediates.len() + 1,
                max: MAX_INTERMEDIATES + 1,
            });
        }
        for (index, der) in [&leaf].into_iter().chain(&intermediates).enumerate() {
            check(index + 1, der)?;
        }
        Ok(Self {
            leaf,
            intermediates,
        })
    }

    /// Of certificates in order, the leaf first.
    fn of(mut ders: Vec<Vec<u8>>) -> Result<Self, ForwardedError> {
        if ders.is_empty() {
            return Err(ForwardedError::Empty);
        }
        let intermediates = ders.split_off(1);
        Self::new(ders.pop().unwrap_or_default(), intermediates)
    }

    /// The client's own certificate.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// The certificates above it, in the order of the handshake.
    pub fn intermediates(&self) -> &[Vec<u8>] {
        &self.intermediates
    }

    /// All of them, the leaf first.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        let intermediates = self.intermediates.iter().map(Vec::as_slice);
        [self.leaf()].into_iter().chain(intermediates)
    }
}

/// That `der`, the certificate at `position`, is one certificate.
fn check(position: usize, der: &[u8]) -> Result<(), ForwardedError> {
    let one = der.len() <= MAX_CERTIFICATE
        && X509Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty());
    match one {
        true => Ok(()),
        false => Err(ForwardedError::Certificate { position }),
    }
}

/// The one value, where a header may stand there only once.
fn only<'a>(header: &'static str, values: &[&'a [u8]]) -> Result<&'a [u8], ForwardedError> {
    match values {
        [one] if one.len() <= MAX_VALUE => Ok(one),
        [one] => Err(ForwardedError::TooLarge {
            len: one.len(),
            max: MAX_VALUE,
        }),
        many => Err(ForwardedError::Count {
            header,
            count: many.len(),
        }),
    }
}

/// Base64 as an encoder writes it (RFC 4648, section 3.5), or before how many digits it goes wrong.
fn decode(digits: &[u8]) -> Result<Vec<u8>, usize> {
    // The library takes several padded texts in a row for one.
    let padding = digits.iter().position(|digit| *digit == b'=');
    if let Some(start) = padding
        && let Some(behind) = digits.iter().skip(start).position(|digit| *digit != b'=')
    {
        return Err(start + behind);
    }
    BASE64.decode(digits).map_err(|error| error.position)
}

const MAX_INTERMEDIATES: usize = 8;
const MAX_CERTIFICATE: usize = 64 * 1024;
/// Of a header; servers allow less.
const MAX_VALUE: usize = 256 * 1024;
