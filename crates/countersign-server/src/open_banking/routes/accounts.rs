use axum::extract::State;
use countersign_axum::{Caller, Code, Fault, Json, Path, Query};
use http::HeaderMap;
use jiff::civil::Date;

use super::malformed;
use crate::open_banking::Bank;
use crate::open_banking::account::{Account, Entry};
use crate::open_banking::consent::{Consent, ConsentId, ConsentStatus, Sight};
use crate::open_banking::day::day;
use crate::open_banking::document::{
    AccountDocument, AccountsDocument, AccountsQuery, BalancesDocument, TransactionsDocument,
    TransactionsQuery,
};
use crate::open_banking::tpp_message::TppCode;

/// The accounts of a consent, a page of them.
#[utoipa::path(get, path = "/open-banking/v1/accounts", tag = "accounts",
    params(("Consent-ID" = String, Header), AccountsQuery), responses((status = 200, body = AccountsDocument)))]
pub(crate) async fn list(
    caller: Caller,
    State(bank): State<Bank>,
    headers: HeaderMap,
    Query(query): Query<AccountsQuery>,
) -> Result<Json<AccountsDocument>, Fault> {
    let consent = covering(&bank, &caller, &headers).await?;
    let limit = limit(query.limit)?;
    let all = bank.accounts.iter();
    let all = all.filter(|account| consent.access.allows(&account.iban, Sight::Details));
    let (page, more) = page(all, |account| account.id, query.after.as_deref(), limit)?;
    if query.after.is_none() {
        count(&bank, &consent, &headers, "accounts".to_owned()).await?;
    }
    let next = page.last().filter(|_| more);
    let next = next.map(|last| format!("/accounts?limit={limit}&after={}", last.id));
    Ok(Json(AccountsDocument::of(&page, &consent.access, next)))
}

/// An account.
#[utoipa::path(get, path = "/open-banking/v1/accounts/{account_id}", tag = "accounts",
    params(("account_id" = String, Path), ("Consent-ID" = String, Header)),
    responses((status = 200, body = AccountDocument)))]
pub(crate) async fn find(
    caller: Caller,
    State(bank): State<Bank>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<AccountDocument>, Fault> {
    let consent = covering(&bank, &caller, &headers).await?;
    let account = seen(&bank, &consent, &id, Sight::Details)?;
    count(&bank, &consent, &headers, sighted(account, Sight::Details)).await?;
    Ok(Json(AccountDocument::of(account, &consent.access)))
}

/// How much is in an account.
#[utoipa::path(get, path = "/open-banking/v1/accounts/{account_id}/balances", tag = "accounts",
    params(("account_id" = String, Path), ("Consent-ID" = String, Header)),
    responses((status = 200, body = BalancesDocument)))]
pub(crate) async fn balances(
    caller: Caller,
    State(bank): State<Bank>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<BalancesDocument>, Fault> {
    let consent = covering(&bank, &caller, &headers).await?;
    let account = seen(&bank, &consent, &id, Sight::Balances)?;
    count(&bank, &consent, &headers, sighted(account, Sight::Balances)).await?;
    Ok(Json(BalancesDocument::of(account)))
}

/// What came to an account and went, a page of it.
#[utoipa::path(get, path = "/open-banking/v1/accounts/{account_id}/transactions", tag = "accounts",
    params(("account_id" = String, Path), ("Consent-ID" = String, Header), TransactionsQuery),
    responses((status = 200, body = TransactionsDocument)))]
pub(crate) async fn transactions(
    caller: Caller,
    State(bank): State<Bank>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(query): Query<TransactionsQuery>,
) -> Result<Json<TransactionsDocument>, Fault> {
    let consent = covering(&bank, &caller, &headers).await?;
    let account = seen(&bank, &consent, &id, Sight::Transactions)?;
    let (days, limit) = (Days::of(&query)?, limit(query.limit)?);
    let all = account.entries.iter().filter(|entry| days.have(entry));
    let (page, more) = page(all, |entry| &entry.id, query.after.as_deref(), limit)?;
    if query.after.is_none() {
        count(
            &bank,
            &consent,
            &headers,
            sighted(account, Sight::Transactions),
        )
        .await?;
    }
    let next = page.last().filter(|_| more);
    let next = next.map(|last| days.link(account, limit, last));
    Ok(Json(TransactionsDocument::of(account, &page, next)))
}

