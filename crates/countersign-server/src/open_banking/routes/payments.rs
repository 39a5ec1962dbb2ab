use axum::extract::State;
use axum::response::IntoResponse;
use countersign_axum::{Caller, Code, Fault, Json, Path};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

use super::malformed;
use crate::idempotency_key::IdempotencyKey;
use crate::open_banking::document::{
    NewPaymentDocument, PaymentCreatedDocument, PaymentDocument, PaymentStatusDocument,
};
use crate::open_banking::payment::{Payment, PaymentId, Product};
use crate::open_banking::tpp_message::TppCode;
use crate::open_banking::{Bank, PREFIX};

/// Initiates a payment: one, however often it is sent under the same `Idempotency-Key`.
#[utoipa::path(post, path = "/open-banking/v1/payments/{product}", tag = "payments",
    params(("product" = String, Path, pattern = "^(instant-)?sepa-credit-transfers$"), ("Idempotency-Key" = Option<String>, Header, nullable = false)),
    request_body = NewPaymentDocument, responses((status = 201, body = PaymentCreatedDocument)))]
pub(crate) async fn initiate(
    caller: Caller,
    State(bank): State<Bank>,
    Path(product): Path<String>,
    headers: HeaderMap,
    Json(body): Json<NewPaymentDocument>,
) -> Result<impl IntoResponse, Fault> {
    let order = body.order(known(&product)?).map_err(malformed)?;
    if bank.with_iban(&order.debtor).is_none() {
        let detail = "`debtorAccount` is not kept here";
        return Err(TppCode::ResourceUnknown.fault(Code::RequestInvalid, detail));
    }
    let payment = Payment {
        id: PaymentId(format!("{:032x}", rand::random::<u128>())),
        tpp: caller.principal().name().clone(),
        order: order.clone(),
        initiated: bank.live.now(),
    };
    let key = IdempotencyKey::of(&headers).map_err(malformed)?;
    let payment = bank.books.add_payment(payment, key).await?;
    if payment.order != order {
        let detail = format!(
            "the idempotency key is that of another payment, `{}`",
            payment.id
        );
        return Err(Fault::new(Code::Conflict, detail));
    }
    let location = format!("{PREFIX}/payments/{product}/{}", payment.id);
    let document = PaymentCreatedDocument::of(&payment, bank.live.now());
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(document)))
}

/// A payment that this TPP initiated.
#[utoipa::path(get, path = "/open-banking/v1/payments/{product}/{payment_id}", tag = "payments",
    params(("product" = String, Path, pattern = "^(instant-)?sepa-credit-transfers$"), ("payment_id" = String, Path)), responses((status = 200, body = PaymentDocument)))]
pub(crate) async fn find(
    caller: Caller,
    State(bank): State<Bank>,
    Path((product, id)): Path<(String, String)>,
) -> Result<Json<PaymentDocument>, Fault> {
    let payment = own(&bank, &caller, &product, id).await?;
    Ok(Json(PaymentDocument::of(payment, bank.live.now())))
}

/// What has become of a payment.
#[utoipa::path(get, path = "/open-banking/v1/payments/{product}/{payment_id}/status", tag = "payments",
    params(("product" = String, Path, pattern = "^(instant-)?sepa-credit-transfers$"), ("payment_id" = String, Path)),
    responses((status = 200, body = PaymentStatusDocument)))]
pub(crate) async fn status(
    caller: Caller,
    State(bank): State<Bank>,
    Path((product, id)): Path<(String, String)>,
) -> Result<Json<PaymentStatusDocument>, Fault> {
    let payment = own(&bank, &caller, &product, id).await?;
    Ok(Json(PaymentStatusDocument::of(&payment, bank.live.now())))
}

/// That of another TPP is as if there were none.
async fn own(bank: &Bank, caller: &Caller, product: &str, id: String) -> Result<Payment, Fault> {
    let product = known(product)?;
    let found = bank.books.payment(&PaymentId(id)).await?;
    let own = found.filter(|payment| {
        payment.tpp == *caller.principal().name() && payment.order.product == product
    });
    own.ok_or_else(|| Fault::new(Code::NotFound, "there is no such payment of this TPP"))
}

fn known(product: &str) -> Result<Product, Fault> {
    product.parse().map_err(|()| {
        let detail = format!("there is no payment product `{}`", product.escape_debug());
        TppCode::ProductUnknown.fault(Code::NotFound, detail)
    })
}
