use std::fs::OpenOptions;
use std::io;
use std::sync::Arc;

use anyhow::{Context, Result};
use countersign_axum::audit::{AuditWriter, JsonLines};
use countersign_axum::{Audit, Clock, Live, SystemClock};
use countersign_server::{
    AuditTarget, Config, ConfigError, Digests, Fetcher, ReferenceServer, Reloader, StartError,
};
use countersign_tls::LoadError;
use tokio::sync::Notify;

use crate::cli::{RoutesFormat, ServeArgs};
use crate::failure::hinted;
use crate::{stop, ui};

/// `countersign serve`.
pub(crate) async fn run(args: ServeArgs) -> Result<()> {
    let config = Config::from_file(&args.config).map_err(explain_config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut fetcher = Fetcher::new(&config, Arc::clone(&clock)).await?;
    if let Some(fetcher) = fetcher
        .as_mut()
        .filter(|fetcher| fetcher.is_wanting() && !args.check)
    {
        for (url, error) in fetcher.fetch().await {
            ui::note(format!("warning: the revocation list at `{url}` {error}"));
        }
    }
    // First: what changes while the files are loaded is noticed later.
    let digests = Digests::of(&config);
    let live = config.load(clock).map_err(explain_config)?;
    if let Some(format) = args.routes {
        let table = countersign_server::api(live).table();
        match format {
            RoutesFormat::Json => ui::data(table.to_json()),
            RoutesFormat::Text => ui::data(table.to_string().trim_end()),
        }
        return Ok(());
    }
    for warning in countersign_server::warnings(&live) {
        ui::note(format!("warning: `{}`: {warning}", config.policy.display()));
    }
    if args.check {
        ui::note(good(&config, &live));
        return Ok(());
    }
    let at_once = Arc::new(Notify::new());
    let hangups = hangups(Arc::clone(&at_once)).context("cannot listen to signals")?;
    let (audit, writer) = start_audit(&config.audit)?;
    let reloader = Reloader::new(config.clone(), digests, live.clone(), audit.clone());
    let fetching = fetching(fetcher, live.clone(), audit.clone());
    let server = ReferenceServer::start(config.addresses, live, audit)
        .await
        .map_err(explain_start)?;
    ui::note(format!(
        "serving https://{} (API, mutual TLS)",
        server.address()
    ));
    ui::note(format!(
        "serving {}/healthz (admin: /readyz, /metrics, /status too)",
        server.admin_url()
    ));
    if let Some(health) = server.health_address() {
        ui::note(format!("serving http://{health}/healthz (health)"));
    }
    tokio::select! {
        asked = stop::asked_to_stop() => asked?,
        () = hangups => {}
        () = reloader.run(at_once) => {}
        () = fetching => {}
    }
    ui::note("stopping: requests in flight have 10 s to finish");
    server.stop().await;
    writer.finish();
    Ok(())
}

/// Fetches lists for ever, or does nothing for as long.
async fn fetching(fetcher: Option<Fetcher>, live: Live, audit: Audit) {
    match fetcher {
        Some(fetcher) => fetcher.run(live, audit).await,
        None => std::future::pending().await,
    }
}

/// What `--check` says of files with which nothing is wrong.
fn good(config: &Config, live: &Live) -> String {
    let snapshot = live.load();
    let files = config.files().count();
    let trusts = snapshot.trust().trusts().len();
    let identities = snapshot.directory().identities().count();
    format!(
        "`{}` can be served: {files} files, trusts: {trusts}, identities: {identities}",
        config.file.display()
    )
}

/// Notifies at each SIGHUP, for ever. Once this has answered, SIGHUP does not end the program any more.
#[cfg(unix)]
fn hangups(at_once: Arc<Notify>) -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            at_once.notify_one();
        }
        std::future::pending().await
    })
}

/// Elsewhere there is no such signal.
#[cfg(not(unix))]
fn hangups(_: Arc<Notify>) -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
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
