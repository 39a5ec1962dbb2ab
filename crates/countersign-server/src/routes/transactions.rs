use axum::extract::State;
use axum::response::IntoResponse;
use countersign_axum::{Code, Fault, Json, Path, Query, Require};
use http::StatusCode;
use http::header::LOCATION;

use super::document::{NewTransaction, PageDocument, Paging, TransactionDocument};
use crate::app::{App, ReadTransactions, WriteTransactions};
use crate::ledger::{Order, TransactionId};

/// `GET /v1/transactions?after=…&limit=…`: a page, oldest first.
pub(crate) async fn list(
    _: Require<ReadTransactions>,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<PageDocument>, Fault> {
    let limit = paging.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(invalid("`limit` must be from 1 to 100"));
    }
    let after = paging.after.as_deref().map(str::parse::<TransactionId>);
    let after = after
        .transpose()
        .map_err(|()| invalid("`after` must be the `next` of another page"))?;
    Ok(Json(app.ledger.slice(after, limit).into()))
}

/// `GET /v1/transactions/{id}`.
pub(crate) async fn find(
    _: Require<ReadTransactions>,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<TransactionDocument>, Fault> {
    let found = id.parse().ok().and_then(|id| app.ledger.find(id));
    let transaction = found.ok_or_else(|| {
        Fault::new(
            Code::NotFound,
            format!("no transaction `{}`", id.escape_debug()),
        )
    })?;
    Ok(Json(transaction.into()))
}

/// `POST /v1/transactions`.
pub(crate) async fn create(
    caller: Require<WriteTransactions>,
    State(app): State<App>,
    Json(body): Json<NewTransaction>,
) -> Result<impl IntoResponse, Fault> {
    let order = Order::try_from(body).map_err(invalid)?;
    let by = caller.principal().name().clone();
    let transaction = app.ledger.add(order, by, app.live.now());
    let location = format!("/v1/transactions/{}", transaction.id);
    let document = TransactionDocument::from(transaction);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(document)))
}

fn invalid(wanted: &'static str) -> Fault {
    Fault::new(Code::RequestInvalid, wanted)
}

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
