//! What is the next value of a DER encoding (X.690, clause 10)?

/// The encodings that are still to be read.
///
/// Strict: definite lengths, each as short as possible, and tags of one byte. Whatever is not so is
/// no value; there is nothing to repair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Der<'a>(&'a [u8]);

/// One value: its tag, its content, and both with the length between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) encoding: &'a [u8],
}

impl<'a> Der<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The content of `bytes`, which are one value with this tag and nothing else.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Option<&'a [u8]> {
        let mut der = Self(bytes);
        let content = der.content(tag)?;
        der.is_empty().then_some(content)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    /// The next value. None is also "not a value": where it matters, ask `is_empty` first.
    pub(crate) fn value(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        let is_long_tag = tag & 0x1f == 0x1f;
        let (len, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(len)?;
        let encoding = self.0.get(..self.0.len() - rest.len())?;
        self.0 = rest;
        (!is_long_tag).then_some(Value {
            tag,
            content,
            encoding,
        })
    }

    /// The content of the next value, if it has this tag.
    pub(crate) fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.value()
            .filter(|value| value.tag == tag)
            .map(|value| value.content)
    }
}

/// A length and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let is_shortest = digits.first().is_some_and(|digit| *digit != 0) && digits.len() <= 4;
    let len = digits
        .iter()
        .fold(0, |len: u64, digit| len << 8 | u64::from(*digit));
    (is_shortest && len >= 0x80).then_some((usize::try_from(len).ok()?, rest))
}

/// The value with this tag and content.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len().to_be_bytes();
    let zeros = len.iter().take_while(|byte| **byte == 0).count();
    let digits = len.get(zeros..).unwrap_or_default();
    let mut der = vec![tag];
    match content.len() {
        short @ 0..0x80 => der.push(u8::try_from(short).unwrap_or_default()),
        _ => {
            der.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            der.extend_from_slice(digits);
        }
    }
    der.extend_from_slice(content);
    der
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const NUMERIC_STRING: u8 = 0x12;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const TELETEX_STRING: u8 = 0x14;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const VISIBLE_STRING: u8 = 0x1a;
pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
pub(crate) const BMP_STRING: u8 = 0x1e;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_again() {
        for len in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let content = vec![7; len];
            let encoding = encode(UTF8_STRING, &content);
            let mut der = Der::new(&encoding);
            let value = der.value().unwrap();
            assert_eq!((value.tag, value.content), (UTF8_STRING, &content[..]));
            assert_eq!(value.encoding, encoding);
            assert!(der.is_empty());
        }
    }

    #[test]
    fn what_is_not_the_shortest_encoding_is_no_value() {
        for bytes in [
            &b""[..],
            b"\x0c",
            b"\x0c\x01",
            b"\x0c\x80\0\0",
            b"\x0c\x81\x01a",
            b"\x0c\x82\0\x80",
            b"\x0c\x85\0\0\0\0\x01a",
            b"\x0c\xff",
            b"\x1f\x21\x01a",
        ] {
            assert_eq!(Der::new(bytes).value(), None, "{bytes:02x?}");
        }
    }
}
