//! Whom a server refuses over HTTP, curl and Python read why, each time.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::{env, io};

use io::{BufRead, BufReader};
use tempfile::TempDir;

use crate::support::{is_here, python, stderr, stdout};

/// How often: 20, or what `COUNTERSIGN_REFUSALS` says.
fn times() -> usize {
    let said = env::var("COUNTERSIGN_REFUSALS");
    said.map_or(20, |times| times.parse().unwrap())
}

/// A server that refuses over HTTP, and beside it the dev certificates of another PKI in `other`.
struct Refusing {
    folder: TempDir,
    child: Child,
    address: String,
}

impl Refusing {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        for folder in [folder.path(), &other] {
            assert!(
                countersign(folder, &["pki", "init"])
                    .output()
                    .unwrap()
                    .status
                    .success()
            );
        }
        configure(folder.path());
        let mut child = countersign(folder.path(), &["serve"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines().next();
        let said = said.unwrap().unwrap();
        let (_, port) = said.split_once("127.0.0.1:").unwrap();
        let port = port.split(' ').next().unwrap();
        Self {
            address: format!("https://localhost:{port}/v1/transactions"),
            folder,
            child,
        }
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).args(args);
        command.output().unwrap()
    }
}

impl Drop for Refusing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn countersign(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).args(args);
    command
}

fn configure(folder: &Path) {
    let fixtures = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"));
    fs::create_dir(folder.join("fixtures")).unwrap();
    for name in ["server.toml", "policy.toml"] {
        let text = fs::read_to_string(fixtures.join(name)).unwrap();
        let text = text
            .replace(":8443", ":0")
            .replace(":8444", ":0")
            .replace("\"required\"", "\"refused-over-http\"");
        fs::write(folder.join("fixtures").join(name), text).unwrap();
    }
    fs::write(folder.join("body"), vec![b'x'; 200_000]).unwrap();
}

/// Who is refused, and with which code.
const ROWS: [(&str, &[&str]); 2] = [
    ("certificate-required", &[]),
    (
        "certificate-untrusted",
        &[
            "--cert",
            "other/.countersign/billing.pem",
            "--key",
            "other/.countersign/billing-key.pem",
        ],
    ),
];

#[test]
fn curl_reads_the_reason_each_time() {
    if !is_here("curl", Command::new("curl").arg("--version")) {
        return;
    }
    let server = Refusing::start();
    let trust = ["-sS", "--cacert", ".countersign/root.pem"];
    let bodies: [&[&str]; 2] = [&[], &["--data-binary", "@body", "-H", "Expect:"]];
    for (code, presented) in ROWS {
        for http in ["--http1.1", "--http2"] {
            for body in bodies {
                let args = [&trust[..], presented, body, &[http, &server.address]].concat();
                let read = (0..times()).filter(|_| {
                    let output = server.run("curl", &args);
                    stdout(&output).contains(&format!("\"code\":\"{code}\""))
                });
                let read = read.count();
                assert_eq!(read, times(), "{args:?}");
                let size = if body.is_empty() { "nothing" } else { "200 kB" };
                println!("curl {http}, {code}, sending {size}: {read} of {}", times());
            }
        }
    }
}

#[test]
fn python_reads_the_reason_each_time() {
    let python = python();
    let probe = ["-c", "import requests"];
    if !is_here("Python with requests", Command::new(&python).args(probe)) {
        return;
    }
    let server = Refusing::start();
    let times = times().to_string();
    let output = server.run(&python, &["-c", PYTHON, &server.address, &times]);
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = |code: &str, size| format!("{code} {size}: {times} of {times}\n");
    let expected: String = ROWS
        .iter()
        .flat_map(|(code, _)| [0, 200_000].map(|size| expected(code, size)))
        .collect();
    assert_eq!(stdout(&output), expected);
}

const PYTHON: &str = r#"
import sys, requests
url, times = sys.argv[1], int(sys.argv[2])
other = ("other/.countersign/billing.pem", "other/.countersign/billing-key.pem")
for code, cert in [("certificate-required", None), ("certificate-untrusted", other)]:
    for size in [0, 200_000]:
        read = 0
        for _ in range(times):
            answer = requests.post(url, data=b"x" * size, cert=cert, verify=".countersign/root.pem")
            read += answer.status_code == 401 and answer.json()["code"] == code
        print(f"{code} {size}: {read} of {times}")
"#;
