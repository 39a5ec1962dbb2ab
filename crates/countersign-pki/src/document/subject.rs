//! Whose certificate is it? A common name alone, or a table of attributes in the order of the file.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

use super::names::bad_name;
use super::{Fault, as_written, fault, words};
use crate::error::Flaw;
use crate::subject::{Attribute, Subject};

/// A text is a common name.
pub(super) enum SubjectDocument {
    Text(String),
    Table(BTreeMap<Spanned<String>, Spanned<String>>),
}

// An untagged enum would lose where things stand.
impl<'de> Deserialize<'de> for SubjectDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = SubjectDocument;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a common name or a table of attributes")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(SubjectDocument::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(SubjectDocument::Table)
    }
}

/// An authority is known by its common name.
pub(super) fn of_authority(
    item: &Spanned<String>,
    document: Spanned<SubjectDocument>,
) -> Result<Subject, Fault> {
    let span = document.span();
    let subject = read(document)?;
    match subject.get(Attribute::CommonName) {
        Some(_) => Ok(subject),
        None => {
            let item = item.get_ref().clone();
            Err(fault(span, Flaw::AuthorityWithoutName { item }))
        }
    }
}

/// `cn` is the last attribute, unless the subject states one already.
pub(super) fn of_certificate(
    document: Option<Spanned<SubjectDocument>>,
    cn: Option<Spanned<String>>,
) -> Result<Subject, Fault> {
    let subject = document.map_or_else(|| Ok(Subject::new()), read)?;
    let Some(cn) = cn else { return Ok(subject) };
    if subject.get(Attribute::CommonName).is_some() {
        return Err(fault(cn.span(), Flaw::CommonNameTwice));
    }
    let text = checked(Attribute::CommonName, cn)?;
    Ok(subject.with(Attribute::CommonName, text))
}

/// Whether it says who the holder is.
pub(super) fn identifies(subject: &Subject) -> bool {
    let stated = |attribute| subject.get(attribute).is_some();
    stated(Attribute::CommonName) || stated(Attribute::OrganizationIdentifier)
}

pub(super) fn read(document: Spanned<SubjectDocument>) -> Result<Subject, Fault> {
    let span = document.span();
    let entries = match document.into_inner() {
        SubjectDocument::Text(text) => {
            return match Attribute::CommonName.flaw(&text) {
                Some(reason) => Err(bad_name(span, &text, reason)),
                None => Ok(Subject::named(text)),
            };
        }
        SubjectDocument::Table(entries) => as_written(entries),
    };
    entries
        .into_iter()
        .try_fold(Subject::new(), |subject, (word, value)| {
            let known = || words::join(Attribute::ALL.map(Attribute::as_str));
            let attribute = Attribute::named(word.get_ref());
            let attribute = words::one_of("attribute", &word, attribute, known)?;
            Ok(subject.with(attribute, checked(attribute, value)?))
        })
}

fn checked(attribute: Attribute, text: Spanned<String>) -> Result<String, Fault> {
    match attribute.flaw(text.get_ref()) {
        Some(reason) => Err(bad_name(text.span(), text.get_ref(), reason)),
        None => Ok(text.into_inner()),
    }
}
