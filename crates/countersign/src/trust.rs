mod bundle;
mod check;
mod export;

use anyhow::Result;
use clap::Subcommand;

use crate::exit::Exit;

// What each does is told where its arguments are: a comment here would hide that in `--help`.
#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    Check(check::CheckArgs),
    Export(export::ExportArgs),
}

/// `countersign trust`.
pub(crate) fn run(command: TrustCommand) -> Result<Exit> {
    match command {
        TrustCommand::Check(args) => check::run(args),
        TrustCommand::Export(args) => export::run(args),
    }
}
