use std::fs::OpenOptions;
use std::io;

use anyhow::{Context, Result};
use countersign_axum::audit::{AuditWriter, JsonLines};
use countersign_axum::{Audit, RouteTable};
use countersign_server::{AuditTarget, ConfigError, ReferenceServer, Serving, StartError};
use countersign_tls::LoadError;

use crate::cli::{RoutesFormat, ServeArgs};
use crate::failure::{Hint, hinted};
use crate::loaded::Loaded;
use crate::ui;

/// `countersign serve`.
pub(crate) async fn run(args: ServeArgs) -> Result<()> {
    let mut loaded = Loaded::load(&args.config, !args.check).await?;
    if loaded.config.front.is_some() {
        return Err(not_a_servers(&loaded)).hint("countersign gateway --config FILE");
    }
    let state = loaded.open(!args.check && args.routes.is_none()).await?;
    let api = loaded.config.api(loaded.live.clone(), &state);
    let table = api.table();
    if let Some(format) = args.routes {
        print_routes(&table, format);
        return Ok(());
    }
    loaded.warn(&table);
    loaded.warn_of_gateways();
    if args.check {
        return loaded.check();
    }
    let start = async |addresses, live, audit| {
        let server = ReferenceServer::start_with(addresses, api, live, audit).await;
        server.map(Serving::from)
    };
    loaded.serve(table, state, start).await
}

fn not_a_servers(loaded: &Loaded) -> anyhow::Error {
    let file = loaded.config.file.display();
    anyhow::anyhow!("`{file}` is the configuration of a gateway")
}

pub(crate) fn print_routes(table: &RouteTable, format: RoutesFormat) {
    match format {
        RoutesFormat::Json => ui::data(table.to_json()),
        RoutesFormat::Text => ui::data(table.to_string().trim_end()),
    }
}

/// Starts the audit log.
pub(crate) fn start_audit(target: &AuditTarget) -> Result<(Audit, AuditWriter)> {
    let started = match target {
        AuditTarget::File(path) => {
            let opened = OpenOptions::new().create(true).append(true).open(path);
            let file = opened.with_context(|| format!("cannot open `{}`", path.display()))?;
            Audit::start(JsonLines::new(file))
        }
        _ => Audit::start(JsonLines::new(io::stdout())),
    };
    started.context("cannot start the audit log")
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
    let missing = matches!(
        &error,
        ConfigError::Load(LoadError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound
    );
    if missing {
        return hinted(
            error,
            "make the dev certificates first: countersign pki init",
        );
    }
    error.into()
}
