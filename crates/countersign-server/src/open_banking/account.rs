//! Which accounts does the sample bank keep?

use jiff::civil::Date;

use super::amount::Amount;
use super::iban::Iban;

/// An account of the sample bank.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// By which a TPP asks for it; says nothing to anybody else.
    pub(crate) id: &'static str,
    pub(crate) iban: Iban,
    pub(crate) name: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) balance: Amount,
    /// The newest first.
    pub(crate) entries: Vec<Entry>,
}

/// Money that came or went.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) booked: Date,
    /// Negative where it went.
    pub(crate) amount: Amount,
    pub(crate) other: &'static str,
    pub(crate) remittance: String,
}

/// The accounts that the sample bank has always had. They do not change: nothing is executed here.
pub(crate) fn sample() -> Vec<Account> {
    let accounts = [
        (
            "3dc3d5b3-7023-4848-9853-f5400a64e80f",
            "DE89370400440532013000",
            "Main account",
            "1250.40 EUR",
        ),
        (
            "3dc3d5b3-7023-4848-9853-f5400a64e810",
            "GB29NWBK60161331926819",
            "Savings",
            "17000.00 GBP",
        ),
        (
            "3dc3d5b3-7023-4848-9853-f5400a64e811",
            "FR1420041010050500013M02606",
            "Household",
            "0.00 EUR",
        ),
    ];
    let accounts = accounts.into_iter();
    accounts
        .filter_map(|(id, iban, name, balance)| account(id, iban, name, balance))
        .collect()
}

fn account(id: &'static str, iban: &str, name: &'static str, balance: &str) -> Option<Account> {
    let balance: Amount = balance.parse().ok()?;
    let first = Date::constant(2026, 6, 1);
    let entries = (1..=ENTRIES).rev().map(|number| {
        let number = i64::from(number);
        Some(Entry {
            id: format!("e-{number}"),
            booked: first.checked_add(jiff::Span::new().days(number)).ok()?,
            amount: Amount::read(&format!("-{number}.10"), balance.currency()).ok()?,
            other: "Bookshop",
            remittance: format!("invoice {number}"),
        })
    });
    Some(Account {
        id,
        iban: iban.parse().ok()?,
        name,
        owner: "Alex Example",
        entries: entries.collect::<Option<_>>()?,
        balance,
    })
}

const ENTRIES: u8 = 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_of_the_sample_is_lost_by_a_typing_error() {
        let accounts = sample();
        assert_eq!(accounts.len(), 3);
        assert!(accounts.iter().all(|account| account.entries.len() == 25));
    }
}
