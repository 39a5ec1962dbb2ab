use std::sync::{Arc, LazyLock};

use axum::Router;
use countersign_axum::routing::{get, post};
use countersign_axum::{Api, Forwarding, Gateway, Live, Permission, RouteTable, Trust};
use countersign_oauth::BearerCheck;
use countersign_policy::{PermissionName, PolicyWarning};

use crate::ReadAdmin;
use crate::State;
use crate::ledger::Ledger;
use crate::open_banking::{BankBooks, PREFIX as OPEN_BANKING, open_banking};
use crate::openapi;
use crate::routes::{transactions, whoami};
use crate::state::asking;

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
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) live: Live,
    pub(crate) ledger: Ledger,
}

/// The reference API, over an empty ledger, ready to be served.
pub fn router(live: Live) -> Router {
    api(live).into_router()
}

/// The reference API, over an empty ledger.
pub fn api(live: Live) -> Api {
    own(live, &OWN, None)
}

/// The reference API with the [open banking API](crate::open_banking()) beside it, over books that are forgotten when
/// the server stops.
pub fn bank(live: Live) -> Api {
    bank_over(live, &BankBooks::in_memory(), None)
}

/// The same over other books; with `tokens`, open banking asks for access tokens, too.
pub fn bank_over(live: Live, books: &BankBooks, tokens: Option<&BearerCheck>) -> Api {
    own(live.clone(), &WITH_OPEN_BANKING, None)
        .nest(OPEN_BANKING, open_banking(live, books, tokens))
}

/// Everything that stands on `state`.
pub(crate) fn whole(live: Live, state: &State) -> Api {
    let document = match state.books() {
        Some(_) => &WITH_OPEN_BANKING,
        None => &OWN,
    };
    let mut api = own(live.clone(), document, state.of_transactions());
    if let Some(tokens) = state.tokens() {
        api = api.merge(tokens.api());
    }
    if let Some(books) = state.books() {
        let bank = open_banking(live, books, state.of_open_banking());
        api = api.nest(OPEN_BANKING, bank);
    }
    api
}

/// What is there beside a bank and beside tokens.
fn own(live: Live, document: &'static LazyLock<String>, ledger_asks: Option<&BearerCheck>) -> Api {
    described(live.clone(), document).merge(ledger(live, ledger_asks))
}

fn described(live: Live, document: &'static LazyLock<String>) -> Api {
    Api::new(live)
        .open("/whoami", get(whoami::whoami))
        .open("/openapi.json", get(|| openapi::document(document)))
}

/// Its routes, which ask for a token where there is a check.
fn ledger(live: Live, bearer: Option<&BearerCheck>) -> Api {
    let app = Arc::new(App {
        live: live.clone(),
        ledger: Ledger::default(),
    });
    let api = |word| asking(Api::new(live.clone()), bearer, word);
    let write = api(WriteTransactions::NAME)
        .guarded::<WriteTransactions>("/v1/transactions", post(transactions::create));
    api(ReadTransactions::NAME)
        .guarded::<ReadTransactions>("/v1/transactions", get(transactions::list))
        .guarded::<ReadTransactions>("/v1/transactions/{id}", get(transactions::find))
        .merge(write)
        .with_state(app)
}

/// Which gateways are configured, and yet believed in nothing, because the policy in force does not say so too.
pub fn gateway_warnings(live: &Live) -> Vec<String> {
    let snapshot = live.load();
    let holds = |gateway: &&Gateway| {
        let mut known = snapshot.directory().identities();
        known.any(|(_, principal)| {
            principal.name() == gateway.principal() && principal.hold(Forwarding::FORWARD).is_ok()
        })
    };
    let gateways = snapshot.forwarding().gateways().iter();
    let half = gateways.filter(|gateway| !holds(gateway));
    half.map(|gateway| {
        let (name, permission) = (gateway.principal(), Forwarding::FORWARD);
        format!(
            "the gateway `{name}` is believed in nothing: no such principal holds `{permission}`"
        )
    })
    .collect()
}

/// What is allowed in the policy in force, and yet will surprise somebody, now that it is known which routes
/// and trusts there are.
pub fn warnings(live: &Live) -> Vec<PolicyWarning> {
    warnings_of(live, &api(live.clone()).table())
}

/// The same for a service with the routes of `table`.
pub fn warnings_of(live: &Live, table: &RouteTable) -> Vec<PolicyWarning> {
    let snapshot = live.load();
    let directory = snapshot.directory();
    let trusts = snapshot.trust().trusts().iter().map(Trust::name);
    let mut warnings = directory.warnings().to_vec();
    warnings.extend(directory.check_trusts(trusts));
    // Asked for where the admin listener is not on loopback: nobody need hold it, and somebody may.
    let admin = PermissionName::of::<ReadAdmin>();
    let mut beside = vec![admin];
    beside.extend(Forwarding::FORWARD.parse().ok());
    let asked = table.permissions().chain(beside.clone());
    warnings.extend(directory.check_routes(asked).into_iter().filter(
        |warning| !matches!(warning, PolicyWarning::PermissionUngranted { permission } if beside.contains(permission)),
    ));
    warnings
}

static OWN: LazyLock<String> = LazyLock::new(openapi::own);
static WITH_OPEN_BANKING: LazyLock<String> = LazyLock::new(openapi);
