use std::fmt::{self, Write};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::pem::write_escaped;
use super::{EscapedPem, ForwardedChain, ForwardedError, MAX_VALUE};

/// Envoy's and Istio's header `X-Forwarded-Client-Cert`: an element for each hop, the nearest to the client first.
///
/// An Envoy that appends leaves the elements of others before its own, so which one counts is for the reader to say:
/// [`only`](Self::only) or [`last`](Self::last). Envoy copies names of the certificate into the header without quotes:
/// where it is told to write `URI` or `DNS`, whoever gets a certificate with a comma in such a name can write an
/// element of his own behind Envoy's, and only `only` is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xfcc {
    elements: Vec<XfccElement>,
}

/// What one hop says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XfccElement {
    cert: Option<ForwardedChain>,
    chain: Option<ForwardedChain>,
    hash: Option<String>,
}

impl Xfcc {
    /// Reads the values of the header; several are one list.
    ///
    /// # Errors
    ///
    /// There is none, or one is not of pairs of key and value, or has a key twice that holds a certificate, or one that holds none.
    pub fn parse(values: &[&[u8]]) -> Result<Self, ForwardedError> {
        let len = values.iter().map(|value| value.len()).sum();
        if len > MAX_VALUE {
            return Err(ForwardedError::TooLarge {
                len,
                max: MAX_VALUE,
            });
        }
        let mut elements = Vec::new();
        for value in values {
            read(value, &mut elements)?;
        }
        match elements.is_empty() {
            true => Err(ForwardedError::Empty),
            false => Ok(Self { elements }),
        }
    }

    /// What says that the client presented `chain`, as Envoy does where it is told to write `cert` and `chain`.
    pub fn new(chain: ForwardedChain) -> Self {
        let hash = HEXLOWER.encode(&Sha256::digest(chain.leaf()));
        Self {
            elements: vec![XfccElement {
                cert: ForwardedChain::of(vec![chain.leaf().to_owned()]).ok(),
                chain: Some(chain),
                hash: Some(hash),
            }],
        }
    }

    /// The elements, in the order of the hops.
    pub fn elements(&self) -> &[XfccElement] {
        &self.elements
    }

    /// The one element.
    ///
    /// # Errors
    ///
    /// There are several: another hop, or somebody, wrote one too.
    pub fn only(&self) -> Result<&XfccElement, ForwardedError> {
        match self.elements.as_slice() {
            [one] => Ok(one),
            many => Err(ForwardedError::Elements { count: many.len() }),
        }
    }

    /// The last element: that of the hop before us, where it appends.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn last(&self) -> Result<&XfccElement, ForwardedError> {
        self.elements.last().ok_or(ForwardedError::Empty)
    }
}

impl XfccElement {
    /// What the client presented: `Chain` where it is there, else `Cert`.
    ///
    /// # Errors
    ///
    /// Neither is there, they are of different clients, or `Hash` is of another certificate.
    pub fn chain(&self) -> Result<&ForwardedChain, ForwardedError> {
        let said = self.chain.as_ref().or(self.cert.as_ref());
        let said = said.ok_or(ForwardedError::Empty)?;
        let digest = HEXLOWER.encode(&Sha256::digest(said.leaf()));
        let hash = self.hash.as_ref();
        let same_hash = hash.is_none_or(|hash| hash.eq_ignore_ascii_case(&digest));
        let cert = self.cert.as_ref();
        match same_hash && cert.is_none_or(|cert| cert.leaf() == said.leaf()) {
            true => Ok(said),
            false => Err(ForwardedError::Hash),
        }
    }

