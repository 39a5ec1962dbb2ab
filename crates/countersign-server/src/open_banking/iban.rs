//! Which account does somebody mean?

use std::fmt;
use std::str::FromStr;

/// An international bank account number (ISO 13616) whose check digits fit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Iban(String);

impl FromStr for Iban {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (country, rest) = text.split_at_checked(2).unwrap_or_default();
        let (check, number) = rest.split_at_checked(2).unwrap_or_default();
        let plain = |text: &str| {
            let mut bytes = text.bytes();
            bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        let letters = country.bytes().all(|byte| byte.is_ascii_uppercase());
        let digits = check.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=30).contains(&number.len()) && letters && digits && plain(number);
        match fits && remainder(&format!("{number}{country}{check}")) == 1 {
            true => Ok(Self(text.to_owned())),
            false => Err(
                "an IBAN is two letters, two check digits that fit, and up to 30 letters and digits",
            ),
        }
    }
}

impl fmt::Display for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Of the number that is left when each letter becomes two digits, modulo 97 (ISO 7064).
fn remainder(text: &str) -> u32 {
    let values = text.chars().filter_map(|letter| letter.to_digit(36));
    values.fold(0, |sum, value| {
        let shift = if value > 9 { 100 } else { 10 };
        (sum * shift + value) % 97
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_must_fit() {
        for good in [
            "DE89370400440532013000",
            "GB29NWBK60161331926819",
            "FR1420041010050500013M02606",
        ] {
            assert_eq!(good.parse::<Iban>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "DE",
            "DE89",
            "DE88370400440532013000",
            "de89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "8989370400440532013000",
            "DÉ9370400440532013000",
        ] {
            assert!(bad.parse::<Iban>().is_err(), "{bad}");
        }
    }
}
