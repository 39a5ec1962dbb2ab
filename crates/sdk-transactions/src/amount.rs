//! How much, of what?

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A sum of money that a transaction may have: from 1 to 10¹² of the smallest unit.
///
/// ```
/// use sdk_transactions::Amount;
///
/// let amount: Amount = "12.50 EUR".parse()?;
/// assert_eq!((amount.minor(), amount.currency().as_str()), (1250, "EUR"));
/// assert!("0 EUR".parse::<Amount>().is_err());
/// # Ok::<_, sdk_transactions::AmountError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: u64,
    currency: Currency,
}

impl Amount {
    /// So many of the smallest unit of the currency.
    ///
    /// # Errors
    ///
    /// It is not from 1 to 10¹².
    pub fn of_minor(minor: u64, currency: Currency) -> Result<Self, AmountError> {
        match (1..=MAX).contains(&minor) {
            true => Ok(Self { minor, currency }),
            false => Err(AmountError::OutOfRange { minor }),
        }
    }

    /// In the smallest unit of the currency.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }
}

/// As `12.50 EUR` or `12 EUR`. Two digits behind the point, and so only currencies that have hundredths: for
/// the others there is [`Amount::of_minor`].
impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || AmountError::Malformed {
            text: text.to_owned(),
        };
        let (number, currency) = text.split_once(' ').ok_or_else(malformed)?;
        let (whole, hundredths) = number.split_once('.').unwrap_or((number, "00"));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || hundredths.len() != 2 || !is_number(whole) || !is_number(hundredths)
        {
            return Err(malformed());
        }
        let minor = format!("{whole}{hundredths}");
        Self::of_minor(minor.parse().map_err(|_| malformed())?, currency.parse()?)
    }
}

/// Three capital letters (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Currency {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(AmountError::Currency {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something is no [`Amount`] or [`Currency`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AmountError {
    /// It is too small or too large.
    #[error("{minor} of the smallest unit is not from 1 to {MAX}")]
    OutOfRange {
        /// So many of the smallest unit.
        minor: u64,
    },
    /// It is not a number with a currency.
    #[error("`{text}` is no amount: wanted one as `12.50 EUR`")]
    Malformed {
        /// What was given.
        text: String,
    },
    /// The currency is not one.
    #[error("`{text}` is no currency: wanted three capital letters (ISO 4217)")]
    Currency {
        /// What was given.
        text: String,
    },
}

const MAX: u64 = 1_000_000_000_000;
