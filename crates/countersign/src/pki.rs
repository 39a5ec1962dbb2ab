//! `countersign pki`: certificates, made and kept in a folder.

mod apply;
mod ca;
mod crl;
mod export;
mod fixtures;
mod init;
mod issue;
mod lint;
mod outcome;
mod renew;
mod revoke;
mod schema;
mod sign;
mod source;
mod verify;

use anyhow::Result;
use clap::Subcommand;

use crate::exit::Exit;

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
    ///
    /// An authority signs the certificates of others. Whoever trusts it has its certificate: to change it is to tell them.
    #[command(subcommand)]
    Ca(ca::CaCommand),
    Lint(lint::LintArgs),
    Export(export::ExportArgs),
    Schema(schema::SchemaArgs),
    Fixtures(fixtures::FixturesArgs),
    Verify(verify::VerifyArgs),
}

/// `countersign pki`.
pub(crate) fn run(command: PkiCommand) -> Result<Exit> {
    match command {
        PkiCommand::Init(args) => init::run(args),
        PkiCommand::Apply(args) => apply::run(args),
        PkiCommand::Issue(args) => issue::run(*args),
        PkiCommand::Renew(args) => renew::run(args),
        PkiCommand::Revoke(args) => revoke::run(args),
        PkiCommand::Crl(args) => crl::run(args),
        PkiCommand::Sign(args) => sign::run(args),
        PkiCommand::Ca(command) => ca::run(command),
        PkiCommand::Lint(args) => lint::run(args),
        PkiCommand::Export(args) => export::run(args),
        PkiCommand::Schema(args) => Ok(schema::run(&args)),
        PkiCommand::Fixtures(args) => fixtures::run(args),
        PkiCommand::Verify(args) => crate::wait(verify::run(args)),
    }
}
