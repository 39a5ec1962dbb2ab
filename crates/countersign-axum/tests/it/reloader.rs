//! A service of one's own puts in force what its files say, and keeps what it has where they say nothing right.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_axum::audit::{AuditWriter, EventKind, Outcome};
use countersign_axum::{
    Anchors, Audit, AuditEvent, Clock, Credential, Directory, Forwarding, Live, NewState, Reloaded,
    Reloader, RevocationList, ServerOptions, Sessions, Source, SystemClock, Trust, TrustSnapshot,
};
use countersign_identity::{NameRules, Scheme, Thumbprint};
use countersign_pki::{Authority, Issued};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::world::soon;

const POLICY: &str = r#"
version = 1

[principals.billing]
identities = [{ trust = "clients", name = "spiffe://dev.example/billing" }]
"#;

type Failure = Box<dyn Error + Send + Sync>;

/// What an author of a service would write.
#[derive(Clone, Debug)]
struct Files {
    folder: PathBuf,
    /// The epoch that it was last told of.
    told: Arc<AtomicU64>,
}

impl Files {
    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Source for Files {
    type Error = Failure;

    fn files(&self) -> Vec<PathBuf> {
        let names = ["server.pem", "server-key.pem", "root.pem", "root.crl"];
        let names = names.into_iter().chain(["policy.toml"]);
        names.map(|name| self.at(name)).collect()
    }

    fn load(&mut self, sessions: Sessions, clock: Arc<dyn Clock>) -> Result<NewState, Failure> {
        let policy = fs::read_to_string(self.at("policy.toml"))?;
        assert_ne!(policy, "odd", "nobody thought of that");
        let names = NameRules::new(Scheme::Spiffe, ["spiffe://dev.example/*".parse()?]);
        let anchors = Anchors::from_pem_file(self.at("root.pem"))?;
        let trust = Trust::new("clients".parse()?, anchors, names)
            .with_lists(RevocationList::from_file(self.at("root.crl"))?);
        let server = Credential::from_pem_files(self.at("server.pem"), self.at("server-key.pem"))?;
        let options = ServerOptions::default().sessions(sessions);
        let trust = TrustSnapshot::with_options(server, vec![trust], options, clock)?;
        let told = Arc::clone(&self.told);
        Ok(NewState::new(trust, Directory::from_toml(&policy)?)
            .forwarding(Forwarding::default())
            .afterwards(move |live| {
                assert!(!policy.contains("late"), "nobody thought of that");
                told.store(epoch(live), Ordering::Relaxed);
            }))
    }
}

/// A folder of files, and what reloads them.
struct Service {
    folder: TempDir,
    root: Authority,
    told: Arc<AtomicU64>,
    reloader: Reloader<Files>,
    events: UnboundedReceiver<AuditEvent>,
    _writer: AuditWriter,
}

impl Service {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Authority::root("Clients", Timestamp::now()).unwrap();
        write(folder.path(), "policy.toml", POLICY);
        write(folder.path(), "root.pem", root.certificate_pem());
        write(folder.path(), "root.crl", list(&root));
        let server = server(&root);
        write(folder.path(), "server.pem", server.chain_pem());
        write(folder.path(), "server-key.pem", server.key_pem());
        let told = Arc::default();
        let files = Files {
            folder: folder.path().to_owned(),
            told: Arc::clone(&told),
        };
        let (sink, events) = unbounded_channel();
        let (audit, writer) = Audit::start(sink).unwrap();
        Self {
            folder,
            root,
            told,
            reloader: Reloader::load(files, audit, Arc::new(SystemClock)).unwrap(),
            events,
            _writer: writer,
        }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        write(self.folder.path(), name, text);
    }

    /// What the second poll makes of it; the first only notices.
    async fn settle(&mut self) -> Option<Reloaded<Failure>> {
        assert!(self.reloader.poll().await.is_none(), "it may be half-done");
        self.reloader.poll().await
    }

    /// The number of the state in force.
    fn epoch(&self) -> u64 {
        epoch(&self.reloader.live())
    }

    /// The certificate that is presented.
    fn presented(&self) -> Thumbprint {
        let live = self.reloader.live();
        let snapshot = live.load();
        snapshot.trust().credential().certificate().thumbprint()
    }

    /// The next audit event, in short: what became of the new state, and the files that differ.
    async fn event(&mut self) -> String {
        brief(&self.events.recv().await.unwrap())
    }
}

fn brief(event: &AuditEvent) -> String {
    assert_eq!(event.kind, EventKind::Reload);
    let changed = event.reload().unwrap().changed.iter();
    let changed = changed.map(|file| file.rsplit('/').next().unwrap());
    let mut words = vec![event.outcome.as_str()];
    words.extend(changed);
    words.join(" ")
}

