//! Which words does a manifest use for keys and their uses?

use toml::Spanned;

use super::{Fault, fault};
use crate::error::Flaw;
use crate::key::KeyKind;
use crate::usage::{KeyUsage, Usage};

/// Each of a list.
pub(super) fn all<T>(
    texts: Vec<Spanned<String>>,
    read: fn(Spanned<String>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    texts.into_iter().map(read).collect()
}

pub(super) fn key_kind(text: Spanned<String>) -> Result<KeyKind, Fault> {
    let known = || join(KeyKind::ALL.map(KeyKind::as_str));
    one_of("key", &text, KeyKind::named(text.get_ref()), known)
}

pub(super) fn key_usage(text: Spanned<String>) -> Result<KeyUsage, Fault> {
    let known = || join(KeyUsage::ALL.map(KeyUsage::as_str));
    one_of("key usage", &text, KeyUsage::named(text.get_ref()), known)
}

/// What a manifest says a certificate is for.
pub(super) fn purpose(text: Spanned<String>) -> Result<Usage, Fault> {
    let found = match text.get_ref().as_str() {
        "server" => Some(Usage::Server),
        "client" => Some(Usage::Client),
        _ => None,
    };
    one_of("purpose", &text, found, || join(["server", "client"]))
}

/// A leaf signs no certificates (RFC 5280, 4.2.1.9).
pub(super) fn leaf_key_usage(texts: Vec<Spanned<String>>) -> Result<Vec<KeyUsage>, Fault> {
    let mut all = Vec::new();
    for text in texts {
        let span = text.span();
        match key_usage(text)? {
            KeyUsage::KeyCertSign => return Err(fault(span, Flaw::LeafSigns)),
            usage if all.contains(&usage) => {}
            usage => all.push(usage),
        }
    }
    Ok(all)
}

/// An authority does.
pub(super) fn authority_key_usage(
    texts: Option<Spanned<Vec<Spanned<String>>>>,
) -> Result<Vec<KeyUsage>, Fault> {
    let Some(texts) = texts else {
        return Ok(vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign]);
    };
    let span = texts.span();
    let all = all(texts.into_inner(), key_usage)?;
    match all.contains(&KeyUsage::KeyCertSign) {
        true => Ok(all),
        false => Err(fault(span, Flaw::AuthorityCannotSign)),
    }
}

/// What was found, or the words that there are.
pub(super) fn one_of<T>(
    what: &'static str,
    text: &Spanned<String>,
    found: Option<T>,
    known: impl FnOnce() -> String,
) -> Result<T, Fault> {
    found.ok_or_else(|| {
        let word = text.get_ref().escape_debug().to_string();
        let known = known();
        fault(text.span(), Flaw::UnknownWord { what, word, known })
    })
}

/// `a`, `b` and `c`
pub(super) fn join<const N: usize>(words: [&str; N]) -> String {
    let quoted = words.map(|word| format!("`{word}`"));
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
