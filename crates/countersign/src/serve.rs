mod seen;

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
    if !args.check {
        fetch_what_is_wanting(fetcher.as_mut()).await;
    }
    // First: what changes while the files are loaded is noticed later.
    let digests = Digests::of(&config);
    let live = config.load(clock).map_err(explain_config)?;
    if let Some(format) = args.routes {
        print_routes(live, format);
        return Ok(());
    }
    for warning in countersign_server::warnings(&live) {
        ui::note(format!("warning: `{}`: {warning}", config.policy.display()));
    }
    for warning in countersign_server::gateway_warnings(&live) {
        ui::note(format!("warning: {warning}"));
    }
    if args.check {
        tell_of_the_seen(&config, &live)?;
        ui::note(good(&config, &live));
        return Ok(());
    }
    serve(config, digests, live, fetcher).await
}

async fn serve(
    config: Config,
    digests: Digests,
    live: Live,
    fetcher: Option<Fetcher>,
) -> Result<()> {
    let (audit, writer) = start_audit(&config.audit)?;
    // Before anybody is told that we serve, and might ask us to stop.
    let at_once = Arc::new(Notify::new());
    let (stop, hangups) = (stop::asked_to_stop()?, hangups(Arc::clone(&at_once))?);
    let addresses = config.addresses;
    let reloader = Reloader::new(config, digests, live.clone(), audit.clone());
    let fetching = fetching(fetcher, live.clone(), audit.clone());
    let server = ReferenceServer::start(addresses, live, audit).await;
    let server = server.map_err(explain_start)?;
    tell_where(&server);
    tokio::select! {
        asked = stop => asked?,
        () = hangups => {}
        () = reloader.run(at_once) => {}
        () = fetching => {}
    }
    ui::note("stopping: requests in flight have 10 s to finish");
    server.stop().await;
    writer.finish();
    Ok(())
}

/// A list that was never fetched is fetched now: without it nothing can be loaded.
async fn fetch_what_is_wanting(fetcher: Option<&mut Fetcher>) {
    if let Some(fetcher) = fetcher.filter(|fetcher| fetcher.is_wanting()) {
        for (url, error) in fetcher.fetch().await {
            ui::note(format!("warning: the revocation list at `{url}` {error}"));
        }
    }
}

fn print_routes(live: Live, format: RoutesFormat) {
    let table = countersign_server::api(live).table();
    match format {
        RoutesFormat::Json => ui::data(table.to_json()),
        RoutesFormat::Text => ui::data(table.to_string().trim_end()),
    }
}

fn tell_where(server: &ReferenceServer) {
    let (api, admin) = (server.address(), server.admin_url());
    ui::note(format!("serving https://{api} (API, mutual TLS)"));
    ui::note(format!(
        "serving {admin}/healthz (admin: /readyz, /metrics, /status too)"
    ));
    if let Some(health) = server.health_address() {
        ui::note(format!("serving http://{health}/healthz (health)"));
    }
}

/// Fetches lists for ever, or does nothing for as long.
async fn fetching(fetcher: Option<Fetcher>, live: Live, audit: Audit) {
    match fetcher {
        Some(fetcher) => fetcher.run(live, audit).await,
        None => std::future::pending().await,
    }
}

/// Whom the state that is checked would refuse, as far as the audit log knows who calls.
fn tell_of_the_seen(config: &Config, live: &Live) -> Result<()> {
    if let AuditTarget::File(log) = &config.audit
        && log.exists()
    {
        for refused in seen::refused(log, live)? {
            ui::note(format!("warning: {refused}"));
        }
    }
    Ok(())
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

/// Notifies at each SIGHUP from this call on, for ever.
fn hangups(at_once: Arc<Notify>) -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut hangup = {
        use tokio::signal::unix::{SignalKind, signal};

        signal(SignalKind::hangup())?
    };
    Ok(async move {
        #[cfg(unix)]
        while hangup.recv().await.is_some() {
            at_once.notify_one();
        }
        drop(at_once);
        std::future::pending().await
    })
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
