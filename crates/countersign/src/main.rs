//! Mutual TLS from the handshake to the authorization decision, on one command line.

mod call;
mod certificates;
mod cli;
mod dev;
mod explain;
mod failure;
mod inspect;
mod pki;
mod serve;
mod stop;
mod trust;
mod ui;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    ui::show_warnings();
    let done = match cli.command {
        Command::Call(args) => wait(call::run(args)),
        Command::Dev(args) => wait(dev::run(args)),
        Command::Explain(args) => explain::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Pki(command) => pki::run(command),
        Command::Serve(args) => wait(serve::run(args)),
        Command::Trust(command) => trust::run(command),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            ui::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// For what talks to others. Whoever only reads and writes files starts no threads.
fn wait(task: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads to work on")?;
    runtime.block_on(task).map(|()| ExitCode::SUCCESS)
}
