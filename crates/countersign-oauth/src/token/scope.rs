use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// What a token is good for: words in no order, each once (RFC 6749, section 3.3).
///
/// ```
/// use countersign_oauth::Scope;
///
/// let asked: Scope = "payments accounts".parse()?;
/// let allowed: Scope = "accounts funds payments".parse()?;
/// assert!(asked.is_within(&allowed));
/// assert_eq!(asked.to_string(), "accounts payments");
/// assert!("accounts  payments".parse::<Scope>().is_err());
/// # Ok::<(), countersign_oauth::ScopeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scope(Vec<String>);

impl Scope {
    /// The words, in their alphabetical order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there is no word in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `word` is in it.
    pub fn has(&self, word: &str) -> bool {
        self.words().any(|other| other == word)
    }

    /// Whether each of its words is in `other`, too.
    pub fn is_within(&self, other: &Self) -> bool {
        self.words().all(|word| other.has(word))
    }

    /// Its words for which `keep` is true.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        let kept = self.words().filter(|word| keep(word));
        Self(kept.map(str::to_owned).collect())
    }

    fn of(words: impl Iterator<Item = String>) -> Result<Self, ScopeError> {
        let mut words: Vec<_> = words.collect();
        if let Some(word) = words.iter().find(|word| !is_word(word)) {
            let word = word.clone();
            return Err(ScopeError { word });
        }
        words.sort_unstable();
        words.dedup();
        Ok(Self(words))
    }
}

/// Words with one blank between; no word at all is a scope, too.
impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        match text {
            "" => Ok(Self::default()),
            text => Self::of(text.split(' ').map(str::to_owned)),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// `1*( %x21 / %x23-5B / %x5D-7E )`.
fn is_word(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !word.is_empty() && word.bytes().all(allowed)
}

/// A text is no scope.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` is no word of a scope: wanted visible ASCII but quote and backslash, and one blank between words", word.escape_debug())]
#[non_exhaustive]
pub struct ScopeError {
    /// What is no word.
    pub word: String,
}
