use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::plain::ANSWER;
use crate::{Folder, Running};

/// A server, and the lists that it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "nothing depends on this crate")]
pub struct Contender {
    /// What runs.
    pub kind: Kind,
    /// At which lists it looks.
    pub lists: Lists,
}

/// What runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "nothing depends on this crate")]
pub enum Kind {
    /// `countersign serve`, with everything switched on.
    Ours,
    /// axum on tokio-rustls.
    Axum,
    /// axum on axum-server, with no-delay.
    AxumServer,
    /// Envoy, which `COUNTERSIGN_ENVOY` may name.
    Envoy,
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
}

/// At which revocation lists a contender looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "nothing depends on this crate")]
pub enum Lists {
    /// Ours at lists on which nobody is, the others at none.
    Usual,
    /// All of them at a list with a million entries.
    Million,
}

impl Kind {
    /// Those that are compared.
    pub const ALL: [Self; 6] = [
        Self::Ours,
        Self::Axum,
        Self::AxumServer,
        Self::Envoy,
        Self::Nginx,
        Self::Haproxy,
    ];

    /// What it is called on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ours => "countersign",
            Self::Axum => "axum",
            Self::AxumServer => "axum-server",
            Self::Envoy => "envoy",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
        }
    }
}

impl Contender {
    /// With the lists that it usually has.
    pub fn usual(kind: Kind) -> Self {
        let lists = Lists::Usual;
        Self { kind, lists }
    }

    /// Where ours writes its audit log, in the folder.
    pub(crate) fn audit(self) -> String {
        format!("audit-{:?}.jsonl", self.lists)
    }

    /// Starts it on the processor `cpu`, and waits until it can be called.
    ///
    /// # Errors
    ///
    /// It is not on this machine, or does not start.
    pub fn start(self, folder: &Folder, cpu: usize) -> Result<Running> {
        let port = free_port()?;
        let mut command = Command::new("taskset");
        command.arg("--cpu-list").arg(cpu.to_string());
        self.command(&mut command, folder, port)?;
        command.current_dir(folder.path());
        Running::start(command, port, self.audits(folder))
            .with_context(|| format!("`{}` does not start", self.kind.word()))
    }

    fn audits(self, folder: &Folder) -> Option<PathBuf> {
        (self.kind == Kind::Ours).then(|| folder.file(&self.audit()))
    }

    fn command(self, command: &mut Command, folder: &Folder, port: u16) -> Result<()> {
        match self.kind {
            Kind::Ours => {
                let config = self.configure(folder, port, "toml", OURS)?;
                command.arg(beside("countersign")?).arg("serve");
                command.arg("--config").arg(config);
            }
            Kind::Axum | Kind::AxumServer => {
                let program = format!("plain-{}", self.kind.word());
                command.arg(beside(&program)?);
                command.arg(format!("127.0.0.1:{port}")).arg(folder.path());
                command.args(self.lists_file());
            }
            Kind::Envoy => {
                let envoy = std::env::var("COUNTERSIGN_ENVOY");
                command.arg(envoy.unwrap_or_else(|_| "envoy".to_owned()));
                let config = self.configure(folder, port, "yaml", ENVOY)?;
                command.arg("-c").arg(config);
                command.args(["--log-level", "error", "--use-dynamic-base-id"]);
                command.args(["--concurrency", "1"]);
            }
            Kind::Nginx => {
                let config = self.configure(folder, port, "conf", NGINX)?;
                let process = format!("daemon off; master_process off; pid {port}.pid;");
                command.args(["nginx", "-e", "error.log", "-g", &process]);
                command.arg("-p").arg(folder.path()).arg("-c").arg(config);
            }
            Kind::Haproxy => {
                let config = self.configure(folder, port, "cfg", HAPROXY)?;
                command.args(["haproxy", "-db", "-f"]).arg(config);
            }
        }
        Ok(())
    }

    fn configure(
        self,
        folder: &Folder,
        port: u16,
        ending: &str,
        template: &str,
    ) -> Result<PathBuf> {
        let text = template
            .replace("{port}", &port.to_string())
            .replace("{admin}", &free_port()?.to_string())
            .replace("{audit}", &self.audit())
            .replace("{answer}", ANSWER)
            .replace("{lists}", &self.lists_key());
        folder.write(&format!("{port}.{ending}"), text)
    }

    /// In the words of its configuration.
    fn lists_key(self) -> String {
        let Some(file) = self.lists_file() else {
            return match self.kind {
                Kind::Ours => "empty.crl".to_owned(),
                _ => String::new(),
            };
        };
        match self.kind {
            Kind::Envoy => format!("crl: {{ filename: {file} }}"),
            Kind::Nginx => format!("ssl_crl {file};"),
            Kind::Haproxy => format!("crl-file {file}"),
            Kind::Ours | Kind::Axum | Kind::AxumServer => file.to_owned(),
        }
    }

    fn lists_file(self) -> Option<&'static str> {
        (self.lists == Lists::Million).then_some("million.crl")
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::Ours => "**countersign**, everything on",
            Kind::Axum => "axum on tokio-rustls",
            Kind::AxumServer => "axum-server, no-delay",
            Kind::Envoy => "Envoy",
            Kind::Nginx => "nginx",
            Kind::Haproxy => "HAProxy",
        };
        f.write_str(name)?;
        match self.lists {
            Lists::Usual => Ok(()),
            Lists::Million => f.write_str(", list of 1,000,000"),
        }
    }
}

/// A program that was built with this one, or with the test that this is.
fn beside(program: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let mut built = own.ancestors().skip(1).take(2).map(|it| it.join(program));
    built
        .find(|path| path.is_file())
        .with_context(|| format!("`{program}` is not built: `just bench` builds it"))
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

const OURS: &str = include_str!("../configs/countersign.toml");
const ENVOY: &str = include_str!("../configs/envoy.yaml");
const NGINX: &str = include_str!("../configs/nginx.conf");
const HAPROXY: &str = include_str!("../configs/haproxy.cfg");
