use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) use crate::running::{is_here, is_installed};

/// `countersign dev`, serving in a folder of its own.
pub(crate) struct Dev {
    folder: TempDir,
    child: Child,
    printed: Vec<String>,
    // Kept open: what is printed later must find a reader.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Dev {
    /// Starts it, and reads what it prints until the last line to paste.
    pub(crate) fn start() -> Self {
        Self::of("reference", " call --cert ")
    }

    /// The same with the bank; the certificates are in `.countersign/open-banking`.
    pub(crate) fn bank() -> Self {
        Self::of("open-banking", "/openapi.json")
    }

    fn of(profile: &str, last: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["dev", "--profile", profile])
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = Vec::new();
        for line in stdout.by_ref() {
            printed.push(line.unwrap());
            if printed.last().unwrap().contains(last) {
                break;
            }
        }
        Self {
            folder,
            child,
            printed,
            _stdout: stdout,
        }
    }

    /// The printed line that calls with `countersign` itself, the last one.
    pub(crate) fn own_line(&self) -> &str {
        self.printed.last().unwrap()
    }

    /// The printed line that begins with `program`.
    pub(crate) fn line(&self, program: &str) -> &str {
        let mut lines = self.printed.iter();
        lines.find(|line| line.starts_with(program)).unwrap()
    }

    /// The port of the API.
    pub(crate) fn port(&self) -> &str {
        let (_, rest) = self.line("curl").split_once("https://localhost:").unwrap();
        rest.split('/').next().unwrap()
    }

    /// Runs `line` in a shell, in the folder of the certificates.
    pub(crate) fn paste(&self, line: &str) -> Output {
        self.command("sh", &["-c", line]).output().unwrap()
    }

    /// Runs `program` in the folder of the certificates, with `input`.
    pub(crate) fn run(&self, program: &str, args: &[&str], input: &str) -> Output {
        let mut command = self.command(program, args);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that was refused may not read what it is given.
        let _ = stdin.write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        output
    }

    /// The folder that it was started in; the certificates are in `.countersign`.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.folder.path());
        command
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python that has what the tests want.
pub(crate) fn python() -> String {
    env::var("COUNTERSIGN_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
