//! The JSON of the reference API.

use countersign_axum::{Caller, Connection};
use countersign_identity::{AltName, Certificate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ledger::{Order, Slice, Transaction};

/// The body of `POST /v1/transactions`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTransaction {
    /// In the smallest unit of the currency.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_u64, example = 1250)]
    amount_minor: u64,
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: String,
    #[schema(min_length = 1, max_length = 140, example = "invoice 17")]
    reference: String,
}

/// The query of `GET /v1/transactions`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// The `next` of another page.
    #[param(pattern = "^t-[1-9][0-9]*$")]
    pub(crate) after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<usize>,
}

/// One transaction.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transaction)]
pub(crate) struct TransactionDocument {
    id: String,
    amount_minor: u64,
    currency: String,
    reference: String,
    created_at: String,
    created_by: String,
}

/// A page of the list; `next` is the `after` of the next page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransactionPage)]
pub(crate) struct PageDocument {
    items: Vec<TransactionDocument>,
    next: Option<String>,
}

/// The answer of `GET /whoami`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Whoami)]
pub(crate) struct WhoamiDocument {
    principal: String,
    permissions: Vec<String>,
    trust: String,
    identity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    via: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    certificate: Option<CertificateDocument>,
    tls: TlsDocument,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Certificate)]
struct CertificateDocument {
    subject: String,
    sans: Vec<String>,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    #[serde(rename = "x5t#S256")]
    thumbprint: String,
    pin: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tls)]
struct TlsDocument {
    version: &'static str,
    alpn: Option<String>,
    cipher_suite: Option<String>,
    key_exchange: Option<String>,
    server_name: Option<String>,
    resumed: bool,
}

impl TryFrom<NewTransaction> for Order {
    /// What was wanted.
    type Error = &'static str;

    fn try_from(body: NewTransaction) -> Result<Self, Self::Error> {
        if !(1..=MAX_AMOUNT).contains(&body.amount_minor) {
            return Err("`amount_minor` must be from 1 to 1000000000000");
        }
        let letters = body.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if body.currency.len() != 3 || !letters {
            return Err("`currency` must be three capital letters (ISO 4217)");
        }
        let length = body.reference.chars().count();
        if !(1..=140).contains(&length) || body.reference.chars().any(char::is_control) {
            return Err(
                "`reference` must be 1 to 140 characters, none of them a control character",
            );
        }
        Ok(Self {
            amount_minor: body.amount_minor,
            currency: body.currency,
            reference: body.reference,
        })
    }
}

impl From<Transaction> for TransactionDocument {
    fn from(transaction: Transaction) -> Self {
        Self {
            id: transaction.id.to_string(),
            amount_minor: transaction.order.amount_minor,
            currency: transaction.order.currency,
            reference: transaction.order.reference,
            created_at: transaction.created_at.to_string(),
            created_by: transaction.created_by.to_string(),
        }
    }
}

impl From<Slice> for PageDocument {
    fn from(slice: Slice) -> Self {
        let last = slice.items.last().map(|last| last.id.to_string());
        Self {
            next: last.filter(|_| slice.more),
            items: slice.items.into_iter().map(Into::into).collect(),
        }
    }
}

impl WhoamiDocument {
    pub(crate) fn of(caller: &Caller, connection: &Connection) -> Self {
        let principal = caller.principal();
        Self {
            principal: principal.name().to_string(),
            permissions: principal.permissions().map(ToString::to_string).collect(),
            trust: caller.identity().trust().to_string(),
            identity: caller.identity().name().to_string(),
            via: caller.via().map(|via| via.principal().name().to_string()),
            certificate: caller.certificate().map(CertificateDocument::of),
            tls: TlsDocument::of(connection),
        }
    }
}

impl CertificateDocument {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            sans: certificate
                .alt_names()
                .iter()
                .map(AltName::to_string)
                .collect(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial().to_owned(),
            not_before: certificate.not_before().to_string(),
            not_after: certificate.not_after().to_string(),
            thumbprint: certificate.thumbprint().to_string(),
            pin: certificate.pin().to_string(),
        }
    }
}

impl TlsDocument {
    fn of(connection: &Connection) -> Self {
        let handshake = connection.handshake();
        Self {
            version: handshake.version.as_str(),
            alpn: handshake.alpn.clone(),
            cipher_suite: handshake.cipher_suite.clone(),
            key_exchange: handshake.key_exchange.clone(),
            server_name: handshake.server_name.clone(),
            resumed: handshake.resumed,
        }
    }
}

const MAX_AMOUNT: u64 = 1_000_000_000_000;
