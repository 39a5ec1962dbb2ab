//! Mutual TLS from the handshake to the authorization decision, on one command line.

mod call;
mod cli;
mod dev;
mod failure;
mod fixtures;
mod pki;
mod serve;
mod stop;
mod ui;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, PkiCommand};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    ui::show_warnings();
    let done = match cli.command {
        Command::Call(args) => call::run(args).await,
        Command::Dev(args) => dev::run(args).await,
        Command::Pki(PkiCommand::Fixtures(args)) => fixtures::run(args),
        Command::Pki(PkiCommand::Init(args)) => pki::init(args),
        Command::Pki(PkiCommand::Verify(args)) => verify::run(args).await,
        Command::Serve(args) => serve::run(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::error(&error);
            ExitCode::FAILURE
        }
    }
}
