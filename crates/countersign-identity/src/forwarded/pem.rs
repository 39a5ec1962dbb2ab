//! PEM in a header, where there are no lines: escaped, or folded.

use std::fmt::{self, Write};

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};

use super::{ForwardedChain, ForwardedError, MAX_INTERMEDIATES, decode, only};

/// PEM, percent-encoded: nginx's `$ssl_client_escaped_cert`, and the headers `X-Amzn-Mtls-Clientcert` (a chain) and
/// `X-Amzn-Mtls-Clientcert-Leaf` of AWS's load balancer, which leave `+`, `=` and `/` as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscapedPem {
    chain: ForwardedChain,
}

impl EscapedPem {
    /// Reads the values of the header.
    ///
    /// # Errors
    ///
    /// It stands there twice, or is not percent-encoded PEM of certificates, the leaf first.
    pub fn parse(values: &[&[u8]]) -> Result<Self, ForwardedError> {
        let escaped = only("the header", values)?;
        Self::read(escaped)
    }

    pub(super) fn read(escaped: &[u8]) -> Result<Self, ForwardedError> {
        Ok(Self {
            chain: ForwardedChain::of(certificates(&unescape(escaped)?)?)?,
        })
    }

    /// What says that the client presented `chain`. nginx itself writes the leaf alone.
    pub fn new(chain: ForwardedChain) -> Self {
        Self { chain }
    }

    /// What the client presented.
    pub fn chain(&self) -> &ForwardedChain {
        &self.chain
    }

    /// What the client presented.
    pub fn into_chain(self) -> ForwardedChain {
        self.chain
    }
}

/// The value of the header, as nginx writes it.
impl fmt::Display for EscapedPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chain
            .certificates()
            .try_for_each(|der| write_escaped(f, der))
    }
}

/// PEM whose ends of lines have become spaces, tabs or nothing: AWS's API Gateway, where `clientCertPem` is mapped to a
/// header, and nginx's older `$ssl_client_cert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldedPem {
    chain: ForwardedChain,
}

impl FoldedPem {
    /// Reads the values of the header.
    ///
    /// # Errors
    ///
    /// It stands there twice, or is not PEM of certificates, the leaf first.
    pub fn parse(values: &[&[u8]]) -> Result<Self, ForwardedError> {
        let pem = only("the header", values)?;
        Ok(Self {
            chain: ForwardedChain::of(certificates(pem)?)?,
        })
    }

    /// What the client presented.
    pub fn chain(&self) -> &ForwardedChain {
        &self.chain
    }
}

/// One certificate, as nginx writes it.
pub(super) fn write_escaped(out: &mut impl Write, der: &[u8]) -> fmt::Result {
    out.write_str("-----BEGIN%20CERTIFICATE-----%0A")?;
    for (index, character) in BASE64.encode(der).chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            out.write_str("%0A")?;
        }
        match character {
            '+' => out.write_str("%2B")?,
            '/' => out.write_str("%2F")?,
            '=' => out.write_str("%3D")?,
            plain => out.write_char(plain)?,
        }
    }
    out.write_str("%0A-----END%20CERTIFICATE-----%0A")
}

/// Percent-decoding (RFC 3986, section 2.1). A plus is a plus.
fn unescape(escaped: &[u8]) -> Result<Vec<u8>, ForwardedError> {
    let mut plain = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let [first, tail @ ..] = rest {
        let before = escaped.len() - rest.len();
        match (first, tail) {
            (b'%', [one, two, after @ ..]) => {
                let byte = HEXLOWER_PERMISSIVE.decode(&[*one, *two]);
                let wanted = ForwardedError::at(before, "two hexadecimal digits behind a %");
                plain.extend(byte.map_err(|_| wanted)?);
                rest = after;
            }
            (other, _) if other.is_ascii_graphic() && *other != b'%' => {
                plain.push(*other);
                rest = tail;
            }
            _ => return Err(ForwardedError::at(before, "a printable character, or %XX")),
        }
    }
    Ok(plain)
}

/// The certificates of a PEM text (RFC 7468), whatever white space it has. Nothing else may stand there.
fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, ForwardedError> {
    let mut ders = Vec::new();
    let mut rest = pem.trim_ascii();
    while !rest.is_empty() {
        let before = pem.len() - rest.len();
        let marks = || ForwardedError::at(before, "the begin and the end of a PEM certificate");
        let (body, after) = block(rest).ok_or_else(marks)?;
        if ders.len() > MAX_INTERMEDIATES {
            return Err(ForwardedError::TooMany {
                count: ders.len() + 1,
                max: MAX_INTERMEDIATES + 1,
            });
        }
        let digits: Vec<u8> = body.iter().copied().filter(|b| !is_space(*b)).collect();
        let der = decode(&digits);
        ders.push(der.map_err(|_| ForwardedError::at(before, "base64 in the PEM certificate"))?);
        rest = after.trim_ascii_start();
    }
    Ok(ders)
}

/// What is between the marks, and what is behind them.
fn block(pem: &[u8]) -> Option<(&[u8], &[u8])> {
    let body = pem.strip_prefix(BEGIN)?;
    let end = body.windows(END.len()).position(|window| window == END)?;
    let (body, after) = body.split_at_checked(end)?;
    Some((body, after.strip_prefix(END)?))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";
const LINE: usize = 64;
