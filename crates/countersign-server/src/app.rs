use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use countersign_axum::{Api, Live, Permission};

use crate::ledger::Ledger;
use crate::routes::{transactions, whoami};

/// The permission to see the ledger.
#[derive(Debug)]
pub struct ReadTransactions;

impl Permission for ReadTransactions {
    const NAME: &'static str = "transactions:read";
}

/// The permission to add to the ledger.
#[derive(Debug)]
pub struct WriteTransactions;

impl Permission for WriteTransactions {
    const NAME: &'static str = "transactions:write";
}

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct App {
    pub(crate) live: Live,
    pub(crate) ledger: Arc<Ledger>,
}

/// The reference API, over an empty ledger.
pub fn router(live: Live) -> Router {
    let app = App {
        live: live.clone(),
        ledger: Arc::default(),
    };
    Api::new(live)
        .open("/whoami", get(whoami::whoami))
        .guarded::<ReadTransactions>("/v1/transactions", get(transactions::list))
        .guarded::<WriteTransactions>(
            "/v1/transactions",
            axum::routing::post(transactions::create),
        )
        .guarded::<ReadTransactions>("/v1/transactions/{id}", get(transactions::find))
        .with_state(app)
        .into_router()
}
