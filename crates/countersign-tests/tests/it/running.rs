//! Programs of other makes: are they here, and do they listen? The interop tests of `countersign` ask it too.

use std::env;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A server that runs until the test ends.
pub(crate) struct Running {
    child: Child,
    pub(crate) port: u16,
}

impl Running {
    /// Starts it in `folder`, and waits until it listens.
    pub(crate) fn start(command: &mut Command, folder: &Path, port: u16) -> Self {
        let log = fs::File::create(folder.join("output.log")).unwrap();
        let command = command.current_dir(folder).stdin(Stdio::null());
        let command = command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = command.spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().unwrap();
            let said = || fs::read_to_string(folder.join("output.log")).unwrap();
            assert!(ended.is_none(), "it does not start: {}", said());
            sleep(Duration::from_millis(10));
        }
        Self { child, port }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Whether a tool is here; says why a test is skipped, and refuses to skip in CI.
pub(crate) fn is_here(tool: &str, probe: &mut Command) -> bool {
    let here = is_installed(tool, probe);
    let required = env::var("COUNTERSIGN_INTEROP").is_ok_and(|value| value == "require");
    assert!(here || !required, "{tool} is required and is not here");
    here
}

/// Whether a tool is here that nobody has to install; says why a test is skipped.
pub(crate) fn is_installed(tool: &str, probe: &mut Command) -> bool {
    let answer = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let here = answer.is_ok_and(|status| status.success());
    if !here {
        eprintln!("skipped: {tool} is not here");
    }
    here
}
