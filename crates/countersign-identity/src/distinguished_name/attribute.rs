use std::borrow::Cow;
use std::fmt;

use super::attribute_type::{AttributeType, MatchingRule};
use super::{prepare, print};
use crate::der::{self, Der, Value};
use crate::{Oid, oid};

/// A relative distinguished name: mostly one attribute, sometimes several.
#[derive(Clone, Copy)]
pub struct Rdn<'a> {
    /// The content of the SET.
    der: &'a [u8],
}

impl<'a> Rdn<'a> {
    pub(super) fn new(value: Value<'a>) -> Self {
        Self { der: value.content }
    }

    /// The attributes, in the order of the encoding. There is at least one.
    pub fn attributes(self) -> impl Iterator<Item = Attribute<'a>> {
        let mut der = Der::new(self.der);
        std::iter::from_fn(move || der.value().and_then(read))
    }
}

impl fmt::Display for Rdn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&print::rdn(*self))
    }
}

impl fmt::Debug for Rdn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rdn({self})")
    }
}

/// The type and the value of an attribute.
#[derive(Clone, Copy)]
pub struct Attribute<'a> {
    oid: &'a [u8],
    value: Value<'a>,
}

impl<'a> Attribute<'a> {
    /// The object identifier of its type.
    pub fn oid(&self) -> Oid {
        Oid::of_checked(self.oid)
    }

    /// The keyword that is printed for its type; none, if it is not one that we know.
    pub fn keyword(&self) -> Option<&'static str> {
        AttributeType::of(self.oid).map(|known| known.keyword)
    }

    /// The value as text. None, if it is not in a string type, or not in its alphabet.
    ///
    /// TeletexString is read as far as it is ASCII: what its other bytes mean, the CAs that wrote
    /// them did not agree on.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let bytes = self.value.content;
        match self.value.tag {
            der::UTF8_STRING => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            der::BMP_STRING => wide::<2>(bytes),
            der::UNIVERSAL_STRING => wide::<4>(bytes),
            der::PRINTABLE_STRING
            | der::IA5_STRING
            | der::NUMERIC_STRING
            | der::VISIBLE_STRING
            | der::TELETEX_STRING => {
                let ascii = std::str::from_utf8(bytes).ok();
                ascii.filter(|text| text.is_ascii()).map(Cow::Borrowed)
            }
            _ => None,
        }
    }

    /// The tag of the value: 12 for UTF8String, 19 for PrintableString, 30 for BMPString and so on.
    pub fn tag(&self) -> u8 {
        self.value.tag
    }

    /// The DER encoding of the value, with tag and length.
    pub fn encoding(&self) -> &'a [u8] {
        self.value.encoding
    }

    /// How the value is compared with one of the same type.
    pub fn matching_rule(&self) -> MatchingRule {
        match self.prepared() {
            Some((rule, _)) => rule,
            None => MatchingRule::Encoding,
        }
    }

    pub(super) fn is(&self, oid: &[u8]) -> bool {
        self.oid == oid
    }

    pub(super) fn oid_content(&self) -> &'a [u8] {
        self.oid
    }

    pub(super) fn known(&self) -> Option<&'static AttributeType> {
        AttributeType::of(self.oid)
    }

    /// The text that all matching values share; none, if the encoding is what counts.
    pub(super) fn prepared(&self) -> Option<(MatchingRule, String)> {
        let rule = self.known()?.rule;
        Some((rule, prepare::prepare(&self.text()?, rule)?))
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&print::attribute(*self))
    }
}

impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attribute({self})")
    }
}

/// Finds an RDN well-formed: a SET of at least one attribute.
pub(super) fn check(rdn: Value<'_>) -> Option<()> {
    let mut attributes = Der::new(rdn.content);
    if rdn.tag != der::SET || attributes.is_empty() {
        return None;
    }
    while !attributes.is_empty() {
        read(attributes.value()?)?;
    }
    Some(())
}

/// AttributeTypeAndValue ::= SEQUENCE { type, value }
fn read(attribute: Value<'_>) -> Option<Attribute<'_>> {
    let mut parts = Der::new(attribute.content);
    let oid = parts.content(der::OBJECT_IDENTIFIER)?;
    let value = parts.value()?;
    let whole = attribute.tag == der::SEQUENCE && parts.is_empty() && oid::is_content(oid);
    whole.then_some(Attribute { oid, value })
}

/// Characters of `N` bytes, most significant first; none of them a surrogate.
fn wide<const N: usize>(bytes: &[u8]) -> Option<Cow<'static, str>> {
    let (characters, rest) = bytes.as_chunks::<N>();
    let character = |bytes: &[u8; N]| {
        let number = bytes
            .iter()
            .fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
        char::from_u32(number)
    };
    let text: Option<String> = characters.iter().map(character).collect();
    text.filter(|_| rest.is_empty()).map(Cow::Owned)
}
