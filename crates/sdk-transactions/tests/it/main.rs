//! Claims about the SDK, made against the reference server on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod errors;
mod ledger;
mod lost_answer;

use countersign_client::{ClientBuilder, Retry};
use countersign_tests::{BILLING, World};
use sdk_transactions::{NewTransaction, Transactions};

/// The SDK of this client of a world.
async fn over(world: &World, client: ClientBuilder) -> Transactions {
    let client = client.retry(Retry::times(3)).build().await.unwrap();
    Transactions::over(client, world.url("").parse().unwrap())
}

async fn billing(world: &World) -> Transactions {
    over(world, world.client_as(BILLING).unwrap()).await
}

fn invoice(number: u32) -> NewTransaction {
    let reference = format!("invoice {number}");
    NewTransaction::new("12.50 EUR".parse().unwrap(), reference.parse().unwrap())
}
