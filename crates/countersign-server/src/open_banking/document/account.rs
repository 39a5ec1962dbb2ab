use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{AccountReference, AmountDocument, Link};
use crate::open_banking::account::{Account, Entry};
use crate::open_banking::consent::{Access, Sight};

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountsQuery {
    /// The `after` of a `next` link.
    pub(crate) after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u16>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TransactionsQuery {
    /// Nothing is pending here.
    #[param(pattern = "^(booked|pending|both)$")]
    pub(crate) booking_status: String,
    /// The first day.
    #[param(format = Date)]
    pub(crate) date_from: Option<String>,
    /// The last day.
    #[param(format = Date)]
    pub(crate) date_to: Option<String>,
    /// The `after` of a `next` link.
    pub(crate) after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u16>,
}

/// The accounts of a consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Accounts)]
pub(crate) struct AccountsDocument {
    accounts: Vec<AccountDetails>,
    #[serde(rename = "_links")]
    links: NextLink,
}

#[derive(Debug, Serialize, ToSchema)]
struct NextLink {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<Link>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountDocument {
    account: AccountDetails,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountDetails {
    resource_id: &'static str,
    iban: String,
    currency: String,
    name: &'static str,
    owner_name: &'static str,
    #[serde(rename = "_links")]
    links: AccountLinks,
}

/// What may be seen of the account.
#[derive(Debug, Serialize, ToSchema)]
struct AccountLinks {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    balances: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transactions: Option<Link>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balances)]
pub(crate) struct BalancesDocument {
    account: AccountReference,
    balances: Vec<BalanceDocument>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Balance)]
#[serde(rename_all = "camelCase")]
struct BalanceDocument {
    balance_amount: AmountDocument,
    balance_type: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountTransactions)]
pub(crate) struct TransactionsDocument {
    account: AccountReference,
    transactions: TransactionLists,
}

#[derive(Debug, Serialize, ToSchema)]
struct TransactionLists {
    booked: Vec<EntryDocument>,
    pending: Vec<EntryDocument>,
    #[serde(rename = "_links")]
    links: NextLink,
}

/// The newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountTransaction)]
#[serde(rename_all = "camelCase")]
struct EntryDocument {
    transaction_id: String,
    #[schema(format = Date)]
    booking_date: String,
    transaction_amount: AmountDocument,
    creditor_name: &'static str,
    remittance_information_unstructured: String,
}

impl AccountsDocument {
    pub(crate) fn of(accounts: &[&Account], access: &Access, next: Option<String>) -> Self {
        let accounts = accounts.iter();
        Self {
            accounts: accounts
                .map(|account| AccountDetails::of(account, access))
                .collect(),
            links: NextLink::to(next),
        }
    }
}

impl AccountDocument {
    pub(crate) fn of(account: &Account, access: &Access) -> Self {
        Self {
            account: AccountDetails::of(account, access),
        }
    }
}

impl AccountDetails {
    fn of(account: &Account, access: &Access) -> Self {
        let link = |sight: Sight| {
            let path = format!("/accounts/{}/{}", account.id, sight.as_str());
            access.allows(&account.iban, sight).then(|| Link::to(&path))
        };
        Self {
            resource_id: account.id,
            iban: account.iban.to_string(),
            currency: account.balance.currency().to_string(),
            name: account.name,
            owner_name: account.owner,
            links: AccountLinks {
                balances: link(Sight::Balances),
                transactions: link(Sight::Transactions),
            },
        }
    }
}

impl BalancesDocument {
    pub(crate) fn of(account: &Account) -> Self {
        let balance = BalanceDocument {
            balance_amount: (&account.balance).into(),
            balance_type: "interimAvailable",
        };
        Self {
            account: (&account.iban).into(),
            balances: vec![balance],
        }
    }
}

impl TransactionsDocument {
    pub(crate) fn of(account: &Account, entries: &[&Entry], next: Option<String>) -> Self {
        Self {
            account: (&account.iban).into(),
            transactions: TransactionLists {
                booked: entries
                    .iter()
                    .map(|entry| EntryDocument::of(entry))
                    .collect(),
                pending: Vec::new(),
                links: NextLink::to(next),
            },
        }
    }
}

impl EntryDocument {
    fn of(entry: &Entry) -> Self {
        Self {
            transaction_id: entry.id.clone(),
            booking_date: entry.booked.to_string(),
            transaction_amount: (&entry.amount).into(),
            creditor_name: entry.other,
            remittance_information_unstructured: entry.remittance.clone(),
        }
    }
}

impl NextLink {
    fn to(path: Option<String>) -> Self {
        Self {
            next: path.map(|path| Link::to(&path)),
        }
    }
}
