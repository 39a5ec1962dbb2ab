//! How much money is it, to the last decimal?

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// A sum of money: a decimal number, never a binary one, of a currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    value: Decimal,
    currency: Currency,
}

/// Three capital letters (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Currency([u8; 3]);

impl Amount {
    /// Reads the number as the Berlin Group writes it: up to 14 digits, and up to three behind a point.
    pub(crate) fn read(number: &str, currency: Currency) -> Result<Self, &'static str> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let whole = whole.strip_prefix('-').unwrap_or(whole);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=14).contains(&whole.len()) && (1..=3).contains(&fraction.len());
        match number.parse() {
            Ok(value) if fits && digits(whole) && digits(fraction) => Ok(Self { value, currency }),
            _ => Err("an amount is a decimal number as `12.50`, of up to 14 digits and three more"),
        }
    }

    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    pub(crate) fn is_positive(&self) -> bool {
        self.value.is_sign_positive() && !self.value.is_zero()
    }

    /// How many digits stand behind the point.
    pub(crate) fn decimals(&self) -> u32 {
        self.value.scale()
    }

    /// The number, with every digit that it was given.
    pub(crate) fn number(&self) -> String {
        self.value.to_string()
    }

    /// Whether it is of the same currency and at least as much.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.currency == other.currency && self.value >= other.value
    }
}

/// As `12.50 EUR`.
impl FromStr for Amount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, currency) = text
            .split_once(' ')
            .ok_or("wanted an amount as `12.50 EUR`")?;
        Self::read(number, currency.parse()?)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.currency)
    }
}

impl Currency {
    pub(crate) const EUR: Self = Self(*b"EUR");
}

impl FromStr for Currency {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err("a currency is three capital letters (ISO 4217)"),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_digits_and_what_is_none_is_refused() {
        for number in ["0.10", "12", "-5.125", "99999999999999.999", "0.30"] {
            let amount = Amount::read(number, Currency::EUR).unwrap();
            assert_eq!(amount.number(), number);
        }
        for text in [
            "",
            "-",
            ".5",
            "5.",
            "1,5",
            "1e3",
            "+1",
            "1_000",
            " 1",
            "1.0000",
            "100000000000000",
            "0x1",
            "--1",
            "NaN",
            "1.-1",
        ] {
            assert!(Amount::read(text, Currency::EUR).is_err(), "{text}");
        }
        for text in ["eur", "EURO", "E R", ""] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    #[test]
    fn ten_cents_three_times_are_thirty_cents() {
        let read = |text: &str| text.parse::<Amount>().unwrap();
        let sum = read("0.10 EUR").value * Decimal::from(3);
        assert_eq!(sum, read("0.30 EUR").value);
        assert!(read("0.30 EUR").covers(&read("0.3 EUR")));
        assert!(!read("0.30 EUR").covers(&read("0.301 EUR")));
        assert!(!read("9.00 GBP").covers(&read("0.3 EUR")));
    }
}
