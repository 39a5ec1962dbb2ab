use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountReference, Link};
use crate::open_banking::consent::{Access, Consent, ConsentStatus};
use crate::open_banking::day::day;

/// What a TPP asks to see, of which accounts.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewConsent)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewConsentDocument {
    access: AccessDocument,
    #[schema(example = true)]
    recurring_indicator: bool,
    #[schema(format = Date, example = "2099-12-31")]
    valid_until: String,
    #[schema(minimum = 1, example = 4)]
    frequency_per_day: u8,
    /// Must be false.
    #[schema(example = false)]
    combined_service_indicator: bool,
}

/// Accounts, by what may be seen of them.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = Access)]
#[serde(deny_unknown_fields)]
struct AccessDocument {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<AccountReference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    balances: Vec<AccountReference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transactions: Vec<AccountReference>,
}

/// What was asked for, validated.
#[derive(Debug)]
pub(crate) struct NewConsent {
    pub(crate) access: Access,
    pub(crate) recurring: bool,
    pub(crate) valid_until: Date,
    pub(crate) frequency_per_day: u8,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentCreated)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsentCreatedDocument {
    consent_status: &'static str,
    consent_id: String,
    #[serde(rename = "_links")]
    links: ConsentLinks,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConsentLinks {
    #[serde(rename = "self")]
    own: Link,
    status: Link,
}

/// A consent as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsentDocument {
    access: AccessDocument,
    recurring_indicator: bool,
    #[schema(format = Date)]
    valid_until: String,
    frequency_per_day: u8,
    #[schema(format = Date)]
    last_action_date: String,
    consent_status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsentState)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsentStatusDocument {
    consent_status: &'static str,
}

impl TryFrom<NewConsentDocument> for NewConsent {
    type Error = &'static str;

    fn try_from(document: NewConsentDocument) -> Result<Self, Self::Error> {
        let (recurring, frequency) = (document.recurring_indicator, document.frequency_per_day);
        let access = Access::try_from(&document.access)?;
        if access.all().next().is_none() {
            return Err("`access` must name accounts");
        }
        if document.combined_service_indicator {
            return Err("`combinedServiceIndicator` must be false");
        }
        if frequency == 0 || (!recurring && frequency != 1) {
            return Err(
                "`frequencyPerDay` must be 1 or more, and 1 for a consent that is not recurring",
            );
        }
        Ok(Self {
            access,
            recurring,
            valid_until: day(&document.valid_until)?,
            frequency_per_day: frequency,
        })
    }
}

impl TryFrom<&AccessDocument> for Access {
    type Error = &'static str;

    fn try_from(document: &AccessDocument) -> Result<Self, Self::Error> {
        let read = |list: &[AccountReference]| {
            list.iter()
                .map(TryInto::try_into)
                .collect::<Result<BTreeSet<_>, _>>()
        };
        Ok(Self {
            accounts: read(&document.accounts)?,
            balances: read(&document.balances)?,
            transactions: read(&document.transactions)?,
        })
    }
}

impl From<&Access> for AccessDocument {
    fn from(access: &Access) -> Self {
        let list = |set: &BTreeSet<_>| set.iter().map(Into::into).collect();
        Self {
            accounts: list(&access.accounts),
            balances: list(&access.balances),
            transactions: list(&access.transactions),
        }
    }
}

impl ConsentCreatedDocument {
    pub(crate) fn of(consent: &Consent, today: Date) -> Self {
        let path = format!("/consents/{}", consent.id);
        Self {
            consent_status: word(consent.status(today)),
            consent_id: consent.id.to_string(),
            links: ConsentLinks {
                status: Link::to(&format!("{path}/status")),
                own: Link::to(&path),
            },
        }
    }
}

impl ConsentDocument {
    pub(crate) fn of(consent: &Consent, today: Date) -> Self {
        Self {
            access: (&consent.access).into(),
            recurring_indicator: consent.recurring,
            valid_until: consent.valid_until.to_string(),
            frequency_per_day: consent.frequency_per_day,
            last_action_date: consent.terminated.unwrap_or(consent.created).to_string(),
            consent_status: word(consent.status(today)),
        }
    }
}

impl ConsentStatusDocument {
    pub(crate) fn of(consent: &Consent, today: Date) -> Self {
        Self {
            consent_status: word(consent.status(today)),
        }
    }
}

fn word(status: ConsentStatus) -> &'static str {
    match status {
        ConsentStatus::Valid => "valid",
        ConsentStatus::Expired => "expired",
        ConsentStatus::TerminatedByTpp => "terminatedByTpp",
    }
}
