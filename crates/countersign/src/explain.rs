//! How would a server decide on this certificate and that request, and why?

mod case;
mod document;
mod logged;
mod text;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{ArgGroup, Args};
use countersign_axum::{Directory, RouteTable, Trust};
use countersign_identity::Certificate;
use countersign_server::Config;
use http::Method;

use self::case::Case;
use self::logged::Logged;
use crate::cli::{DEV_FOLDER, OUTPUT};
use crate::connection::make_dev_client;
use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::failure::Hint;
use crate::moment::Now;
use crate::{certificates, dev, input, serve, ui};

/// Say how a server would decide on a certificate and a request, and why.
///
/// Asks the trusts and the policy that a server would ask, by the same functions, and prints each step to
/// the decision. The key is not needed. It says nothing of who holds the certificate: that is what a
/// handshake is for.
#[derive(Debug, Args)]
#[command(
    after_long_help = epilogue(&EXAMPLES, &ENDINGS),
    group = ArgGroup::new("caller").args(["dev_client", "cert", "audit"]).required(true)
)]
pub(crate) struct ExplainArgs {
    /// The method of the request.
    method: String,

    /// The path of the request.
    path: String,

    /// The certificate of this dev client, in --dir: billing, reports, newcomer, or one that `pki issue` made.
    #[arg(long = "as", value_name = "NAME", help_heading = CALLER)]
    dev_client: Option<String>,

    /// The folder of the dev certificates, for --as.
    #[arg(long, value_name = "DIR", default_value = DEV_FOLDER, help_heading = CALLER)]
    dir: PathBuf,

    /// The certificate, PEM or DER, and what the client sends with it.
    #[arg(long, value_name = "FILE", help_heading = CALLER)]
    cert: Option<PathBuf>,

    /// The certificate that was refused by the last line of an audit log that has one; `-` is standard input.
    #[arg(long, value_name = "FILE", help_heading = CALLER)]
    audit: Option<PathBuf>,

    /// More that the client sends: the certificates of authorities between; may be repeated.
    #[arg(long, value_name = "FILE", help_heading = CALLER)]
    chain: Vec<PathBuf>,

    /// The configuration of the server, for its trusts and its policy [default: the dev server's, with the
    /// `root.pem` beside the certificate, or in --dir].
    #[arg(long, value_name = "FILE", help_heading = SERVER)]
    config: Option<PathBuf>,

    /// The routes, as `serve --routes --json` prints them [default: those of the gateway in --config, or those of the
    /// reference server].
    #[arg(long, value_name = "FILE", help_heading = SERVER)]
    routes: Option<PathBuf>,

    #[command(flatten)]
    now: Now,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const CALLER: &str = "Who calls";
const SERVER: &str = "Who decides";

const EXAMPLES: [Example; 4] = [
    (
        "A dev client and a route of the reference server",
        "countersign explain --as reports POST /v1/transactions",
    ),
    (
        "A certificate that came by mail, and a server of ours",
        "countersign explain --cert partner.pem --config fixtures/server.toml GET /whoami",
    ),
    (
        "The last certificate that was refused, by the audit log",
        "countersign explain --audit audit.jsonl --config fixtures/server.toml GET /whoami",
    ),
    (
        "Will it still be allowed next year",
        "countersign explain --as billing --clock 2030-01-01T00:00:00Z GET /v1/transactions",
    ),
];

const ENDINGS: [Ending; 3] = [
    (Exit::Done, "allowed"),
    (Exit::Failed, "something cannot be read"),
    (Exit::Denied, "denied"),
];

impl ExplainArgs {
    /// Where the certificate is.
    fn cert(&self) -> PathBuf {
        let name = self.dev_client.as_deref().unwrap_or_default();
        let of_dev = || self.dir.join(format!("{name}.pem"));
        let named = self.cert.as_ref().or(self.audit.as_ref());
        named.cloned().unwrap_or_else(of_dev)
    }

