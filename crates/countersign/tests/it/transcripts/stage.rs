use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};

use super::redacted::redacted;
use crate::support::{Running, countersign, run};

/// A folder in which a session is played, with the configurations of `fixtures`; and a server, where it calls one.
pub(super) struct Stage {
    folder: TempDir,
    server: Option<Running>,
}

impl Stage {
    pub(super) fn set(session: &str) -> Self {
        let folder = tempdir().unwrap();
        fixtures(&folder.path().join("fixtures"));
        let server = session.contains(SERVER).then(|| serve(folder.path()));
        Self { folder, server }
    }

    /// What comes of a line, as it is written down.
    pub(super) fn said(&self, line: &str) -> String {
        let output = self.run(line);
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| self.shown(bytes));
        let mark = |mark: &str, text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| format!("{mark} {line}"));
            lines.map(|line| format!("{}\n", line.trim_end())).collect()
        };
        let mut said = [mark("|", &out), mark("!", &err)].concat().concat();
        match output.status.code() {
            Some(0) => {}
            Some(code) => said += &format!("? {code}\n"),
            None => said += "killed\n",
        }
        said
    }

    fn run(&self, line: &str) -> Output {
        let binaries = Path::new(env!("CARGO_BIN_EXE_countersign"))
            .parent()
            .unwrap();
        let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
        let line = match &self.server {
            Some(server) => line.replace(SERVER, &server.api.replace("127.0.0.1", "localhost")),
            None => line.to_owned(),
        };
        let mut bash = Command::new("bash");
        let bash = bash
            .args(["-o", "pipefail", "-c", &line])
            .current_dir(self.folder.path());
        bash.env("PATH", path)
            .env_remove("CLICOLOR_FORCE")
            .output()
            .unwrap()
    }

    fn shown(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        redacted(&text.replace(self.folder.path().to_str().unwrap(), "[FOLDER]"))
    }
}

/// Where a session calls the server.
const SERVER: &str = "https://localhost:8443";

/// The configurations that are committed, on free ports.
fn fixtures(folder: &Path) {
    fs::create_dir(folder).unwrap();
    let committed = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"));
    for name in [
        "gateway.toml",
        "pki.toml",
        "policy.toml",
        "routes.json",
        "server.toml",
    ] {
        let mut text = fs::read_to_string(committed.join(name)).unwrap();
        for port in [":8443", ":8444", ":8445", ":8446"] {
            text = text.replace(port, ":0");
        }
        fs::write(folder.join(name), text).unwrap();
    }
}

/// The reference server with the dev certificates.
fn serve(folder: &Path) -> Running {
    let made = run(folder, &["pki", "init"]);
    assert!(made.status.success());
    Running::start(countersign(folder, &["serve"]))
}
