//! Mutual TLS from the handshake to the authorization decision, on one command line.

mod call;
mod certificates;
mod cli;
mod completions;
mod connection;
mod dev;
mod doctor;
mod epilogue;
mod exit;
mod explain;
mod failure;
mod gateway;
mod input;
mod inspect;
mod loaded;
mod look;
mod man;
mod moment;
mod nearest;
mod new_file;
mod password;
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
use crate::exit::Exit;

/// A server allocates a few dozen times for each request.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    ui::show_warnings();
    let exit = run(cli.command).unwrap_or_else(|error| {
        ui::error(&error);
        Exit::Failed
    });
    exit.into()
}

fn run(command: Command) -> Result<Exit> {
    match command {
        Command::Call(args) => wait(call::run(*args)),
        Command::Completions(args) => completions::run(&args),
        Command::Dev(args) => wait(dev::run(args)),
        Command::Doctor(args) => wait(doctor::run(args)),
        Command::Explain(args) => explain::run(&args),
        Command::Gateway(args) => wait(gateway::run(args)),
        Command::Inspect(args) => inspect::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Pki(command) => pki::run(command),
        Command::Serve(args) => wait(serve::run(args)),
        Command::Trust(command) => trust::run(command),
    }
}

/// For what talks to others. Whoever only reads and writes files starts no threads.
fn wait(task: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the threads to work on")?;
    runtime.block_on(task)
}
