use std::fmt;
use std::str::FromStr;

use crate::NameError;

/// An object identifier, such as that of an attribute, an extension or an algorithm.
///
/// Printed and parsed in dotted form. Numbers have at most 128 bits, as in `2.25.` and a UUID.
///
/// ```
/// use countersign_identity::Oid;
///
/// let oid: Oid = "2.5.4.97".parse()?;
/// assert_eq!(oid.to_string(), "2.5.4.97");
/// assert_eq!(oid.as_bytes(), [0x55, 4, 97]);
/// assert!("2.5.4.097".parse::<Oid>().is_err());
/// # Ok::<(), countersign_identity::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Box<[u8]>);

impl Oid {
    /// Reads the content of a DER object identifier (X.690, clause 8.19), without tag and length.
    pub(crate) fn from_content(content: &[u8]) -> Option<Self> {
        is_content(content).then(|| Self::of_checked(content))
    }

    /// The same for what [`is_content`] has found good already.
    pub(crate) fn of_checked(content: &[u8]) -> Self {
        Self(content.into())
    }

    /// The content of its DER encoding, without tag and length.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        dotted(&self.0, f)
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

impl FromStr for Oid {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| NameError::Malformed {
            name: text.to_owned(),
            wanted: "an object identifier such as `2.5.4.3`",
        })
    }
}

/// Whether these bytes are the content of an object identifier that we can print.
pub(crate) fn is_content(content: &[u8]) -> bool {
    let ends = content.last().is_some_and(|byte| byte & 0x80 == 0);
    ends && content
        .split_inclusive(|byte| byte & 0x80 == 0)
        .all(|number| number.first() != Some(&0x80) && value(number).is_some())
}

/// Prints the content of an object identifier.
pub(crate) fn dotted(content: &[u8], f: &mut impl fmt::Write) -> fmt::Result {
    let mut numbers = content
        .split_inclusive(|byte| byte & 0x80 == 0)
        .filter_map(value);
    match numbers.next().unwrap_or_default() {
        first @ 0..80 => write!(f, "{}.{}", first / 40, first % 40)?,
        first => write!(f, "2.{}", first - 80)?,
    }
    numbers.try_for_each(|number| write!(f, ".{number}"))
}

/// Base 128, most significant first. Anything beyond 128 bits is none.
fn value(number: &[u8]) -> Option<u128> {
    number.iter().try_fold(0, |value: u128, byte| {
        let shifted = value.checked_mul(128)?;
        Some(shifted | u128::from(byte & 0x7f))
    })
}

fn read(text: &str) -> Option<Oid> {
    let mut numbers = text.split('.').map(number);
    let (first, second) = (numbers.next()??, numbers.next()??);
    if first > 2 || (first < 2 && second >= 40) {
        return None;
    }
    let mut content = Vec::with_capacity(text.len());
    push(first.checked_mul(40)?.checked_add(second)?, &mut content);
    for number in numbers {
        push(number?, &mut content);
    }
    Some(Oid(content.into()))
}

/// RFC 4512, section 1.4: no sign, and no zero in front.
fn number(text: &str) -> Option<u128> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_shortest = text == "0" || !text.starts_with('0');
    (plain && is_shortest).then(|| text.parse().ok()).flatten()
}

fn push(number: u128, content: &mut Vec<u8>) {
    let digits = (128 - number.leading_zeros()).div_ceil(7).max(1);
    for place in (0..digits).rev() {
        let more = if place == 0 { 0 } else { 0x80 };
        let digit = number >> (7 * place) & 0x7f;
        content.push(more | u8::try_from(digit).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_identifier_is_printed_as_it_was_parsed() {
        for (text, content) in [
            ("0.0", &[0][..]),
            ("0.39", &[39]),
            ("1.39.0", &[79, 0]),
            ("2.0", &[80]),
            ("2.48", &[0x81, 0]),
            ("2.999.1", &[0x88, 0x37, 1]),
            ("1.2.840.113549", &[42, 0x86, 0x48, 0x86, 0xf7, 0x0d]),
            ("2.5.4.340282366920938463463374607431768211455", &[]),
        ] {
            let oid: Oid = text.parse().unwrap();
            assert_eq!(oid.to_string(), text);
            assert_eq!(Oid::from_content(oid.as_bytes()), Some(oid.clone()));
            if !content.is_empty() {
                assert_eq!(oid.as_bytes(), content);
            }
        }
    }

    #[test]
    fn what_is_no_object_identifier_is_refused() {
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".1",
            "1..2",
            "01.2",
            "1.02",
            "+1.2",
            "1.40",
            "3.1",
            "1.2 ",
            "1.2.-3",
            "1.2.a",
            "1.2.340282366920938463463374607431768211456",
        ] {
            assert!(text.parse::<Oid>().is_err(), "{text:?}");
        }
        let too_large = [&[42][..], &[0xff; 19], &[0x7f]].concat();
        for content in [
            &[][..],
            &[0x80],
            &[0x80, 1],
            &[42, 0x86],
            &[42, 0x80, 1],
            &too_large,
        ] {
            assert_eq!(Oid::from_content(content), None, "{content:02x?}");
        }
    }
}
