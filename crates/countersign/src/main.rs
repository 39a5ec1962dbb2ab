//! Mutual TLS from the handshake to the authorization decision, on one command line.

mod call;
mod certificates;
mod cli;
mod connection;
mod dev;
mod doctor;
mod explain;
mod failure;
mod gateway;
mod inspect;
mod loaded;
mod pki;
mod serve;
mod stop;
mod trust;
mod ui;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use mimalloc::MiMalloc;

use crate::cli::{Cli, Command};

/// A server allocates a few dozen times for each request.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    ui::show_warnings();
    let code = match cli.command {
        Command::Call(args) => wait(done(call::run(args))),
        Command::Dev(args) => wait(done(dev::run(args))),
        Command::Doctor(args) => wait(doctor::run(args)),
        Command::Explain(args) => explain::run(&args),
        Command::Gateway(args) => wait(done(gateway::run(args))),
        Command::Inspect(args) => inspect::run(&args),
        Command::Pki(command) => pki::run(command),
        Command::Serve(args) => wait(done(serve::run(args))),
        Command::Trust(command) => trust::run(command),
    };
    match code {
        Ok(code) => code,
        Err(error) => {
            ui::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// For what talks to others. Whoever only reads and writes files starts no threads.
fn wait(task: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads to work on")?;
    runtime.block_on(task)
}

async fn done(task: impl Future<Output = Result<()>>) -> Result<ExitCode> {
    task.await.map(|()| ExitCode::SUCCESS)
}
