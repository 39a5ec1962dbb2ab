//! `countersign serve` with the committed configuration of an authorization server.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use countersign_pki::{Key, KeyKind};
use serde_json::Value;
use tempfile::TempDir;

use crate::running::free_port;
use crate::support::is_here;

/// Certificates, keys and a configuration, of which several servers may run.
pub(crate) struct Folder {
    pub(crate) folder: TempDir,
    pub(crate) key: Key,
    /// In the name of the issuer; a server that is alone has it.
    pub(crate) port: u16,
}

impl Folder {
    /// None, if there is no curl.
    pub(crate) fn new() -> Option<Self> {
        let mut curl = Command::new("curl");
        is_here("curl", curl.arg("--version")).then_some(())?;
        let folder = tempfile::tempdir().unwrap();
        let made = countersign(folder.path(), &["pki", "init"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let key = Key::generate(KeyKind::P256).unwrap();
        fs::write(
            folder.path().join(".countersign/tokens-key.pem"),
            key.pem().as_bytes(),
        )
        .unwrap();
        let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"));
        fs::create_dir(folder.path().join("fixtures")).unwrap();
        let port = free_port();
        for name in ["tokens.toml", "policy.toml"] {
            let text = fs::read_to_string(fixtures.join(name)).unwrap();
            let text = text
                .replace(":8444\"", ":0\"")
                .replace("127.0.0.1:8443", "127.0.0.1:0");
            let text = text.replace(":8443", &format!(":{port}"));
            fs::write(folder.path().join("fixtures").join(name), text).unwrap();
        }
        Some(Self { folder, key, port })
    }

    /// Changes a text of the configuration.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let path = self.folder.path().join("fixtures/tokens.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// What the server is called.
    pub(crate) fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// A server at the address that the issuer names.
    pub(crate) fn serve(&self) -> Server<'_> {
        self.change(
            "127.0.0.1:0\"\nadmin",
            &format!("127.0.0.1:{}\"\nadmin", self.port),
        );
        self.serve_anywhere()
    }

    /// A server where there is room.
    pub(crate) fn serve_anywhere(&self) -> Server<'_> {
        let mut command = countersign(
            self.folder.path(),
            &["serve", "--config", "fixtures/tokens.toml"],
        );
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        let port = said.by_ref().find_map(|line| {
            before.push(line.unwrap());
            let rest = before.last()?.strip_prefix("serving https://127.0.0.1:")?;
            rest.split(' ').next()?.parse().ok()
        });
        Server {
            folder: self,
            port: port.unwrap_or_else(|| panic!("{before:?}")),
            child,
            _said: said,
        }
    }

    /// The path of a file of the dev PKI.
    pub(crate) fn file(&self, name: &str) -> String {
        let file = self.folder.path().join(".countersign").join(name);
        file.display().to_string()
    }
}

/// One server, until it is dropped or killed.
pub(crate) struct Server<'a> {
    folder: &'a Folder,
    port: u16,
    child: Child,
    // Kept open: what is said later must find a reader.
    _said: Lines<BufReader<ChildStderr>>,
}

impl Server<'_> {
    /// Asks by curl, as the dev client `client` or as nobody, and answers the status and the body.
    pub(crate) fn ask(&self, client: &str, path: &str, args: &[&str]) -> (u16, Value) {
        let url = format!("https://localhost:{}{path}", self.port);
        let mut curl = Command::new("curl");
        curl.args([
            "-sS",
            "--max-time",
            "20",
            "-w",
            "\n%{http_code}",
            "--cacert",
        ]);
        curl.arg(self.folder.file("root.pem"));
        if !client.is_empty() {
            curl.arg("--cert")
                .arg(self.folder.file(&format!("{client}.pem")));
            curl.arg("--key")
                .arg(self.folder.file(&format!("{client}-key.pem")));
        }
        let output = curl.args(args).arg(url).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let (body, status) = said.rsplit_once('\n').unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        (
            status.parse().unwrap(),
            serde_json::from_str(body).unwrap_or(Value::Null),
        )
    }

    /// Gets a token.
    pub(crate) fn token(&self, client: &str) -> String {
        let id = format!("client_id={client}");
        let form = ["-d", "grant_type=client_credentials", "-d", &id];
        let (status, body) = self.ask(client, "/oauth/token", &form);
        assert_eq!(status, 200, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// Revokes a token.
    pub(crate) fn revoke(&self, client: &str, token: &str) {
        let (id, token) = (format!("client_id={client}"), format!("token={token}"));
        let (status, body) = self.ask(client, "/oauth/revoke", &["-d", &id, "-d", &token]);
        assert_eq!(status, 200, "{body}");
    }

    /// Reads transactions with a token: the status, and the code of what is refused.
    pub(crate) fn read(&self, client: &str, token: &str) -> String {
        let header = format!("Authorization: Bearer {token}");
        let (status, body) = self.ask(client, "/v1/transactions", &["-H", &header]);
        match status {
            200 => "200".to_owned(),
            _ => format!("{status} {}", body["code"].as_str().unwrap_or_default()),
        }
    }

    /// Asks it to reload, and waits until its keys are `keys` in number.
    pub(crate) fn reload(&self, keys: usize) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-HUP", &pid]).status().unwrap();
        for _ in 0..200 {
            let (_, set) = self.ask("", "/oauth/jwks", &[]);
            if set["keys"].as_array().unwrap().len() == keys {
                return;
            }
            // Another process, that reloads in its own time.
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("there are never {keys} keys");
    }

    /// Kills it, with what it had in hand.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn countersign(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).args(args);
    command
}
