//! What does a configuration name, and how is it served?

mod seen;
mod summary;

use std::io;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use countersign_axum::{Audit, Clock, Digests, Live, Reloader, RouteTable, SystemClock};
use countersign_oauth::Settings;
use countersign_server::{
    Addresses, AuditTarget, Config, ConfigFiles, Fetcher, Serving, StartError, State,
};
use futures_util::FutureExt;
use tokio::sync::Notify;

use self::summary::Summary;
use crate::exit::Exit;
use crate::serve::{explain_config, explain_start, start_audit};
use crate::{stop, ui};

/// A configuration, and all that it names.
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) live: Live,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Option<Settings>,
    digests: Digests,
    fetcher: Option<Fetcher>,
}

impl Loaded {
    /// Reads `file`, and what it names; lists that were never fetched are fetched if `fetch` says so.
    pub(crate) async fn load(file: &Path, fetch: bool) -> Result<Self> {
        let config = Config::from_file(file).map_err(explain_config)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut fetcher = Fetcher::new(&config, Arc::clone(&clock)).await?;
        if fetch {
            fetch_what_is_wanting(fetcher.as_mut()).await;
        }
        // First: what changes while the files are loaded is noticed later.
        let digests = Digests::of(config.files());
        let live = config.load(Arc::clone(&clock)).map_err(explain_config)?;
        let settings = config.load_oauth(live.load().directory());
        let settings = settings.map_err(explain_config)?;
        Ok(Self {
            config,
            live,
            clock,
            settings,
            digests,
            fetcher,
        })
    }

    /// Opens the storage; one in memory where nothing is `served`.
    pub(crate) async fn open(&mut self, served: bool) -> Result<State> {
        let mut config = self.config.clone();
        if !served && config.storage.is_some() {
            config.storage = Some("sqlite::memory:".to_owned());
        }
        let opened = State::open(&config, self.live.clone(), self.settings.take()).await;
        opened.context("what the server keeps has no place")
    }

    /// What is odd about the policy, where `table` are the routes.
    pub(crate) fn warnings(&self, table: &RouteTable) -> Vec<String> {
        let policy = self.config.policy.display();
        let found = countersign_server::warnings_of(&self.live, table).into_iter();
        found
            .map(|warning| format!("`{policy}`: {warning}"))
            .collect()
    }

    /// What is odd about the gateways that are believed.
    pub(crate) fn warnings_of_gateways(&self) -> Vec<String> {
        countersign_server::gateway_warnings(&self.live)
    }

    /// Says that nothing is wrong with the state, what is odd, and whom it would refuse.
    pub(crate) fn check(&self, mut warnings: Vec<String>, as_json: bool) -> Result<Exit> {
        warnings.extend(refused_of_late(&self.config, &self.live)?);
        let summary = Summary::of(&self.config, &self.live);
        match as_json {
            true => ui::data(summary.document(&warnings)),
            false => {
                ui::warnings(&warnings);
                ui::note(summary);
            }
        }
        Ok(Exit::Done)
    }

    /// Serves what `start` starts, with the routes of `table`, until it is asked to stop.
    pub(crate) async fn serve<S>(
        self,
        table: RouteTable,
        state: State,
        start: impl FnOnce(Addresses, Live, Audit) -> S,
    ) -> Result<()>
    where
        S: Future<Output = Result<Serving, StartError>>,
    {
        let (audit, writer) = start_audit(&self.config.audit, self.config.audit_before_answer)?;
        // Before anybody is told that we serve, and might ask us to stop.
        let at_once = Arc::new(Notify::new());
        let (stop, hangups) = (stop::asked_to_stop()?, hangups(Arc::clone(&at_once))?);
        let addresses = self.config.addresses;
        let live = self.live;
        let files = ConfigFiles::new(self.config, table).with_tokens(state.tokens().cloned());
        let reloader = Reloader::new(files, self.digests, live.clone(), audit.clone());
        let fetching = fetching(self.fetcher, live.clone(), audit.clone());
        let serving = start(addresses, live, audit).await.map_err(explain_start)?;
        tell_where(&serving);
        let beside = unbroken(async {
            tokio::select! {
                () = reloader.run(at_once) => {}
                () = fetching => {}
                () = state.run() => {}
            }
        });
        let ended = tokio::select! {
            asked = stop => asked.map_err(Into::into),
            () = hangups => Ok(()),
            broken = beside => broken,
        };
        ui::note("stopping: requests in flight have 10 s to finish");
        serving.stop().await;
        writer.finish();
        ended
    }
}

/// What goes on beside the requests for ever: without it, a revocation would not be noticed any more. So a panic in it ends the program, as
/// if asked to stop, and with an error: whoever watches over it starts it again, with what the files say. To go on with a reload that
/// was left half-done would be to guess.
async fn unbroken(beside: impl Future<Output = ()>) -> Result<()> {
    let ended = AssertUnwindSafe(beside).catch_unwind().await;
    ended.map_err(|_| anyhow!("what reloads, fetches and tidies has panicked"))
}

/// A list that was never fetched is fetched now: without it nothing can be loaded.
async fn fetch_what_is_wanting(fetcher: Option<&mut Fetcher>) {
    if let Some(fetcher) = fetcher.filter(|fetcher| fetcher.is_wanting()) {
        for (url, error) in fetcher.fetch().await {
            ui::warnings(&[format!("the revocation list at `{url}` {error}")]);
        }
    }
}

fn tell_where(server: &Serving) {
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
fn refused_of_late(config: &Config, live: &Live) -> Result<Vec<String>> {
    match &config.audit {
        AuditTarget::File(log) if log.exists() => seen::refused(log, live),
        _ => Ok(Vec::new()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_beside_the_requests_is_an_error_and_no_panic() {
        let broken = unbroken(async { panic!("the list is odd") }).await;
        let told = broken.unwrap_err().to_string();
        assert_eq!(told, "what reloads, fetches and tidies has panicked");
    }
}
