//! How does the server tell a repetition from a second request?

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use thiserror::Error;

/// The name that a caller gives to one transaction before it is made: however often it is sent under it, it
/// is made once.
///
/// [`Transactions::create`](crate::Transactions::create) makes one for each call, which covers repetitions within the
/// call. Keep one of your own where your program may end in between: stored beside what is to be paid, it
/// makes the call repeatable after a crash.
///
/// ```
/// use sdk_transactions::IdempotencyKey;
///
/// let of_invoice: IdempotencyKey = "invoice-17".parse()?;
/// assert_eq!(of_invoice.as_str(), "invoice-17");
/// assert!("invoice 17".parse::<IdempotencyKey>().is_err());
/// # Ok::<_, sdk_transactions::IdempotencyKeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// 128 bits that nobody has had before.
    pub fn random(source: &mut impl Rng) -> Self {
        let mut bytes = [0; 16];
        source.fill_bytes(&mut bytes);
        Self(format!("{:032x}", u128::from_be_bytes(bytes)))
    }

    /// As it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        match visible && (1..=64).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(IdempotencyKeyError),
        }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The text is no [`IdempotencyKey`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("an idempotency key has 1 to 64 visible ASCII characters")]
#[non_exhaustive]
pub struct IdempotencyKeyError;
