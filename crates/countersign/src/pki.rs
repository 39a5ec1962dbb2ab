//! `countersign pki`: certificates, made and kept in a folder.

mod apply;
mod ca;
mod crl;
mod export;
mod fixtures;
mod init;
mod issue;
mod lint;
mod moment;
mod new_file;
mod outcome;
mod password;
mod renew;
mod revoke;
mod schema;
mod sign;
mod source;
mod verify;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use self::init::{Preset, prepare};
pub(crate) use self::outcome::tell;
pub(crate) use self::source::failed;

// What each does is told where its arguments are: a comment here would hide that in `--help`.
#[derive(Debug, Subcommand)]
pub(crate) enum PkiCommand {
    Init(init::InitArgs),
    Apply(apply::ApplyArgs),
    Issue(Box<issue::IssueArgs>),
    Renew(renew::RenewArgs),
    Revoke(revoke::RevokeArgs),
    Crl(crl::CrlArgs),
    Sign(sign::SignArgs),
    /// Change an authority.
    #[command(subcommand)]
    Ca(ca::CaCommand),
    Lint(lint::LintArgs),
    Export(export::ExportArgs),
    Schema(schema::SchemaArgs),
    Fixtures(fixtures::FixturesArgs),
    Verify(verify::VerifyArgs),
}

/// `countersign pki`.
pub(crate) fn run(command: PkiCommand) -> Result<ExitCode> {
    match command {
        PkiCommand::Init(args) => init::run(args)?,
        PkiCommand::Apply(args) => return apply::run(args),
        PkiCommand::Issue(args) => issue::run(*args)?,
        PkiCommand::Renew(args) => renew::run(args)?,
        PkiCommand::Revoke(args) => revoke::run(args)?,
        PkiCommand::Crl(args) => crl::run(args)?,
        PkiCommand::Sign(args) => sign::run(args)?,
        PkiCommand::Ca(command) => ca::run(command)?,
        PkiCommand::Lint(args) => return lint::run(args),
        PkiCommand::Export(args) => export::run(args)?,
        PkiCommand::Schema(args) => schema::run(&args),
        PkiCommand::Fixtures(args) => fixtures::run(args)?,
        PkiCommand::Verify(args) => return crate::wait(crate::done(verify::run(args))),
    }
    Ok(ExitCode::SUCCESS)
}
