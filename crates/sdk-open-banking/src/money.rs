//! How much, of what?

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use thiserror::Error;

/// A sum of money, decimal as it is written: never a binary fraction.
///
/// ```
/// use sdk_open_banking::Money;
///
/// let price: Money = "12.50 EUR".parse()?;
/// assert_eq!((price.amount.to_string().as_str(), price.currency.as_str()), ("12.50", "EUR"));
/// assert!("1e3 EUR".parse::<Money>().is_err());
/// # Ok::<_, sdk_open_banking::MoneyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Money {
    /// How much; negative where it goes.
    pub amount: Decimal,
    /// Three capital letters (ISO 4217).
    pub currency: String,
}

impl Money {
    pub(crate) fn read(amount: &str, currency: &str) -> Result<Self, MoneyError> {
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
        let number: Option<Decimal> = amount.parse().ok().filter(|_| amount.bytes().all(plain));
        let letters = currency.bytes().all(|byte| byte.is_ascii_uppercase());
        match number {
            Some(amount) if letters && currency.len() == 3 => Ok(Self {
                amount,
                currency: currency.to_owned(),
            }),
            _ => Err(MoneyError),
        }
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (amount, currency) = text.split_once(' ').ok_or(MoneyError)?;
        Self::read(amount, currency)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

/// The text is no [`Money`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an amount is a decimal number and a currency, as `12.50 EUR`")]
#[non_exhaustive]
pub struct MoneyError;
