//! What happens to somebody who types what a page shows?

use std::env;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::{TempDir, tempdir};

use super::block::Block;
use super::expected::agrees;
use super::ports::Ports;
use super::repository;

/// A folder like a clone, ports, and what runs in the background.
pub(super) struct Session {
    page: String,
    folder: TempDir,
    ports: Ports,
    server: Option<Ending>,
    others: Vec<Ending>,
}

impl Session {
    pub(super) fn new(page: &str) -> Self {
        let session = Self {
            page: page.to_owned(),
            folder: tempdir().unwrap(),
            ports: Ports::free(),
            server: None,
            others: Vec::new(),
        };
        for part in ["fixtures", "fixtures/ci"] {
            for entry in fs::read_dir(repository().join(part)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let name = path.file_name().unwrap().to_str().unwrap();
                    session.put(
                        &format!("{part}/{name}"),
                        &fs::read_to_string(&path).unwrap(),
                    );
                }
            }
        }
        session
    }

    /// A file that the reader would make.
    pub(super) fn put(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.ports.here(text)).unwrap();
    }

    /// Types what a block shows.
    pub(super) fn run(&mut self, block: &Block) {
        for shown in commands(&block.text) {
            let place = format!(
                "{}, below line {}: {}",
                self.page, block.line, shown.command
            );
            match missing(&shown.command) {
                Some(tool) => eprintln!("left out, for there is no {tool}: {place}"),
                None if shown.goes_on() => self.start(&shown, &place),
                None => self.expect(&shown, &place),
            }
        }
    }

    fn expect(&self, shown: &Shown, place: &str) {
        let command = format!("{{ {}\n}} 2>&1", shown.command);
        let output = self.within_a_minute(&command).output().unwrap();
        let said = self.ports.named(&String::from_utf8_lossy(&output.stdout));
        assert_eq!(output.status.code(), Some(shown.code()), "{place}\n{said}");
        assert!(shown.is_said_by(&said), "{place}\nsaid instead:\n{said}");
    }

    fn start(&mut self, shown: &Shown, place: &str) {
        let ours = shown.command.starts_with("countersign ");
        if ours {
            self.server = None; // first the ports are given back
        }
        let log = self.folder.path().join("said.log");
        let (out, err) = (
            File::create(&log).unwrap(),
            File::options().append(true).open(&log).unwrap(),
        );
        let command = shown.command.trim_end_matches('&');
        let mut started = self.bash(&format!("exec {command}"));
        let child = started.stdout(out).stderr(err).spawn().unwrap();
        if ours {
            self.server = Some(Ending(child));
            self.wait(shown, &log, place);
        } else {
            self.others.push(Ending(child));
        }
    }

    /// Until a server says what the page says, or else that it serves.
    fn wait(&mut self, shown: &Shown, log: &Path, place: &str) {
        let began = Instant::now();
        loop {
            let said = self.ports.named(&fs::read_to_string(log).unwrap());
            if said.contains("(admin") && shown.is_said_by(&said) {
                return;
            }
            let ended = self.server.as_mut().and_then(|it| it.0.try_wait().unwrap());
            assert_eq!(ended, None, "{place}\nended, and said:\n{said}");
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{place}\nsaid:\n{said}"
            );
            sleep(Duration::from_millis(20)); // there is nothing to wait on: it is another process
        }
    }

    /// A command that waits for what never comes fails, with 124, and so does all that it started.
    fn within_a_minute(&self, line: &str) -> Command {
        let bash = self.bash(line);
        let mut limited = Command::new("timeout");
        limited
            .arg("60")
            .arg(bash.get_program())
            .args(bash.get_args());
        limited.current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, value) in bash.get_envs() {
            match value {
                Some(value) => limited.env(name, value),
                None => limited.env_remove(name),
            };
        }
        limited
    }

    fn bash(&self, line: &str) -> Command {
        let binaries = Path::new(env!("CARGO_BIN_EXE_countersign"))
            .parent()
            .unwrap();
        let path = format!(
            "{}:{}:/usr/sbin",
            binaries.display(),
            env::var("PATH").unwrap()
        );
        let mut bash = Command::new("bash");
        bash.args(["-c", &self.ports.here(line)])
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null());
        bash
    }
}

/// A process that ends with the page.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A command as a page shows it, and what it is to say.
struct Shown {
    command: String,
    says: Vec<String>,
}

impl Shown {
    fn goes_on(&self) -> bool {
        let serves = ["serve", "gateway", "dev"].iter().any(|it| {
            let told = self.command.strip_prefix("countersign ");
            told.is_some_and(|told| told.split(' ').next() == Some(it))
        });
        let looks = ["--once", "--check", "--routes", "--help"];
        self.command.ends_with('&') || serves && !looks.iter().any(|it| self.command.contains(it))
    }

    /// With what it is to exit.
    fn code(&self) -> i32 {
        let remark = self.command.split("# exits with ").nth(1);
        remark.map_or(0, |code| code.trim().parse().unwrap())
    }

    fn is_said_by(&self, said: &str) -> bool {
        let expected: Vec<_> = self.says.iter().map(String::as_str).collect();
        expected.is_empty() || agrees(&expected, &said.lines().collect::<Vec<_>>())
    }
}

fn commands(block: &str) -> Vec<Shown> {
    let joined = block.replace("\\\n", " ");
    let mut all: Vec<Shown> = Vec::new();
    for line in joined.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command = command.replace("cargo run -p countersign -- ", "countersign ");
            all.push(Shown {
                command,
                says: Vec::new(),
            });
        } else {
            all.last_mut().unwrap().says.push(line.to_owned());
        }
    }
    all
}

/// A tool that a command needs and that is not here. What the gate installs must be there in the gate.
fn missing(command: &str) -> Option<&'static str> {
    let installed = ["curl", "openssl", "python3", "node", "nginx"];
    let others = ["go", "java", "javac", "keytool", "docker", "kubectl"];
    let asked = |tool: &&str| {
        let mut parts = command.split(['|', ';', '&']);
        parts.any(|part| part.split_whitespace().next() == Some(*tool))
    };
    let absent = |tool: &&str| {
        let found = Command::new("sh")
            .args(["-c", &format!("PATH=$PATH:/usr/sbin; command -v {tool}")])
            .output();
        !found.is_ok_and(|found| found.status.success())
    };
    let lacks = |tools: &[&'static str]| {
        tools
            .iter()
            .copied()
            .find(|tool| asked(tool) && absent(tool))
    };
    if let Some(tool) = lacks(&installed) {
        assert!(env::var_os("CI").is_none(), "the gate installs {tool}");
        return Some(tool);
    }
    lacks(&others)
}