/// The consent of the request, if it was given to this TPP and holds today.
async fn covering(bank: &Bank, caller: &Caller, headers: &HeaderMap) -> Result<Consent, Fault> {
    let mut ids = headers.get_all("consent-id").iter();
    let (Some(id), None) = (ids.next(), ids.next()) else {
        return Err(malformed("wanted one `Consent-ID`"));
    };
    let id = ConsentId(id.to_str().unwrap_or_default().to_owned());
    let found = bank.books.consent(&id).await?;
    let own = found.filter(|consent| consent.tpp == *caller.principal().name());
    let consent = own.ok_or_else(|| {
        let detail = "there is no such consent of this TPP";
        TppCode::ConsentUnknown.fault(Code::RequestInvalid, detail)
    })?;
    match consent.status(bank.today()) {
        ConsentStatus::Valid => Ok(consent),
        ConsentStatus::Expired => {
            Err(TppCode::ConsentExpired.fault(Code::PermissionMissing, "the consent has expired"))
        }
        ConsentStatus::TerminatedByTpp => Err(not_covered("the consent was given back")),
    }
}

/// The account, if the consent is for it. Of any other nobody learns whether it is there.
fn seen<'a>(
    bank: &'a Bank,
    consent: &Consent,
    id: &str,
    sight: Sight,
) -> Result<&'a Account, Fault> {
    let mut accounts = bank.accounts.iter();
    let found = accounts.find(|account| account.id == id);
    let seen = found.filter(|account| consent.access.allows(&account.iban, sight));
    let detail = || {
        format!(
            "the consent is not for the {} of this account",
            sight.as_str()
        )
    };
    seen.ok_or_else(|| not_covered(detail()))
}

fn not_covered(detail: impl Into<String>) -> Fault {
    TppCode::ConsentInvalid.fault(Code::PermissionMissing, detail)
}

/// Counts an access for which the holder is not there: a TPP that speaks for a customer gives the customer's address.
async fn count(
    bank: &Bank,
    consent: &Consent,
    headers: &HeaderMap,
    what: String,
) -> Result<(), Fault> {
    if headers.contains_key("psu-ip-address") {
        return Ok(());
    }
    let period = consent.period(bank.today());
    let times = bank.books.count(&consent.id, period, what).await?;
    match times <= u32::from(consent.frequency_per_day) {
        true => Ok(()),
        false => {
            let detail = "the consent is for fewer accesses than that without the customer";
            Err(TppCode::AccessExceeded.fault(Code::PermissionMissing, detail))
        }
    }
}

fn sighted(account: &Account, sight: Sight) -> String {
    format!("{} {}", sight.as_str(), account.id)
}

/// The first and the last day, as they were asked for.
struct Days {
    from: Option<Date>,
    to: Option<Date>,
    status: String,
}

impl Days {
    fn of(query: &TransactionsQuery) -> Result<Self, Fault> {
        let read = |text: &Option<String>| text.as_deref().map(day).transpose().map_err(malformed);
        if !["booked", "pending", "both"].contains(&query.booking_status.as_str()) {
            return Err(malformed(
                "`bookingStatus` must be `booked`, `pending` or `both`",
            ));
        }
        let (from, to) = (read(&query.date_from)?, read(&query.date_to)?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            let detail = "`dateFrom` is after `dateTo`";
            return Err(TppCode::PeriodInvalid.fault(Code::RequestInvalid, detail));
        }
        let status = query.booking_status.clone();
        Ok(Self { from, to, status })
    }

    /// Everything is booked.
    fn have(&self, entry: &Entry) -> bool {
        let from = self.from.is_none_or(|from| from <= entry.booked);
        let to = self.to.is_none_or(|to| entry.booked <= to);
        from && to && self.status != "pending"
    }

    fn link(&self, account: &Account, limit: usize, last: &Entry) -> String {
        let day = |name: &str, day: Option<Date>| {
            day.map_or_else(String::new, |day| format!("&{name}={day}"))
        };
        let (from, to) = (day("dateFrom", self.from), day("dateTo", self.to));
        let status = &self.status;
        format!(
            "/accounts/{}/transactions?bookingStatus={status}{from}{to}&limit={limit}&after={}",
            account.id, last.id
        )
    }
}

/// At most `limit` of `all`, those behind the one of the id `after`; and whether there are more.
fn page<'a, T>(
    mut all: impl Iterator<Item = &'a T>,
    id: impl Fn(&'a T) -> &'a str,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<&'a T>, bool), Fault> {
    if let Some(after) = after
        && !all.any(|item| id(item) == after)
    {
        return Err(malformed("`after` must be that of a `next` link"));
    }
    let page = all.by_ref().take(limit).collect();
    Ok((page, all.next().is_some()))
}

fn limit(limit: Option<u16>) -> Result<usize, Fault> {
    match limit.unwrap_or(20) {
        limit @ 1..=100 => Ok(limit.into()),
        _ => Err(malformed("`limit` must be from 1 to 100")),
    }
}
