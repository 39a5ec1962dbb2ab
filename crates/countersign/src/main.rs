//! Mutual TLS from the handshake to the authorization decision, on one command line.

mod call;
mod cli;
mod dev;
mod failure;
mod pki;
mod serve;
mod stop;
mod trust;
mod ui;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    ui::show_warnings();
    let done = match cli.command {
        Command::Call(args) => call::run(args).await.map(|()| ExitCode::SUCCESS),
        Command::Dev(args) => dev::run(args).await.map(|()| ExitCode::SUCCESS),
        Command::Pki(command) => pki::run(command).await,
        Command::Serve(args) => serve::run(args).await.map(|()| ExitCode::SUCCESS),
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
