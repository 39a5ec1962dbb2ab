//! How is a name printed (RFC 4514, section 2)?

use std::fmt::Write as _;

use data_encoding::HEXLOWER;

use super::{Attribute, DistinguishedName, Rdn, prepare};
use crate::oid;

/// With all keywords that we know.
pub(super) fn full(name: &DistinguishedName) -> String {
    join(name, rdn)
}

/// With the keywords of RFC 4514, section 3, alone.
pub(super) fn plain(name: &DistinguishedName) -> String {
    join(name, |rdn| plus(rdn.attributes().map(plain_attribute)))
}

pub(super) fn rdn(rdn: Rdn<'_>) -> String {
    plus(rdn.attributes().map(attribute))
}

pub(super) fn attribute(attribute: Attribute<'_>) -> String {
    match (attribute.keyword(), attribute.text()) {
        (Some(keyword), Some(text)) => format!("{keyword}={}", escape(&text)),
        (Some(keyword), None) => format!("{keyword}={}", hex(attribute)),
        (None, _) => dotted(attribute),
    }
}

fn plain_attribute(attribute: Attribute<'_>) -> String {
    match attribute.known() {
        Some(known) if known.is_common => self::attribute(attribute),
        _ => dotted(attribute),
    }
}

/// RFC 4514, section 2.4: text would not say which string type it was.
fn dotted(attribute: Attribute<'_>) -> String {
    let mut printed = String::new();
    // Writing to a String does not fail.
    let _ = oid::dotted(attribute.oid_content(), &mut printed);
    printed + "=" + &hex(attribute)
}

pub(super) fn hex(attribute: Attribute<'_>) -> String {
    format!("#{}", HEXLOWER.encode(attribute.encoding()))
}

/// RFC 4514, section 2.1: the last RDN first.
pub(super) fn join(name: &DistinguishedName, print: impl Fn(Rdn<'_>) -> String) -> String {
    let printed: Vec<_> = name.rdns().rev().map(print).collect();
    printed.join(",")
}

fn plus(attributes: impl Iterator<Item = String>) -> String {
    attributes.collect::<Vec<_>>().join("+")
}

/// RFC 4514, section 2.4.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for (position, character) in value.char_indices() {
        let is_first = position == 0;
        let is_last = position + character.len_utf8() == value.len();
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => escaped.extend(['\\', character]),
            '#' if is_first => escaped.push_str("\\#"),
            ' ' if is_first || is_last => escaped.push_str("\\ "),
            _ if prepare::is_invisible(character) => push_pairs(character, &mut escaped),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn push_pairs(character: char, escaped: &mut String) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a String does not fail.
        let _ = write!(escaped, "\\{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_forge_structure_is_escaped() {
        for (value, printed) in [
            ("plain", "plain"),
            ("admin,O=Evil", r"admin\,O=Evil"),
            ("a+b;c<d>\"e\\", r#"a\+b\;c\<d\>\"e\\"#),
            ("# leading #", r"\# leading #"),
            (" both ", r"\ both\ "),
            (" ", r"\ "),
            ("line\nX-Client-CN: root", r"line\0AX-Client-CN: root"),
            ("nul\0.evil", r"nul\00.evil"),
            ("next\u{85}line", r"next\C2\85line"),
            ("right\u{202e}to left", r"right\E2\80\AEto left"),
        ] {
            assert_eq!(escape(value), printed);
        }
    }
}
