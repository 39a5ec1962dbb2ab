//! Does this serial number stand on the list? Sorted, and as compact as can be.

use std::collections::BTreeSet;

/// Serial numbers: 21 bytes each, whatever the list says about them besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Serials {
    short: Vec<Short>,
    /// Longer than RFC 5280 allows, and yet seen (section 4.1.2.2).
    long: BTreeSet<Box<[u8]>>,
}

/// The length, then the bytes, then zeros.
type Short = [u8; LONGEST + 1];

const LONGEST: usize = 20;

impl Serials {
    /// Adds one; it is found only after [`sort`](Self::sort).
    pub(crate) fn push(&mut self, serial: &[u8]) {
        let serial = significant(serial);
        match short(serial) {
            Some(short) => self.short.push(short),
            None => _ = self.long.insert(serial.into()),
        }
    }

    pub(crate) fn sort(&mut self) {
        self.short.sort_unstable();
        self.short.dedup();
        self.short.shrink_to_fit();
    }

    pub(crate) fn contains(&self, serial: &[u8]) -> bool {
        let serial = significant(serial);
        match short(serial) {
            Some(short) => self.short.binary_search(&short).is_ok(),
            None => self.long.contains(serial),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }
}

fn short(serial: &[u8]) -> Option<Short> {
    let mut short = Short::default();
    let (length, bytes) = short.split_first_mut()?;
    bytes.get_mut(..serial.len())?.copy_from_slice(serial);
    *length = u8::try_from(serial.len()).ok()?;
    Some(short)
}

/// Without the zero that keeps an INTEGER from being negative.
fn significant(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_found_and_nothing_else() {
        let mut serials = Serials::default();
        let long = [0x55; 24];
        for serial in [&[0, 0x80, 1][..], &[7], &[7, 0], &[0], &long, &[7]] {
            serials.push(serial);
        }
        serials.sort();
        assert_eq!(serials.len(), 5);
        for serial in [&[0x80, 1][..], &[0, 7], &[7, 0], &[], &long] {
            assert!(serials.contains(serial), "{serial:?}");
        }
        for serial in [&[0x80][..], &[7, 0, 0], &[8], &[0x55; 23], &[0x55; 20]] {
            assert!(!serials.contains(serial), "{serial:?}");
        }
    }
}
