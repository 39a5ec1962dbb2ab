use data_encoding::BASE64;

use super::{ForwardedChain, ForwardedError, MAX_INTERMEDIATES, MAX_VALUE, decode, only};

/// The headers `Client-Cert` and `Client-Cert-Chain` of RFC 9440.
///
/// `Client-Cert` is one byte sequence (RFC 8941, section 3.3.5): twice, a list and parameters are refused, and so is
/// base64 that an encoder would not have written.
///
/// ```
/// use countersign_identity::{ClientCert, ForwardedError};
/// # use countersign_pki::Authority;
/// # let now = jiff::Timestamp::from_second(1_790_000_000)?;
/// # let issued = Authority::root("Partners", now)?.client(now).uri("spiffe://a.example/b").issue()?;
/// # let value = format!(":{}:", data_encoding::BASE64.encode(issued.certificate_der()));
/// # let value = value.as_bytes();
///
/// let read = ClientCert::parse(&[value], &[])?;
/// assert_eq!(read.client_cert().as_bytes(), value);
/// assert_eq!(read.client_cert_chain(), None);
///
/// let twice = ClientCert::parse(&[value, value], &[]);
/// assert_eq!(twice, Err(ForwardedError::Count { header: "Client-Cert", count: 2 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCert {
    chain: ForwardedChain,
}

impl ClientCert {
    /// Reads the values of the two headers, each in the order in which they stand.
    ///
    /// # Errors
    ///
    /// They have another form, or a certificate is none.
    pub fn parse(client_cert: &[&[u8]], chain: &[&[u8]]) -> Result<Self, ForwardedError> {
        if client_cert.is_empty() && !chain.is_empty() {
            return Err(ForwardedError::ChainAlone);
        }
        let leaf = byte_sequence(only("Client-Cert", client_cert)?, 0)?;
        let mut intermediates = Vec::new();
        for value in chain {
            list(value, &mut intermediates)?;
        }
        ForwardedChain::new(leaf, intermediates).map(Self::new)
    }

    /// What says that the client presented `chain`.
    pub fn new(chain: ForwardedChain) -> Self {
        Self { chain }
    }

    /// The value of `Client-Cert`.
    pub fn client_cert(&self) -> String {
        encode(self.chain.leaf())
    }

    /// The value of `Client-Cert-Chain`; none where the client sent its own certificate alone.
    pub fn client_cert_chain(&self) -> Option<String> {
        let above = self.chain.intermediates().iter();
        let above: Vec<_> = above.map(|der| encode(der)).collect();
        (!above.is_empty()).then(|| above.join(", "))
    }

    /// What the client presented.
    pub fn chain(&self) -> &ForwardedChain {
        &self.chain
    }
}

fn encode(der: &[u8]) -> String {
    format!(":{}:", BASE64.encode(der))
}

/// RFC 8941, section 4.2.1: members between commas, none of them empty.
fn list(value: &[u8], into: &mut Vec<Vec<u8>>) -> Result<(), ForwardedError> {
    if value.len() > MAX_VALUE {
        return Err(ForwardedError::TooLarge {
            len: value.len(),
            max: MAX_VALUE,
        });
    }
    let mut before = 0;
    for member in value.split(|byte| *byte == b',') {
        if into.len() >= MAX_INTERMEDIATES {
            return Err(ForwardedError::TooMany {
                count: into.len() + 2,
                max: MAX_INTERMEDIATES + 1,
            });
        }
        let start = before + (member.len() - member.trim_ascii_start().len());
        into.push(byte_sequence(member.trim_ascii(), start)?);
        before += member.len() + 1;
    }
    Ok(())
}

/// Base64 between colons. `before` bytes stand before it.
fn byte_sequence(item: &[u8], before: usize) -> Result<Vec<u8>, ForwardedError> {
    let inner = item.strip_prefix(b":");
    let inner = inner.ok_or_else(|| ForwardedError::at(before, "a colon and base64"))?;
    let end = before + item.len();
    let inner = inner.strip_suffix(b":");
    let inner = inner.ok_or_else(|| ForwardedError::at(end, "a colon behind the base64"))?;
    decode(inner).map_err(|position| ForwardedError::at(before + 1 + position, "base64"))
}
