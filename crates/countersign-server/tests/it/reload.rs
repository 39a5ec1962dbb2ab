use std::fs;
use std::path::Path;
use std::sync::Arc;

use countersign_axum::audit::{AuditWriter, EventKind, Outcome};
use countersign_axum::{Audit, AuditEvent, Digests, Live, Reloaded, Reloader, SystemClock};
use countersign_pki::{Authority, Issued};
use countersign_server::{Config, ConfigError, ConfigFiles, api};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const CONFIG: &str = r#"
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
policy = "policy.toml"

[credential]
chain = "server.pem"
key = "server-key.pem"

[[trusts]]
name = "clients"
anchors = "root.pem"
scheme = "spiffe"
names = ["spiffe://dev.example/*"]
crls = ["root.crl"]
"#;

const POLICY: &str = r#"
version = 1

[principals.billing]
identities = [{ trust = "clients", name = "spiffe://dev.example/billing" }]
"#;

/// A folder of files, and what reloads them.
struct Files {
    folder: TempDir,
    root: Authority,
    live: Live,
    reloader: Reloader<ConfigFiles>,
    events: UnboundedReceiver<AuditEvent>,
    _writer: AuditWriter,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let root = Authority::root("Clients", now).unwrap();
        let server = root.server(now).dns("localhost").issue().unwrap();
        write(folder.path(), "server.toml", CONFIG);
        write(folder.path(), "policy.toml", POLICY);
        write(folder.path(), "root.pem", root.certificate_pem());
        write(folder.path(), "root.crl", list(&root));
        present(folder.path(), &server);
        let config = Config::from_file(folder.path().join("server.toml")).unwrap();
        let digests = Digests::of(config.files());
        let live = config.load(Arc::new(SystemClock)).unwrap();
        let files = ConfigFiles::new(config, api(live.clone()).table());
        let (sink, events) = unbounded_channel();
        let (audit, writer) = Audit::start(sink).unwrap();
        Self {
            folder,
            root,
            reloader: Reloader::new(files, digests, live.clone(), audit),
            live,
            events,
            _writer: writer,
        }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        write(self.folder.path(), name, text);
    }

    fn epoch(&self) -> u64 {
        self.live.load().epoch().number()
    }

    /// What the second poll makes of it; the first only notices.
    async fn settle(&mut self) -> Option<Reloaded<ConfigError>> {
        assert!(self.reloader.poll().await.is_none(), "it may be half-done");
        self.reloader.poll().await
    }

    async fn event(&mut self) -> AuditEvent {
        self.events.recv().await.unwrap()
    }
}

fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let beside = folder.join("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join(name)).unwrap();
}

fn present(folder: &Path, server: &Issued) {
    write(folder, "server.pem", server.chain_pem());
    write(folder, "server-key.pem", server.key_pem());
}

fn list(by: &Authority) -> String {
    by.crl(Timestamp::now()).issue().unwrap().pem()
}

fn changed(event: &AuditEvent) -> Vec<&str> {
    let changed = event.reload().unwrap().changed.iter();
    changed
        .map(|file| file.rsplit('/').next().unwrap())
        .collect()
}

/// What is bad, which files that changes, how, and a part of the reason.
type Row = (
    &'static str,
    &'static [&'static str],
    Box<dyn Fn(&Files)>,
    &'static str,
);

#[tokio::test]
async fn a_bad_new_state_is_refused_once_and_the_old_one_stays_in_force() {
    let now = Timestamp::now();
    let other = Authority::root("Others", now).unwrap();
    let impostor = Authority::root("Clients", now).unwrap();
    let other_key = other.server(now).dns("localhost").issue().unwrap();
    let year = SignedDuration::from_hours(400 * 24);
    let long_ago = now - year;
    let old = Authority::root("Old", long_ago).unwrap();
    let ended = old.server(long_ago).dns("localhost").issue().unwrap();

    let rows: [Row; 8] = [
        (
            "garbage PEM",
            &["server.pem"],
            Box::new(|files| files.write("server.pem", "-----BEGIN CERTIFICATE-----\nx")),
            "server.pem",
        ),
        (
            "the key of another certificate",
            &["server-key.pem"],
            Box::new(move |files| files.write("server-key.pem", other_key.key_pem())),
            "key",
        ),
        (
            "an expired server certificate",
            &["server-key.pem", "server.pem"],
            Box::new(move |files| present(files.folder.path(), &ended)),
            "certificate 1 expired at",
        ),
        (
            "an empty CA file",
            &["root.pem"],
            Box::new(|files| files.write("root.pem", "")),
            "root.pem",
        ),
        (
            "a list of a wrong signer",
            &["root.crl"],
            Box::new(move |files| files.write("root.crl", list(&impostor))),
            "CN=Clients",
        ),
        (
            "an error in the policy",
            &["policy.toml"],
            Box::new(|files| files.write("policy.toml", format!("{POLICY}permissions = 1"))),
            "policy.toml`: line 6",
        ),
        (
            "a file that is gone",
            &["root.pem"],
            Box::new(|files| fs::remove_file(files.folder.path().join("root.pem")).unwrap()),
            "cannot read",
        ),
        (
            "an unknown key in the configuration",
            &["server.toml"],
            Box::new(|files| files.write("server.toml", format!("{CONFIG}\nkee = 1"))),
            "unknown field `kee`",
        ),
    ];
    for (what, files_changed, spoil, reason) in rows {
        let mut files = Files::new();
        spoil(&files);
        let reloaded = files.settle().await;
        assert!(matches!(reloaded, Some(Reloaded::Refused(_))), "{what}");
        assert_eq!(files.epoch(), 1, "{what}");
        // However long it stays so: it has been said.
        for _ in 0..3 {
            assert!(files.reloader.poll().await.is_none(), "{what}");
        }
        let event = files.event().await;
        assert_eq!(event.kind, EventKind::Reload, "{what}");
        assert_eq!(event.outcome, Outcome::Refused, "{what}");
        assert_eq!(changed(&event), files_changed, "{what}");
        let detail = event.detail().unwrap();
        assert!(detail.contains(reason), "{what}: {detail}");
        assert!(files.events.try_recv().is_err(), "{what}: one event");
    }
}

