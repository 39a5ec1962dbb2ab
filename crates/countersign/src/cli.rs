use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::pki::PkiCommand;
use crate::trust::TrustCommand;

/// Mutual TLS from the handshake to the authorization decision.
///
/// Exit codes: 0 done, 1 failed, 2 not understood (and `pki apply --plan` found something to do).
#[derive(Debug, Parser)]
#[command(name = "countersign", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Call an API that demands a client certificate.
    Call(CallArgs),
    /// Make dev certificates, start the reference server, and call it as each dev client.
    Dev(DevArgs),
    /// Make certificates, and keep them good.
    ///
    /// Standard output is data, standard error is prose; nothing ever asks. Exit codes: 0 done, 1 failed,
    /// 2 not understood, or `apply --plan` found something to do.
    #[command(subcommand)]
    Pki(PkiCommand),
    /// Run the reference server.
    Serve(ServeArgs),
    /// Look at whom a server is to trust.
    #[command(subcommand)]
    Trust(TrustCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// The folder of the dev certificates; made where it is not there.
    #[arg(long, default_value = DEV_FOLDER)]
    pub(crate) dir: PathBuf,

    /// Where the API listens [default: 127.0.0.1:8443; with --once any free port].
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,

    /// Where the admin listener answers [default: 127.0.0.1:8444; with --once any free port].
    #[arg(long)]
    pub(crate) admin: Option<SocketAddr>,

    /// Exit after the calls: 0 where each came out as expected, 1 otherwise.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The configuration, as TOML.
    #[arg(long, value_name = "FILE", default_value = "fixtures/server.toml")]
    pub(crate) config: PathBuf,

    /// Load everything that the configuration names, say what is wrong with it, and serve nothing.
    #[arg(long, conflicts_with = "routes")]
    pub(crate) check: bool,

    /// Print which routes there are and who may call each, and serve nothing.
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text")]
    pub(crate) routes: Option<RoutesFormat>,
}

/// How a table of routes is printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoutesFormat {
    /// As JSON, for `explain --routes`.
    Json,
    /// In columns.
    Text,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// What to call; https only.
    pub(crate) url: String,

    /// Call as this dev client, with the certificates in --dir.
    #[arg(long = "as", value_name = "NAME", conflicts_with_all = ["cert", "key", "cacert"])]
    pub(crate) dev_client: Option<String>,

    /// The folder of the dev certificates, for --as.
    #[arg(long, default_value = DEV_FOLDER)]
    pub(crate) dir: PathBuf,

    /// The certificate chain to present, as PEM, leaf first.
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,

    /// The private key, as PEM [default: in the file of --cert].
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,

    /// The CA certificates that may vouch for the server, as PEM.
    #[arg(long, value_name = "FILE", required_unless_present = "dev_client")]
    pub(crate) cacert: Option<PathBuf>,

    /// The method [default: GET, or POST with --json].
    #[arg(long, short = 'X', value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// A JSON body.
    #[arg(long, value_name = "JSON")]
    pub(crate) json: Option<String>,
}

pub(crate) const DEV_FOLDER: &str = ".countersign";
