//! Why a command failed, in one sentence, and what to do about it.

use std::error::Error;
use std::fmt;

use crate::nearest;

/// Adds what to do to an error.
pub(crate) trait Hint<T> {
    /// A line that tells the reader what to do next.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| hinted(error, hint))
    }
}

/// The error, with what to do about it.
pub(crate) fn hinted(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Hinted {
        error: error.into(),
        hint: hint.into(),
    })
}

/// The error and its causes; a cause whose text the error already tells is not told again.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if sentence.contains(&cause) {
            continue;
        }
        if !sentence.is_empty() {
            sentence.push_str(": ");
        }
        sentence.push_str(&cause);
    }
    sentence
}

/// What to do, from the outermost error inwards; last what a misspelt key may have been.
pub(crate) fn hints(error: &anyhow::Error) -> Vec<String> {
    let hinted = error.chain().filter_map(|cause| cause.downcast_ref());
    let hints = hinted.map(|hinted: &Hinted| hinted.hint.clone());
    let meant = nearest::word(&sentence(error));
    let meant = meant.map(|word| format!("did you mean `{word}`?"));
    hints.chain(meant).collect()
}

#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.error.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_cause_that_is_told_already_is_not_told_again() {
        let io = std::io::Error::other("disk on fire");
        let read = anyhow::Error::new(io).context("cannot read `a.pem`: disk on fire");
        assert_eq!(sentence(&read), "cannot read `a.pem`: disk on fire");
        let told = Err::<(), _>(anyhow!("inner")).context("outer").unwrap_err();
        assert_eq!(sentence(&told), "outer: inner");
    }

    #[test]
    fn a_hint_is_kept_apart_from_the_sentence() {
        let error = hinted(anyhow!("no key"), "make one");
        assert_eq!(sentence(&error), "no key");
        assert_eq!(hints(&error), ["make one"]);
    }
}
