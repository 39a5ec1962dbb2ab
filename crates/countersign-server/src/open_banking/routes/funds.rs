use axum::extract::State;
use countersign_axum::{Code, Fault, Json};

use super::malformed;
use crate::open_banking::Bank;
use crate::open_banking::document::{FundsDocument, FundsQuestionDocument};
use crate::open_banking::tpp_message::TppCode;

/// Whether an account has so much: yes or no, and nothing else.
#[utoipa::path(post, path = "/open-banking/v1/funds-confirmations", tag = "funds",
    request_body = FundsQuestionDocument, responses((status = 200, body = FundsDocument)))]
pub(crate) async fn confirm(
    State(bank): State<Bank>,
    Json(body): Json<FundsQuestionDocument>,
) -> Result<Json<FundsDocument>, Fault> {
    let (iban, amount) = body.read().map_err(malformed)?;
    let account = bank.with_iban(&iban).ok_or_else(|| {
        let detail = "`account` is not kept here";
        TppCode::ResourceUnknown.fault(Code::RequestInvalid, detail)
    })?;
    Ok(Json(FundsDocument {
        funds_available: account.balance.covers(&amount),
    }))
}
