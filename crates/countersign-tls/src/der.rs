//! One DER value after the other, without a copy: what a list of a million entries is read with.

/// A value: its tag and what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    /// Tag and length too.
    pub(crate) whole: &'a [u8],
    pub(crate) content: &'a [u8],
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The values that stand in some bytes, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(self) -> bool {
        self.rest.is_empty()
    }

    /// The next value, whatever it is.
    pub(crate) fn any(&mut self) -> Option<Element<'a>> {
        let (tag, after) = self.rest.split_first()?;
        let (length, after) = length(after)?;
        let (content, after) = after.split_at_checked(length)?;
        let whole = self.rest.get(..self.rest.len() - after.len())?;
        self.rest = after;
        Some(Element {
            tag: *tag,
            whole,
            content,
        })
    }

    /// The next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    /// The next value if it has this tag; otherwise it stays.
    pub(crate) fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        match self.rest.first() == Some(&tag) {
            true => self.any(),
            false => None,
        }
    }
}

impl<'a> Element<'a> {
    /// Exactly one value with this tag.
    pub(crate) fn only(bytes: &'a [u8], tag: u8) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let element = reader.expect(tag)?;
        reader.is_empty().then_some(element)
    }

    /// What is inside.
    pub(crate) fn inside(self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The bytes of a BIT STRING without unused bits.
    pub(crate) fn bits(self) -> Option<&'a [u8]> {
        self.content.strip_prefix(&[0])
    }
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
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
    fn values_are_read_one_after_the_other() {
        let mut reader = Reader::new(&[2, 1, 7, 0x30, 2, 5, 0]);
        assert_eq!(reader.take(SEQUENCE), None);
        assert_eq!(reader.expect(INTEGER).unwrap().content, [7]);
        let sequence = reader.take(SEQUENCE).unwrap();
        assert_eq!(sequence.whole, [0x30, 2, 5, 0]);
        assert_eq!(sequence.inside().any().unwrap().tag, 5);
        assert!(reader.is_empty());
    }

    #[test]
    fn what_is_cut_short_or_of_no_length_is_not_read() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 2, 1],
            &[0x30, 0x80],
            &[4, 0x85, 1],
            &[4, 0x82, 1],
        ] {
            assert_eq!(Reader::new(bytes).any(), None, "{bytes:?}");
        }
        assert_eq!(Element::only(&[2, 0, 2, 0], INTEGER), None);
    }

    #[test]
    fn long_lengths_are_read() {
        let mut bytes = vec![4, 0x82, 1, 0];
        bytes.extend([7; 256]);
        assert_eq!(Element::only(&bytes, 4).unwrap().content.len(), 256);
    }
}
