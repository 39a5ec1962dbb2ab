use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::linux::hang_up;

/// The process of a contender, until it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    port: u16,
    audit: Option<PathBuf>,
}

impl Running {
    pub(crate) fn start(mut command: Command, port: u16, audit: Option<PathBuf>) -> Result<Self> {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut running = Self {
            child: quiet.stderr(Stdio::null()).spawn()?,
            port,
            audit,
        };
        running.wait()?;
        Ok(running)
    }

    fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(self.address()).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status}");
            }
            if begun.elapsed() > LONGEST_START {
                bail!("it does not listen after {LONGEST_START:?}");
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its CPU time up to now.
    ///
    /// # Errors
    ///
    /// The process is gone, or this is not Linux.
    pub fn cpu(&self) -> Result<Duration> {
        let folder = self.proc().join("task");
        let threads = fs::read_dir(&folder).with_context(|| format!("no `{folder:?}`"))?;
        let mut nanos = 0;
        for thread in threads {
            // One that ends meanwhile takes its time with it; no contender ends threads while it is called.
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            nanos += first_number(&text);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Its memory in KiB: its own, and its share of what it shares (PSS).
    ///
    /// # Errors
    ///
    /// The process is gone, or this is not Linux.
    pub fn memory(&self) -> Result<u64> {
        let rollup = fs::read_to_string(self.proc().join("smaps_rollup"))?;
        let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
        Ok(first_number(pss.context("no `Pss` in smaps_rollup")?))
    }

    /// Empties its audit log, so that no disk gets full.
    ///
    /// # Errors
    ///
    /// The file cannot be changed.
    pub fn forget(&self) -> Result<()> {
        let Some(audit) = &self.audit else {
            return Ok(());
        };
        OpenOptions::new().write(true).open(audit)?.set_len(0)?;
        Ok(())
    }

    /// Asks it to read its files again.
    ///
    /// # Errors
    ///
    /// The process is gone, or this is not Linux.
    pub fn reload(&self) -> Result<()> {
        hang_up(&self.child)
    }

    /// Of how many reloads its audit log tells.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn reloads(&self) -> Result<u64> {
        let audit = self.audit.as_deref().context("it has no audit log")?;
        let mut reloads = 0;
        for line in BufReader::new(File::open(audit)?).split(b'\n') {
            let line = line?;
            let found = line.windows(RELOAD.len()).any(|part| part == RELOAD);
            reloads += u64::from(found);
        }
        Ok(reloads)
    }

    fn proc(&self) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// For how long the host of a virtual machine has taken its processors away, in ticks of `/proc/stat`.
///
/// # Errors
///
/// It does not tell, or this is not Linux.
pub fn stolen() -> Result<u64> {
    let text = fs::read_to_string("/proc/stat")?;
    // `cpu`, and then seven other kinds of time.
    let steal = text
        .split_whitespace()
        .nth(8)
        .context("no steal time in /proc/stat")?;
    Ok(steal.parse()?)
}

pub(crate) fn first_number(text: &str) -> u64 {
    let first = text.split_whitespace().next();
    first
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

const RELOAD: &[u8] = b"\"event\":\"reload\"";

/// A list of a million entries takes some of them seconds.
const LONGEST_START: Duration = Duration::from_secs(60);
