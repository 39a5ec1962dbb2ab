use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use countersign_axum::{Code, Fault, Json, Path, Query, Require};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

use super::document::{NewTransaction, PageDocument, Paging, TransactionDocument};
use crate::app::{App, WriteTransactions};
use crate::idempotency_key::IdempotencyKey;
use crate::ledger::{KeyReused, Order, TransactionId};

/// `GET /v1/transactions?after=…&limit=…`: a page, oldest first.
#[utoipa::path(get, path = "/v1/transactions", tag = "transactions", params(Paging),
    responses((status = 200, body = PageDocument)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
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
#[utoipa::path(get, path = "/v1/transactions/{id}", tag = "transactions", params(("id" = String, Path)),
    responses((status = 200, body = TransactionDocument)))]
pub(crate) async fn find(
    State(app): State<Arc<App>>,
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

/// `POST /v1/transactions`. With an `Idempotency-Key`, sending it twice is as sending it once.
#[utoipa::path(post, path = "/v1/transactions", tag = "transactions",
    params(("Idempotency-Key" = Option<String>, Header, nullable = false)), request_body = NewTransaction,
    responses((status = 201, body = TransactionDocument)))]
pub(crate) async fn create(
    caller: Require<WriteTransactions>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Json(body): Json<NewTransaction>,
) -> Result<impl IntoResponse, Fault> {
    let order = Order::try_from(body).map_err(invalid)?;
    let by = caller.principal().name().clone();
    let key = IdempotencyKey::of(&headers).map_err(invalid)?;
    let added = app.ledger.add(order, by, app.live.now(), key);
    let transaction = added.map_err(conflict)?;
    let location = format!("/v1/transactions/{}", transaction.id);
    let document = TransactionDocument::from(transaction);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(document)))
}

fn conflict(reused: KeyReused) -> Fault {
    let detail = format!(
        "the idempotency key is that of another transaction, `{}`",
        reused.id
    );
    Fault::new(Code::Conflict, detail)
}

fn invalid(wanted: &'static str) -> Fault {
    Fault::new(Code::RequestInvalid, wanted)
}

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
