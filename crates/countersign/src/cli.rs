use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use countersign_server::UpstreamPlace;
use jiff::Timestamp;

use crate::connection::Connection;
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
    /// Say what is wrong between this machine and a server that demands a client certificate.
    ///
    /// Prints the fault in one line, then what to do, then each step. Exit codes: 0 nothing is wrong, 1 something is.
    Doctor(DoctorArgs),
    /// Make dev certificates, start the reference server, and call it as each dev client.
    Dev(DevArgs),
    /// Say how a server would decide on a certificate and a request, and why.
    Explain(ExplainArgs),
    /// Stand before a service that cannot do TLS: decide who may call, and tell it who calls.
    Gateway(GatewayArgs),
    /// Show what certificates, requests, revocation lists and keys hold, and what is odd about them.
    Inspect(InspectArgs),
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
    /// The folder of the certificates; made where it is not there [default: .countersign, and for open banking
    /// .countersign/open-banking].
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,

    /// Which API is served, and who calls it.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,

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

/// Who calls whom in `countersign dev`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Profile {
    /// Services call the reference API.
    #[default]
    Reference,
    /// Payment service providers call a bank, each by the roles in its certificate.
    OpenBanking,
}

impl DevArgs {
    /// The folder of the certificates.
    pub(crate) fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| match self.profile {
            Profile::Reference => PathBuf::from(DEV_FOLDER),
            Profile::OpenBanking => PathBuf::from(DEV_FOLDER).join("open-banking"),
        })
    }
}

/// Asks the trusts and the policy that a server would ask, by the same functions, and prints each step to
/// the decision. The key is not needed. It says nothing of who holds the certificate: that is what a
/// handshake is for.
///
/// Exit codes: 0 allowed, 3 denied, 1 something cannot be read, 2 the command line was not understood.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The certificate, PEM or DER, and what the client sends with it.
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: PathBuf,

    /// More that the client sends: intermediates.
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Vec<PathBuf>,

    /// The configuration of the server, for its trusts and its policy [default: the dev server's, with the
    /// `root.pem` beside the certificate].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// The routes, as `serve --routes=json` prints them [default: those of the gateway in --config, or those of the
    /// reference server].
    #[arg(long, value_name = "FILE")]
    pub(crate) routes: Option<PathBuf>,

    /// The moment to take for now, such as 2030-01-01T00:00:00Z.
    #[arg(long, value_name = "RFC3339")]
    pub(crate) clock: Option<Timestamp>,

    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,

    /// The method of the request.
    pub(crate) method: String,

    /// The path of the request.
    pub(crate) path: String,
}

/// Reads PEM or DER. Of a key it shows the kind and the pin, never the bytes. What is odd is told at the end, as
/// `pki lint` tells it.
///
/// Exit codes: 0 shown, and of two names that they match; 1 something cannot be read, or two names differ; 2 the
/// command line was not understood.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The file.
    #[arg(required_unless_present = "dn", conflicts_with = "dn")]
    pub(crate) file: Option<PathBuf>,

    /// A distinguished name as RFC 4514 writes it, instead of a file; of two, say whether they match, and what
    /// differs.
    #[arg(long, value_name = "NAME", num_args = 1)]
    pub(crate) dn: Vec<String>,

    /// The moment to take for now, such as 2030-01-01T00:00:00Z.
    #[arg(long, value_name = "RFC3339")]
    pub(crate) clock: Option<Timestamp>,

    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
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

/// Ends mutual TLS as `serve` does, decides by the routes of the configuration, and passes on what is allowed with
/// the caller's certificate in headers. WebSockets are not passed on.
#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    /// The configuration, as TOML: that of a server, with `[[routes]]` and `[upstream]`.
    #[arg(long, value_name = "FILE", default_value = "fixtures/gateway.toml")]
    pub(crate) config: PathBuf,

    /// The service: http://HOST:PORT on the loopback, https://HOST:PORT or unix:/PATH [default: `url` of
    /// `[upstream]`].
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<UpstreamPlace>,

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

    #[command(flatten)]
    pub(crate) connection: Connection,

    /// The method [default: GET, or POST with a body].
    #[arg(long, short = 'X', value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// A header, as `Name: value`; may be given several times.
    #[arg(long, short = 'H', value_name = "HEADER")]
    pub(crate) header: Vec<String>,

    /// A JSON body.
    #[arg(long, value_name = "JSON", conflicts_with = "data")]
    pub(crate) json: Option<String>,

    /// A body: the text itself, `@FILE`, or `@-` for standard input.
    #[arg(long, short = 'd', value_name = "BODY")]
    pub(crate) data: Option<String>,

    /// Where the answer goes, instead of standard output.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Take any status for an answer, and print its body; otherwise 400 and above fail.
    #[arg(long)]
    pub(crate) any_status: bool,

    /// Repeat at most so many times what is safe to repeat.
    #[arg(long, value_name = "TIMES")]
    pub(crate) retry: Option<u32>,

    /// Tell what the handshake shows, and the heads of request and answer, on standard error.
    #[arg(long, short = 'v')]
    pub(crate) verbose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The server to look at; https only.
    pub(crate) url: String,

    #[command(flatten)]
    pub(crate) connection: Connection,

    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// Send no request. Then a server that refuses in HTTP, as nginx does, looks well, and its clock is not
    /// known.
    #[arg(long)]
    pub(crate) handshake_only: bool,
}

pub(crate) const DEV_FOLDER: &str = ".countersign";
