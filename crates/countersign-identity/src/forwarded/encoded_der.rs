use std::fmt;

use data_encoding::BASE64;

use super::{ForwardedChain, ForwardedError, decode, only};

/// One certificate as DER in base64, as HAProxy's `ssl_c_der,base64` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedDer {
    chain: ForwardedChain,
}

impl EncodedDer {
    /// Reads the values of the header.
    ///
    /// # Errors
    ///
    /// It stands there twice, is not base64, or not a certificate.
    pub fn parse(values: &[&[u8]]) -> Result<Self, ForwardedError> {
        let decoded = decode(only("the header", values)?);
        let leaf = decoded.map_err(|position| ForwardedError::at(position, "base64"))?;
        Ok(Self {
            chain: ForwardedChain::new(leaf, Vec::new())?,
        })
    }

    /// What says that the client presented `chain`, of which it has room for the leaf alone.
    pub fn new(chain: ForwardedChain) -> Self {
        Self { chain }
    }

    /// What the client presented: its own certificate, and nothing above it.
    pub fn chain(&self) -> &ForwardedChain {
        &self.chain
    }
}

/// The value of the header.
impl fmt::Display for EncodedDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(self.chain.leaf()))
    }
}