    /// Where the dev server's root is, where that is who decides.
    fn folder(&self) -> PathBuf {
        match &self.audit {
            Some(_) => self.dir.clone(),
            None => self.cert().parent().map(Path::to_owned).unwrap_or_default(),
        }
    }

    /// All that the client sends, and the first of it.
    fn presented(&self, logged: Option<&Logged>) -> Result<(Vec<Vec<u8>>, Certificate)> {
        let mut chain = match logged {
            Some(logged) => vec![logged.leaf.clone()],
            None => self.in_file()?,
        };
        for path in &self.chain {
            chain.extend(certificates::read(path, WANTED)?);
        }
        let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
        let certificate = Certificate::from_der(leaf)
            .with_context(|| format!("`{}`", self.cert().display()))
            .hint(match logged {
                Some(_) => "no server can read it: its holder needs another",
                None => "name a file with a certificate, as PEM or DER",
            })?;
        Ok((chain, certificate))
    }

    fn in_file(&self) -> Result<Vec<Vec<u8>>> {
        let make = |name: &String| make_dev_client(name, &self.dir);
        let make = self.dev_client.as_ref().map(make);
        certificates::read(&self.cert(), make.as_deref().unwrap_or(WANTED))
    }
}

/// `countersign explain`.
pub(crate) fn run(args: &ExplainArgs) -> Result<Exit> {
    let logged = args.audit.as_deref().map(Logged::last).transpose()?;
    let (chain, certificate) = args.presented(logged.as_ref())?;
    let method = method(&args.method)?;
    let (trusts, directory) = rules(args)?;
    let case = Case {
        logged: logged.as_ref(),
        chain: &chain,
        certificate: &certificate,
        trusts: &trusts,
        directory: &directory,
        table: &routes(args)?,
        method: &method,
        path: &args.path,
        now: args.now.get(),
    };
    let decision = case.decide()?;
    match args.json {
        true => ui::data(document::of(&case, &decision)),
        false => ui::columns(&text::lines(&case, &decision)),
    }
    Ok(match decision.verdict {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Denied,
    })
}

fn method(text: &str) -> Result<Method> {
    let method = text.to_ascii_uppercase();
    method
        .parse()
        .with_context(|| format!("`{method}` is not a method"))
        .hint("write the method first, then the path: GET /whoami")
}

/// What the server goes by.
fn rules(args: &ExplainArgs) -> Result<(Vec<Trust>, Directory)> {
    if let Some(path) = &args.config {
        let config = Config::from_file(path).map_err(serve::explain_config)?;
        let trusts = config.load_trusts().map_err(serve::explain_config)?;
        return Ok((trusts, config.load_policy().map_err(serve::explain_config)?));
    }
    let trust = dev::trust(&args.folder().join("root.pem"));
    let trust = trust.hint("name the configuration of the server with --config")?;
    Ok((vec![trust], Directory::from_toml(dev::DEV_POLICY)?))
}

/// Those of the file, else those of the gateway whose configuration it is, else the reference server's.
fn routes(args: &ExplainArgs) -> Result<RouteTable> {
    let Some(path) = &args.routes else {
        let config = args.config.as_ref().map(Config::from_file).transpose();
        let front = config
            .map_err(serve::explain_config)?
            .and_then(|config| config.front);
        return match front {
            Some(front) => Ok(front.routes),
            None => Ok(RouteTable::from_json(REFERENCE_ROUTES)?),
        };
    };
    let text = input::text(path, MAKE_ROUTES)?;
    RouteTable::from_json(&text)
        .with_context(|| format!("`{}`", path.display()))
        .hint(MAKE_ROUTES)
}

const WANTED: &str = "name a file with a certificate";

const MAKE_ROUTES: &str =
    "make it with `countersign serve --routes --json`, or `Api::table` and `to_json`";

const REFERENCE_ROUTES: &str = include_str!("../../../fixtures/routes.json");
