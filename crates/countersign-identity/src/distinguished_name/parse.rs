//! What does a printed name say (RFC 4514, section 3)?

use data_encoding::HEXLOWER_PERMISSIVE;

use super::attribute_type::{AttributeType, Syntax};
use crate::der::{self, Der, encode};
use crate::{NameError, Oid};

/// The content of the DER `Name` that `text` stands for.
pub(super) fn read(text: &str) -> Result<Vec<u8>, NameError> {
    if text.len() > MAX_LEN {
        return Err(NameError::TooLong {
            len: text.len(),
            max: MAX_LEN,
        });
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Reader { text, at: 0 }.name()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn name(&mut self) -> Result<Vec<u8>, NameError> {
        let mut rdns = vec![self.rdn()?];
        while self.eat(',') {
            rdns.push(self.rdn()?);
        }
        if self.peek().is_some() {
            return Err(self.wanted("`,`, `+` or the end"));
        }
        rdns.reverse();
        Ok(rdns.concat())
    }

    fn rdn(&mut self) -> Result<Vec<u8>, NameError> {
        let mut attributes = self.attribute()?;
        while self.eat('+') {
            attributes.extend(self.attribute()?);
        }
        Ok(encode(der::SET, &attributes))
    }

    fn attribute(&mut self) -> Result<Vec<u8>, NameError> {
        let (oid, known) = self.attribute_type()?;
        if !self.eat('=') {
            return Err(self.wanted("`=`"));
        }
        let value = match (self.peek(), known) {
            (Some('#'), _) => self.hexadecimal()?,
            (_, Some(known)) => self.string(known.syntax)?,
            (_, None) => {
                return Err(
                    self.wanted("`#` and hexadecimal, for an attribute type that is not known")
                );
            }
        };
        let parts = [encode(der::OBJECT_IDENTIFIER, &oid), value];
        Ok(encode(der::SEQUENCE, &parts.concat()))
    }

    /// A keyword or an object identifier, and what is known of it.
    fn attribute_type(&mut self) -> Result<(Vec<u8>, Option<&'static AttributeType>), NameError> {
        let start = self.at;
        let word =
            self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        if let Some(known) = AttributeType::named(word) {
            return Ok((known.oid.to_vec(), Some(known)));
        }
        let wanted = "an attribute type that is known, or an object identifier";
        let oid: Oid = word.parse().map_err(|_| self.wanted_at(start, wanted))?;
        Ok((oid.as_bytes().to_vec(), AttributeType::of(oid.as_bytes())))
    }

    /// `#` and the encoding of a value.
    fn hexadecimal(&mut self) -> Result<Vec<u8>, NameError> {
        let start = self.at;
        self.eat('#');
        let digits = self.take_while(|byte| byte.is_ascii_hexdigit());
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok();
        let is_one = |bytes: &Vec<u8>| {
            let mut der = Der::new(bytes);
            der.value().is_some() && der.is_empty()
        };
        let wanted = "`#` and one DER value in hexadecimal";
        bytes
            .filter(is_one)
            .ok_or_else(|| self.wanted_at(start, wanted))
    }

    fn string(&mut self, syntax: Syntax) -> Result<Vec<u8>, NameError> {
        let start = self.at;
        let mut value = Vec::new();
        let mut is_loose = false;
        while let Some(character) = self.peek() {
            match character {
                ',' | '+' => break,
                '"' | ';' | '<' | '>' | '\0' => {
                    return Err(self.wanted("a backslash before this character"));
                }
                ' ' if value.is_empty() => {
                    return Err(self.wanted("a value that does not begin with a space"));
                }
                '\\' => value.push(self.pair()?),
                _ => {
                    self.at += character.len_utf8();
                    value.extend(character.encode_utf8(&mut [0; 4]).bytes());
                }
            }
            is_loose = character == ' ';
        }
        if is_loose {
            return Err(self.wanted("a value that does not end with a space"));
        }
        let value = String::from_utf8(value);
        let value = value.map_err(|_| self.wanted_at(start, "escaped bytes that are UTF-8"))?;
        Ok(encode(string_type(&value, syntax), value.as_bytes()))
    }

    /// A backslash, and a special character or the two digits of a byte.
    fn pair(&mut self) -> Result<u8, NameError> {
        let wanted = "a special character or two hexadecimal digits behind the backslash";
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let (byte, len) = match rest {
            [special, ..] if b" \"#+,;<=>\\".contains(special) => (*special, 2),
            [high, low, ..] => (byte(*high, *low).ok_or_else(|| self.wanted(wanted))?, 3),
            _ => return Err(self.wanted(wanted)),
        };
        self.at += len;
        Ok(byte)
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest
            .bytes()
            .take_while(|byte| byte.is_ascii() && wanted(*byte))
            .count();
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wanted(&self, wanted: &'static str) -> NameError {
        self.wanted_at(self.at, wanted)
    }

    fn wanted_at(&self, at: usize, wanted: &'static str) -> NameError {
        let before = self.text.get(..at).unwrap_or_default();
        NameError::DistinguishedName {
            name: self.text.to_owned(),
            position: before.chars().count() + 1,
            wanted,
        }
    }
}

fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// The string type that RFC 5280, section 4.1.2.4 and appendix A, wants for a value given as text.
fn string_type(value: &str, syntax: Syntax) -> u8 {
    let is_printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    match syntax {
        Syntax::Ia5 if value.is_ascii() => der::IA5_STRING,
        Syntax::Printable if value.bytes().all(is_printable) => der::PRINTABLE_STRING,
        _ => der::UTF8_STRING,
    }
}

/// A subject of 64 KiB, the most that a certificate can hold, fits in with every byte escaped.
const MAX_LEN: usize = 256 * 1024;
