//! Makes a transaction, and lists what there is.
//!
//! Run `cargo run -p countersign -- dev` in another terminal, then:
//! `cargo run -p sdk-transactions --example pay -- 12.50 EUR "invoice 17"`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::Path;

use countersign_client::{CredentialSource, ServerTrust};
use futures_util::TryStreamExt;
use sdk_transactions::{NewTransaction, Transactions};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [number, currency, reference] = arguments.as_slice() else {
        anyhow::bail!("usage: pay <number> <currency> <reference>");
    };
    let amount = format!("{number} {currency}").parse()?;
    let new = NewTransaction::new(amount, reference.parse()?);

    let folder = Path::new(".countersign");
    let transactions = Transactions::connect(
        "https://localhost:8443".parse()?,
        CredentialSource::pem_files(folder.join("billing.pem"), folder.join("billing-key.pem")),
        ServerTrust::pinned_ca_pem_file(folder.join("root.pem"))?,
    )
    .await?;

    let made = transactions.create(&new).await.map_err(explain)?;
    println!("made {}", made.id);
    let mut all = transactions.list();
    while let Some(transaction) = all.try_next().await.map_err(explain)? {
        let (amount, reference) = (transaction.amount, transaction.reference);
        let (minor, currency) = (amount.minor(), amount.currency());
        println!("{}  {minor} {currency}  {reference}", transaction.id);
    }
    Ok(())
}

/// The error with its cause, and what may help.
fn explain(error: sdk_transactions::Error) -> anyhow::Error {
    let hint = error.hint();
    match hint {
        Some(hint) => anyhow::Error::from(error).context(hint),
        None => error.into(),
    }
}
