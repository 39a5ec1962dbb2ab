use std::fs::OpenOptions;
use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use countersign_axum::Audit;
use countersign_axum::audit::{AuditSink, AuditWriter, JsonLines};
use countersign_server::{AuditTarget, ConfigError, ReferenceServer, Serving, StartError};
use countersign_tls::LoadError;

use crate::epilogue::{Ending, Example, epilogue};
use crate::exit::Exit;
use crate::failure::{Hint, hinted};
use crate::loaded::Loaded;
use crate::look::Look;
use crate::{input, ui};

/// Run the reference server.
///
/// Serves the routes of the sample API to callers with certificates, until Ctrl-C or SIGTERM. Files that change are put in
/// force by themselves, all together; SIGHUP does so at once. docs/reference/server.md tells every key of the
/// configuration.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &ENDINGS))]
pub(crate) struct ServeArgs {
    /// The configuration, as TOML.
    #[arg(long, value_name = "FILE", default_value = "fixtures/server.toml")]
    config: PathBuf,

    #[command(flatten)]
    look: Look,
}

const EXAMPLES: [Example; 3] = [
    (
        "The configuration that comes with the sources, after `countersign pki init`",
        "countersign serve --config fixtures/server.toml",
    ),
    (
        "Before a restart: would it start, and who would be refused",
        "countersign serve --config fixtures/server.toml --check",
    ),
    (
        "Who may call what",
        "countersign serve --config fixtures/server.toml --routes",
    ),
];

pub(crate) const ENDINGS: [Ending; 2] = [
    (
        Exit::Done,
        "stopped as asked; or looked at, and nothing is wrong",
    ),
    (Exit::Failed, "it cannot be served"),
];

/// `countersign serve`.
pub(crate) async fn run(args: ServeArgs) -> Result<Exit> {
    let mut loaded = Loaded::load(&args.config, !args.look.check).await?;
    if loaded.config.front.is_some() {
        return Err(not_a_servers(&loaded)).hint("countersign gateway --config FILE");
    }
    let state = loaded.open(args.look.serves()).await?;
    let api = loaded.config.api(loaded.live.clone(), &state);
    let table = api.table();
    if args.look.printed(&table) {
        return Ok(Exit::Done);
    }
    let mut warnings = loaded.warnings(&table);
    warnings.extend(loaded.warnings_of_gateways());
    if args.look.check {
        return loaded.check(warnings, args.look.json);
    }
    ui::warnings(&warnings);
    let below = state.clone();
    let start = async move |addresses, live, audit| {
        let server = ReferenceServer::start_over(addresses, api, &below, live, audit).await;
        server.map(Serving::from)
    };
    loaded.serve(table, state, start).await?;
    Ok(Exit::Done)
}

fn not_a_servers(loaded: &Loaded) -> anyhow::Error {
    let file = loaded.config.file.display();
    anyhow!("`{file}` is the configuration of a gateway")
}

/// Starts the audit log.
pub(crate) fn start_audit(
    target: &AuditTarget,
    before_answer: bool,
) -> Result<(Audit, AuditWriter)> {
    let started = match target {
        AuditTarget::File(path) => {
            let opened = OpenOptions::new().create(true).append(true).open(path);
            let file = opened
                .with_context(|| format!("cannot open `{}`", path.display()))
                .hint("the audit log has to be in a folder that is there and may be written")?;
            start_writer(JsonLines::new(file), before_answer)
        }
        _ => start_writer(JsonLines::new(io::stdout()), before_answer),
    };
    started.context("cannot start the audit log")
}

fn start_writer(sink: impl AuditSink, before_answer: bool) -> io::Result<(Audit, AuditWriter)> {
    match before_answer {
        true => Audit::start_before_answer(sink),
        false => Audit::start(sink),
    }
}

/// Says what to do about a server that does not start.
pub(crate) fn explain_start(error: StartError) -> anyhow::Error {
    let StartError::Bind { source, .. } = &error else {
        return error.into();
    };
    let hint = match source.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there: stop it, or choose another address \
             (--listen and --admin of `dev`, `listen` and `admin` of the configuration)"
        }
        io::ErrorKind::PermissionDenied => "ports below 1024 are for root: choose a higher one",
        _ => "choose an address of this machine",
    };
    hinted(error, hint)
}

pub(crate) fn explain_config(error: ConfigError) -> anyhow::Error {
    let advice = match &error {
        ConfigError::Read { path, source } => input::advice(path, source)
            .or_else(|| Some("name the configuration with --config FILE".to_owned())),
        ConfigError::Load(error) => advice_on_load(error),
        ConfigError::Credential { .. } => {
            Some("have it renewed; dev certificates: countersign pki init".to_owned())
        }
        _ => None,
    };
    match advice {
        Some(advice) => hinted(error, advice),
        None => error.into(),
    }
}

fn advice_on_load(error: &LoadError) -> Option<String> {
    match error {
        LoadError::Read { path, source } => input::advice(path, source)
            .or_else(|| Some("make the dev certificates first: countersign pki init".to_owned())),
        LoadError::Credential { source, .. } => source.hint().map(str::to_owned),
        LoadError::Anchors { path, .. } => Some(format!(
            "look at it: countersign trust check {}",
            path.display()
        )),
        _ => None,
    }
}
