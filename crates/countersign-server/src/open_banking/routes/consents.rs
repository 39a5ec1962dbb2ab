use axum::extract::State;
use axum::response::IntoResponse;
use countersign_axum::{Caller, Code, Fault, Json, Path};
use http::header::LOCATION;
use http::{HeaderName, StatusCode};
use jiff::ToSpan;
use jiff::civil::Date;

use super::malformed;
use crate::open_banking::Bank;
use crate::open_banking::consent::{Consent, ConsentId};
use crate::open_banking::document::{
    ConsentCreatedDocument, ConsentDocument, ConsentStatusDocument, NewConsent, NewConsentDocument,
};
use crate::open_banking::tpp_message::TppCode;

/// Asks the holder of accounts for a consent. The holders of the sample agree beforehand.
#[utoipa::path(post, path = "/open-banking/v1/consents", tag = "consents", request_body = NewConsentDocument,
    responses((status = 201, body = ConsentCreatedDocument)))]
pub(crate) async fn create(
    caller: Caller,
    State(bank): State<Bank>,
    Json(body): Json<NewConsentDocument>,
) -> Result<impl IntoResponse, Fault> {
    let new = NewConsent::try_from(body).map_err(malformed)?;
    let today = bank.today();
    if new.access.all().any(|iban| bank.with_iban(iban).is_none()) {
        let detail = "`access` names an account that is not kept here";
        return Err(TppCode::ResourceUnknown.fault(Code::RequestInvalid, detail));
    }
    let consent = Consent {
        id: ConsentId(format!("{:032x}", rand::random::<u128>())),
        tpp: caller.principal().name().clone(),
        valid_until: period(new.valid_until, today)?,
        access: new.access,
        recurring: new.recurring,
        frequency_per_day: new.frequency_per_day,
        created: today,
        terminated: None,
    };
    let document = ConsentCreatedDocument::of(&consent, today);
    let location = format!("{}/consents/{}", crate::open_banking::PREFIX, consent.id);
    bank.books.add_consent(consent).await?;
    let headers = [(LOCATION, location), (SCA_APPROACH, "DECOUPLED".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(document)))
}

/// A consent that this TPP was given.
#[utoipa::path(get, path = "/open-banking/v1/consents/{consent_id}", tag = "consents",
    params(("consent_id" = String, Path)), responses((status = 200, body = ConsentDocument)))]
pub(crate) async fn find(
    caller: Caller,
    State(bank): State<Bank>,
    Path(id): Path<String>,
) -> Result<Json<ConsentDocument>, Fault> {
    let consent = own(&bank, &caller, id).await?;
    Ok(Json(ConsentDocument::of(&consent, bank.today())))
}

/// What has become of a consent.
#[utoipa::path(get, path = "/open-banking/v1/consents/{consent_id}/status", tag = "consents",
    params(("consent_id" = String, Path)), responses((status = 200, body = ConsentStatusDocument)))]
pub(crate) async fn status(
    caller: Caller,
    State(bank): State<Bank>,
    Path(id): Path<String>,
) -> Result<Json<ConsentStatusDocument>, Fault> {
    let consent = own(&bank, &caller, id).await?;
    Ok(Json(ConsentStatusDocument::of(&consent, bank.today())))
}

/// Gives a consent back. It ends at once.
#[utoipa::path(delete, path = "/open-banking/v1/consents/{consent_id}", tag = "consents",
    params(("consent_id" = String, Path)), responses((status = 204)))]
pub(crate) async fn terminate(
    caller: Caller,
    State(bank): State<Bank>,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    let consent = own(&bank, &caller, id).await?;
    bank.books.terminate(&consent.id, bank.today()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// That of another TPP is as if there were none.
async fn own(bank: &Bank, caller: &Caller, id: String) -> Result<Consent, Fault> {
    let unknown = || {
        let detail = "there is no such consent of this TPP";
        TppCode::ConsentUnknown.fault(Code::PermissionMissing, detail)
    };
    let found = bank.books.consent(&ConsentId(id)).await?;
    let own = found.filter(|consent| consent.tpp == *caller.principal().name());
    own.ok_or_else(unknown)
}

/// A consent lasts 180 days at most (Regulation (EU) 2018/389, article 10); one for longer is shortened.
fn period(until: Date, today: Date) -> Result<Date, Fault> {
    if until < today {
        let detail = "`validUntil` has passed";
        return Err(TppCode::PeriodInvalid.fault(Code::RequestInvalid, detail));
    }
    Ok(until.min(today.saturating_add(180.days())))
}

const SCA_APPROACH: HeaderName = HeaderName::from_static("aspsp-sca-approach");
