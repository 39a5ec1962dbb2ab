//! A PostgreSQL that is started for the test.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use countersign_oauth::Store;
use tempfile::TempDir;

/// It runs until it is dropped.
pub(crate) struct Database {
    pub(crate) url: String,
    server: Child,
    _folder: TempDir,
}

impl Database {
    /// On a socket in its folder, and on no port.
    pub(crate) fn postgres() -> Option<Self> {
        let Some(programs) = programs() else {
            let required = env::var("COUNTERSIGN_INTEROP").is_ok_and(|value| value == "require");
            assert!(!required, "PostgreSQL is required and is not here");
            eprintln!("skipped: PostgreSQL is not here");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let owner = Owner::of(folder.path());
        let data = folder.path().join("data");
        let init = ["-A", "trust", "-U", "countersign", "-N", "-D"];
        let made = owner
            .run(&format!("{programs}initdb"))
            .args(init)
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let server = owner
            .run(&format!("{programs}postgres"))
            .args(["-F", "-c", "listen_addresses=", "-k"])
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let host = folder.path().display().to_string().replace('/', "%2F");
        Some(Self {
            url: format!("postgres://countersign@{host}/postgres"),
            server,
            _folder: folder,
        })
    }

    /// Opened, as soon as it answers: another program, that starts in its own time.
    pub(crate) async fn open(&self) -> Store {
        let mut last = None;
        for _ in 0..600 {
            match Store::open(&self.url).await {
                Ok(store) => return store,
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the database does not start: {last:?}");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Debian keeps them apart from other programs.
fn programs() -> Option<String> {
    let has = |folder: &Path| folder.join("initdb").exists() && folder.join("postgres").exists();
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = env::split_paths(&path).find(|folder| has(folder)) {
        return Some(format!("{}/", folder.display()));
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    folders.sort();
    let found = folders.into_iter().rfind(|folder| has(folder))?;
    Some(format!("{}/", found.display()))
}

/// PostgreSQL refuses to run as root: then it runs as `nobody`, to whom the folder is given.
#[cfg(unix)]
struct Owner {
    other: bool,
}

#[cfg(unix)]
impl Owner {
    fn of(folder: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;

        let other = fs::metadata(folder).unwrap().uid() == 0;
        if other {
            std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Self { other }
    }

    fn run(&self, program: &str) -> Command {
        use std::os::unix::process::CommandExt;

        let mut command = Command::new(program);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if self.other {
            command.uid(NOBODY).gid(NOBODY).current_dir("/");
        }
        command
    }
}

#[cfg(unix)]
const NOBODY: u32 = 65534;

#[cfg(not(unix))]
struct Owner;

#[cfg(not(unix))]
impl Owner {
    fn of(_: &Path) -> Self {
        Self
    }

    fn run(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}
