use std::fmt;
use std::str::FromStr;

use http::HeaderMap;

/// What a caller names something by that it makes, before it has an id: 1 to 64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// That of `Idempotency-Key`, if the header is there; or what was wanted of it.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, &'static str> {
        let mut keys = headers.get_all("idempotency-key").iter();
        let Some(key) = keys.next() else {
            return Ok(None);
        };
        let key = key.to_str().ok().filter(|_| keys.next().is_none());
        let key = key.and_then(|key| key.parse().ok());
        key.map(Some).ok_or(WANTED)
    }
}

impl FromStr for IdempotencyKey {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        match visible && (1..=64).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(()),
        }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

const WANTED: &str = "`Idempotency-Key` must be one, of 1 to 64 visible ASCII characters";
