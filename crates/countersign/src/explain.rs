//! How would a server decide on this certificate and that request, and why?

mod case;
mod document;
mod text;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use countersign_axum::{Directory, RouteTable, Trust};
use countersign_identity::Certificate;
use countersign_server::Config;
use jiff::Timestamp;

use self::case::Case;
use crate::cli::ExplainArgs;
use crate::failure::Hint;
use crate::{certificates, dev, serve, ui};

/// `countersign explain`.
pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let mut chain = certificates::read(&args.cert)?;
    for path in &args.chain {
        chain.extend(certificates::read(path)?);
    }
    let leaf = chain.first().map(Vec::as_slice).unwrap_or_default();
    let certificate =
        Certificate::from_der(leaf).with_context(|| format!("`{}`", args.cert.display()))?;
    let method = args.method.to_ascii_uppercase();
    let method = method
        .parse()
        .with_context(|| format!("`{method}` is not a method"))?;
    let (trusts, directory) = rules(args)?;
    let table = routes(args)?;
    let case = Case {
        chain: &chain,
        certificate: &certificate,
        trusts: &trusts,
        directory: &directory,
        table: &table,
        method: &method,
        path: &args.path,
        now: args.clock.unwrap_or_else(Timestamp::now),
    };
    let decision = case.decide()?;
    if args.json {
        ui::data(document::of(&case, &decision));
    } else {
        ui::columns(&text::lines(&case, &decision));
    }
    Ok(match decision.verdict {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(DENIED),
    })
}

const DENIED: u8 = 3;

/// What the server goes by.
fn rules(args: &ExplainArgs) -> Result<(Vec<Trust>, Directory)> {
    if let Some(path) = &args.config {
        let config = Config::from_file(path).map_err(serve::explain_config)?;
        let trusts = config.load_trusts().map_err(serve::explain_config)?;
        return Ok((trusts, config.load_policy().map_err(serve::explain_config)?));
    }
    let folder = args.cert.parent().unwrap_or_else(|| Path::new(""));
    let trust = dev::trust(&folder.join("root.pem"));
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
    let read = || format!("cannot read `{}`", path.display());
    let text = fs::read_to_string(path).with_context(read)?;
    RouteTable::from_json(&text)
        .with_context(|| format!("`{}`", path.display()))
        .hint("make it with `countersign serve --routes=json`, or `Api::table` and `to_json`")
}

const REFERENCE_ROUTES: &str = include_str!("../../../fixtures/routes.json");