fn epoch(live: &Live) -> u64 {
    live.load().epoch().number()
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let beside = folder.join("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join(name)).unwrap();
}

fn server(by: &Authority) -> Issued {
    by.server(Timestamp::now())
        .dns("localhost")
        .issue()
        .unwrap()
}

fn list(by: &Authority) -> String {
    by.crl(Timestamp::now()).issue().unwrap().pem()
}

fn applied(reloaded: &Option<Reloaded<Failure>>) -> bool {
    matches!(reloaded, Some(Reloaded::Applied { .. }))
}

#[tokio::test]
async fn what_has_held_for_two_polls_is_in_force() {
    let mut service = Service::new();
    assert!(service.reloader.poll().await.is_none(), "nothing is new");
    let renewed = Authority::root("Renewed", Timestamp::now()).unwrap();
    service.write("root.pem", renewed.certificate_pem());
    service.write("root.crl", list(&renewed));
    assert!(service.reloader.poll().await.is_none());
    assert_eq!(service.epoch(), 1, "it may be half-done");
    assert!(applied(&service.reloader.poll().await));
    assert_eq!(service.event().await, "applied root.crl root.pem");

    service.write("policy.toml", "version = 1");
    assert!(applied(&service.settle().await));
    assert_eq!(service.event().await, "applied policy.toml");
    let live = service.reloader.live();
    assert_eq!(live.load().directory().identities().count(), 0);
    assert_eq!(service.epoch(), 3);
}

#[tokio::test]
async fn a_certificate_without_its_key_is_not_taken() {
    let mut service = Service::new();
    let before = service.presented();
    let renewed = server(&service.root);
    service.write("server.pem", renewed.chain_pem());
    assert!(service.reloader.poll().await.is_none());
    service.write("server-key.pem", renewed.key_pem());
    assert!(applied(&service.settle().await));
    assert_eq!(service.event().await, "applied server-key.pem server.pem");
    let after = service.presented();
    assert_ne!(after, before);

    // The key does not come.
    service.write("server.pem", server(&service.root).chain_pem());
    let refused = service.settle().await;
    assert!(matches!(refused, Some(Reloaded::Refused(_))), "{refused:?}");
    assert_eq!(service.event().await, "refused server.pem");
    assert_eq!(service.presented(), after);
}

#[tokio::test]
async fn a_wrong_policy_is_told_once_and_the_old_one_stays_until_it_is_mended() {
    let mut service = Service::new();
    service.write("policy.toml", "version = 1\n\n[principal.x]\n");
    let refused = service.settle().await;
    assert!(matches!(refused, Some(Reloaded::Refused(_))), "{refused:?}");
    for _ in 0..3 {
        assert!(service.reloader.poll().await.is_none(), "it has been said");
    }
    let event = service.events.recv().await.unwrap();
    assert_eq!(event.outcome, Outcome::Refused);
    let why = event.detail().unwrap();
    assert!(why.starts_with("line 3, column 2: "), "{why}");
    assert!(service.events.try_recv().is_err(), "one event");
    let live = service.reloader.live();
    assert_eq!(live.load().directory().identities().count(), 1);
    assert_eq!(service.epoch(), 1);

    service.write("policy.toml", format!("{POLICY}\n# mended"));
    assert!(applied(&service.settle().await));
    assert_eq!(service.event().await, "applied policy.toml");
}

#[tokio::test]
async fn what_else_hangs_on_the_files_follows_what_is_in_force() {
    let mut service = Service::new();
    let told = Arc::clone(&service.told);
    assert_eq!(told.load(Ordering::Relaxed), 1);
    service.write("root.pem", "");
    assert!(!applied(&service.reloader.reload().await));
    assert_eq!(told.load(Ordering::Relaxed), 1);
    service.write("root.pem", service.root.certificate_pem());
    assert!(applied(&service.reloader.reload().await));
    assert_eq!(told.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn who_panics_while_the_files_are_read_stops_no_later_reload() {
    let mut service = Service::new();
    service.write("policy.toml", "odd");
    assert!(service.settle().await.is_none());
    service.write("policy.toml", "version = 1");
    assert!(applied(&service.settle().await));
    assert_eq!(service.event().await, "applied policy.toml");
}

#[tokio::test]
async fn who_panics_when_half_of_a_state_is_in_force_ends_the_reloader() {
    let service = Service::new();
    service.write("policy.toml", "version = 1 # late");
    let at_once = Arc::new(Notify::new());
    at_once.notify_one();
    let ended = tokio::spawn(service.reloader.run(at_once));
    assert!(soon(ended).await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn a_service_looks_at_its_files_by_itself() {
    let mut service = Service::new();
    let at_once = Arc::new(Notify::new());
    let running = tokio::spawn(service.reloader.run(at_once));
    write(service.folder.path(), "policy.toml", "version = 1");
    let event = service.events.recv().await.unwrap();
    assert_eq!(brief(&event), "applied policy.toml");
    running.abort();
}

#[tokio::test]
async fn whoever_asks_is_not_kept_waiting_for_a_poll() {
    let mut service = Service::new();
    let at_once = Arc::new(Notify::new());
    let running = tokio::spawn(service.reloader.run(Arc::clone(&at_once)));
    // Nothing is new: no poll would do it.
    at_once.notify_one();
    let event = soon(service.events.recv()).await.unwrap();
    assert_eq!(brief(&event), "applied");
    running.abort();
}

#[tokio::test]
async fn a_service_does_not_start_by_files_that_make_no_state() {
    let service = Service::new();
    service.write("server-key.pem", server(&service.root).key_pem());
    let files = Files {
        folder: service.folder.path().to_owned(),
        told: Arc::default(),
    };
    let (audit, _writer) = Audit::start(unbounded_channel().0).unwrap();
    let refused = Reloader::load(files, audit, Arc::new(SystemClock)).unwrap_err();
    assert!(refused.to_string().contains("server-key.pem"), "{refused}");
}