    fn put(&mut self, key: &[u8], value: &[u8], before: usize) -> Result<(), ForwardedError> {
        let twice = ForwardedError::at(before, "a key once");
        let certificates = || EscapedPem::read(value).map(EscapedPem::into_chain);
        if key.eq_ignore_ascii_case(b"cert") {
            set(&mut self.cert, certificates()?).ok_or(twice)
        } else if key.eq_ignore_ascii_case(b"chain") {
            set(&mut self.chain, certificates()?).ok_or(twice)
        } else if key.eq_ignore_ascii_case(b"hash") {
            let hash = String::from_utf8_lossy(value).into_owned();
            set(&mut self.hash, hash).ok_or(twice)
        } else if IGNORED.iter().any(|known| key.eq_ignore_ascii_case(known)) {
            Ok(())
        } else {
            Err(ForwardedError::at(
                before,
                "a key of X-Forwarded-Client-Cert",
            ))
        }
    }
}

/// As Envoy writes it.
impl fmt::Display for Xfcc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, element) in self.elements.iter().enumerate() {
            if index > 0 {
                f.write_char(',')?;
            }
            element.fmt(f)?;
        }
        Ok(())
    }
}

/// One element.
impl fmt::Display for XfccElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(hash) = &self.hash {
            write!(f, "Hash={hash}")?;
            between = ";";
        }
        for (key, chain) in [("Cert", &self.cert), ("Chain", &self.chain)] {
            let Some(chain) = chain else { continue };
            write!(f, "{between}{key}=\"")?;
            chain
                .certificates()
                .try_for_each(|der| write_escaped(f, der))?;
            f.write_char('"')?;
            between = ";";
        }
        Ok(())
    }
}

fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// Adds the elements of one value.
fn read(value: &[u8], elements: &mut Vec<XfccElement>) -> Result<(), ForwardedError> {
    let mut rest = value;
    loop {
        if elements.len() >= MAX_ELEMENTS {
            return Err(ForwardedError::TooMany {
                count: elements.len() + 1,
                max: MAX_ELEMENTS,
            });
        }
        let mut element = XfccElement::default();
        let mut end = Some(b';');
        while end == Some(b';') {
            let before = value.len() - rest.len();
            let pair = Pair::read(rest.trim_ascii_start(), before)?;
            element.put(pair.key, pair.value, before)?;
            (end, rest) = (pair.end, pair.rest);
        }
        elements.push(element);
        if end.is_none() {
            return Ok(());
        }
    }
}

/// A key and its value, and what ends them: a semicolon, a comma, or the end of the text.
struct Pair<'a> {
    key: &'a [u8],
    value: &'a [u8],
    end: Option<u8>,
    rest: &'a [u8],
}

impl<'a> Pair<'a> {
    fn read(text: &'a [u8], before: usize) -> Result<Self, ForwardedError> {
        let malformed = |wanted| ForwardedError::at(before, wanted);
        let sign = text.iter().position(|byte| b"=;,\"".contains(byte));
        let (key, after) = text.split_at(sign.unwrap_or(text.len()));
        let after = after.strip_prefix(b"=");
        let after = after.ok_or_else(|| malformed("a key and an equals sign"))?;
        let (value, after) = match after.strip_prefix(b"\"") {
            Some(quoted) => {
                until_quote(quoted).ok_or_else(|| malformed("a quote that ends the value"))?
            }
            None => {
                let end = after.iter().position(|byte| b";,\"".contains(byte));
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        match after.trim_ascii_start() {
            [] => Ok((None, [].as_slice())),
            [end @ (b';' | b','), rest @ ..] => Ok((Some(*end), rest)),
            _ => Err(malformed("a semicolon or a comma behind the value")),
        }
        .map(|(end, rest)| Self {
            key,
            value,
            end,
            rest,
        })
    }
}

/// What is before the quote that ends it, and what is behind. A backslash takes the next byte along: Envoy writes
/// subjects with the escapes of RFC 2253, and adds none.
fn until_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut escaped = false;
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'"' if !escaped => {
                let (value, after) = text.split_at(index);
                return Some((value, after.strip_prefix(b"\"")?));
            }
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// What is said of a certificate and can be read in it.
const IGNORED: [&[u8]; 4] = [b"by", b"subject", b"uri", b"dns"];
const MAX_ELEMENTS: usize = 16;
