//! How is it written down? Just enough DER (X.690) to write extensions and to take a certificate apart.
//!
//! It reads only what is definite and short of four gigabytes, and never copies a value that it reads.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const SEQUENCE: u8 = 0x30;
/// NULL, whole.
pub(crate) const NULL: [u8; 2] = [0x05, 0x00];

/// A context-specific tag, primitive.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// A context-specific tag, constructed.
pub(crate) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// Tag, length, content.
pub(crate) fn value(tag: u8, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let bytes = without_zeros(&bytes);
            // A length is eight bytes at most.
            out.push(0x80 | bytes.len() as u8);
            out.extend(bytes);
        }
    }
    out.extend(content);
    out
}

/// A constructed value made of whole ones.
pub(crate) fn of<P: AsRef<[u8]>>(tag: u8, parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    let mut content = Vec::new();
    for part in parts {
        content.extend_from_slice(part.as_ref());
    }
    value(tag, content)
}

/// SEQUENCE of whole values.
pub(crate) fn sequence<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    of(SEQUENCE, parts)
}

/// OBJECT IDENTIFIER. Whether there can be one is asked with [`is_oid`].
pub(crate) fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = Vec::new();
    if let [first, second, rest @ ..] = arcs {
        push_arc(
            first.saturating_mul(40).saturating_add(*second),
            &mut content,
        );
        rest.iter().for_each(|arc| push_arc(*arc, &mut content));
    }
    value(OBJECT_IDENTIFIER, content)
}

/// X.660: at least two arcs; the first is 0, 1 or 2; below 2 the second is less than 40.
pub(crate) fn is_oid(arcs: &[u64]) -> bool {
    match arcs {
        [0 | 1, second, ..] => *second < 40,
        [2, second, ..] => *second < u64::MAX - 80,
        _ => false,
    }
}

fn push_arc(arc: u64, out: &mut Vec<u8>) {
    let groups = (1..10).rev().map(|n| (arc >> (7 * n)) as u8 | 0x80);
    out.extend(groups.skip_while(|group| *group == 0x80));
    out.push(arc as u8 & 0x7f);
}

/// INTEGER, never negative, from big-endian bytes.
pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let bytes = without_zeros(bytes);
    match bytes.first() {
        Some(first) if *first < 0x80 => value(INTEGER, bytes),
        _ => value(INTEGER, [&[0], bytes].concat()),
    }
}

/// BOOLEAN.
pub(crate) fn boolean(is: bool) -> Vec<u8> {
    value(BOOLEAN, [if is { 0xff } else { 0x00 }])
}

/// BIT STRING of whole bytes.
pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(BIT_STRING, [&[0], bytes].concat())
}

/// BIT STRING with the numbered bits set, and no trailing zero (X.690, 11.2.2).
pub(crate) fn named_bits(numbers: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let flags = numbers
        .into_iter()
        .fold(0u16, |flags, n| flags | 0x8000u16.wrapping_shr(n.into()));
    let [high, low] = flags.to_be_bytes();
    match (high, low) {
        (0, 0) => value(BIT_STRING, [0]),
        (_, 0) => value(BIT_STRING, [high.trailing_zeros() as u8, high]),
        _ => value(BIT_STRING, [low.trailing_zeros() as u8, high, low]),
    }
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// One value, as read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Tag and length too.
    pub(crate) whole: &'a [u8],
    pub(crate) content: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads the first value and answers what follows it.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (tag, rest) = bytes.split_first()?;
        let (length, rest) = read_length(rest)?;
        let (content, after) = rest.split_at_checked(length)?;
        let whole = bytes.get(..bytes.len() - after.len())?;
        let element = Self {
            tag: *tag,
            whole,
            content,
        };
        Some((element, after))
    }

    /// Reads exactly one value.
    pub(crate) fn only(bytes: &'a [u8]) -> Option<Self> {
        let (element, after) = Self::read(bytes)?;
        after.is_empty().then_some(element)
    }

    /// The values inside it.
    pub(crate) fn children(&self) -> Option<Vec<Self>> {
        let mut children = Vec::new();
        let mut rest = self.content;
        while !rest.is_empty() {
            let (child, after) = Self::read(rest)?;
            children.push(child);
            rest = after;
        }
        Some(children)
    }
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        short if *short < 0x80 => Some((usize::from(*short), rest)),
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = length.iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
            Some((length, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_can_be() {
        for (length, header) in [
            (0, &[0x04, 0x00][..]),
            (127, &[0x04, 0x7f]),
            (128, &[0x04, 0x81, 0x80]),
            (256, &[0x04, 0x82, 0x01, 0x00]),
        ] {
            let written = value(OCTET_STRING, vec![7; length]);
            assert!(written.starts_with(header), "{length}");
            assert_eq!(Element::only(&written).unwrap().content.len(), length);
        }
    }

    #[test]
    fn object_identifiers_are_those_of_the_standard() {
        assert_eq!(oid(&[2, 5, 29, 15]), [6, 3, 0x55, 0x1d, 0x0f]);
        assert_eq!(
            oid(&[1, 2, 840, 113549]),
            [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]
        );
        assert!(!is_oid(&[1]) && !is_oid(&[3, 1]) && !is_oid(&[1, 40]) && is_oid(&[2, 999]));
    }

    #[test]
    fn integers_are_never_negative_and_have_no_spare_zero() {
        assert_eq!(integer(&[]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn named_bits_drop_the_zeros_at_the_end() {
        assert_eq!(named_bits([0]), [3, 2, 7, 0x80]);
        assert_eq!(named_bits([5, 6]), [3, 2, 1, 0x06]);
        assert_eq!(named_bits([8]), [3, 3, 7, 0, 0x80]);
    }

    #[test]
    fn what_is_cut_off_is_not_read() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 2, 1],
            &[0x30, 0x80],
            &[4, 0x82, 1],
        ] {
            assert!(Element::read(bytes).is_none(), "{bytes:?}");
        }
        assert!(Element::only(&[5, 0, 5, 0]).is_none());
    }
}
