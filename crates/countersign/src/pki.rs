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

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

pub(crate) use self::init::prepare;
pub(crate) use self::outcome::tell;
pub(crate) use self::source::failed;

/// What can be done with certificates.
///
/// Standard output is data, standard error is prose; nothing ever asks. Exit codes: 0 done, 1 failed,
/// 2 not understood, or `apply --plan` found something to do.
#[derive(Debug, Subcommand)]
pub(crate) enum PkiCommand {
    /// Make a folder of certificates: CAs, a server certificate, client certificates.
    Init(init::InitArgs),
    /// Make the folder what its manifest says: create, renew, reissue, and touch nothing else.
    Apply(apply::ApplyArgs),
    /// Add a certificate to the manifest, and make it.
    Issue(issue::IssueArgs),
    /// Make the certificate of an item anew, for the same key or for a new one.
    Renew(renew::RenewArgs),
    /// Remember that a certificate is no longer good, and say so in the revocation lists.
    Revoke(revoke::RevokeArgs),
    /// Make the revocation lists anew.
    Crl(crl::CrlArgs),
    /// Sign somebody else's certificate signing request.
    Sign(sign::SignArgs),
    /// Change an authority.
    #[command(subcommand)]
    Ca(ca::CaCommand),
    /// Say what is wrong with certificates and keys in PEM files.
    Lint(lint::LintArgs),
    /// Print a certificate for another program.
    Export(export::ExportArgs),
    /// Print the JSON schema of a manifest.
    Schema,
    /// List the catalogue of certificates, good and bad, with the verdicts that they deserve.
    Fixtures(fixtures::FixturesArgs),
    /// Present the catalogue of certificates, good and bad, to verifiers, and compare the verdicts.
    Verify(verify::VerifyArgs),
}

/// `countersign pki`.
pub(crate) async fn run(command: PkiCommand) -> Result<ExitCode> {
    match command {
        PkiCommand::Init(args) => init::run(args)?,
        PkiCommand::Apply(args) => return apply::run(args),
        PkiCommand::Issue(args) => issue::run(args)?,
        PkiCommand::Renew(args) => renew::run(args)?,
        PkiCommand::Revoke(args) => revoke::run(args)?,
        PkiCommand::Crl(args) => crl::run(args)?,
        PkiCommand::Sign(args) => sign::run(args)?,
        PkiCommand::Ca(command) => ca::run(command)?,
        PkiCommand::Lint(args) => return lint::run(args),
        PkiCommand::Export(args) => export::run(args)?,
        PkiCommand::Schema => schema::run(),
        PkiCommand::Fixtures(args) => fixtures::run(args)?,
        PkiCommand::Verify(args) => verify::run(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