#[tokio::test]
async fn what_is_mended_is_put_in_force() {
    let mut files = Files::new();
    files.write("policy.toml", "version = 7");
    assert!(matches!(files.settle().await, Some(Reloaded::Refused(_))));
    files.write("policy.toml", format!("{POLICY}\n# mended"));
    assert!(matches!(
        files.settle().await,
        Some(Reloaded::Applied { .. })
    ));
    assert_eq!(files.epoch(), 2);
    assert_eq!(files.event().await.outcome, Outcome::Refused);
    let event = files.event().await;
    assert_eq!(event.outcome, Outcome::Applied);
    assert_eq!(event.epoch.number(), 2);
    assert_eq!(changed(&event), ["policy.toml"]);
}

#[tokio::test]
async fn a_certificate_and_its_key_are_waited_for() {
    let mut files = Files::new();
    let now = Timestamp::now();
    let renewed = files.root.server(now).dns("localhost").issue().unwrap();
    files.write("server.pem", renewed.chain_pem());
    assert!(files.reloader.poll().await.is_none());
    files.write("server-key.pem", renewed.key_pem());
    assert!(matches!(
        files.settle().await,
        Some(Reloaded::Applied { .. })
    ));
    assert_eq!(
        changed(&files.event().await),
        ["server-key.pem", "server.pem"]
    );
}

#[tokio::test]
async fn without_anything_new_nothing_is_done_until_somebody_asks() {
    let mut files = Files::new();
    files.write("policy.toml", POLICY);
    for _ in 0..3 {
        assert!(files.reloader.poll().await.is_none());
    }
    let asked = files.reloader.reload().await;
    assert!(matches!(asked, Some(Reloaded::Applied { .. })));
    assert_eq!(files.epoch(), 2);
    assert!(changed(&files.event().await).is_empty());
}

/// As Kubernetes does: every file is a symbolic link into a folder that is a symbolic link itself.
#[cfg(unix)]
#[tokio::test]
async fn the_swap_of_a_symbolic_link_is_noticed() {
    use std::os::unix::fs::symlink;

    let mut files = Files::new();
    let folder = files.folder.path().to_owned();
    for (version, policy) in [("1", POLICY), ("2", "version = 1\n")] {
        fs::create_dir(folder.join(version)).unwrap();
        write(&folder, &format!("{version}/policy.toml"), policy);
    }
    symlink("1", folder.join("data")).unwrap();
    fs::remove_file(folder.join("policy.toml")).unwrap();
    symlink("data/policy.toml", folder.join("policy.toml")).unwrap();
    assert!(files.reloader.poll().await.is_none());

    symlink("2", folder.join("data-new")).unwrap();
    fs::rename(folder.join("data-new"), folder.join("data")).unwrap();
    assert!(matches!(
        files.settle().await,
        Some(Reloaded::Applied { .. })
    ));
    assert_eq!(changed(&files.event().await), ["policy.toml"]);
    assert_eq!(files.live.load().directory().identities().count(), 0);
}

#[tokio::test]
async fn a_new_trust_in_the_configuration_needs_no_restart() {
    let mut files = Files::new();
    let other = Authority::root("Others", Timestamp::now()).unwrap();
    files.write("others.pem", other.certificate_pem());
    let trust = CONFIG.split("[[trusts]]").nth(1).unwrap();
    let trust = trust.replace("crls = [\"root.crl\"]", "revocation = \"off\"");
    let trust = trust
        .replace("root.pem", "others.pem")
        .replace("clients", "others");
    files.write("server.toml", format!("{CONFIG}\n[[trusts]]{trust}"));
    assert!(matches!(
        files.settle().await,
        Some(Reloaded::Applied { .. })
    ));
    assert_eq!(files.live.load().trust().trusts().len(), 2);
    assert_eq!(changed(&files.event().await), ["others.pem", "server.toml"]);
}
