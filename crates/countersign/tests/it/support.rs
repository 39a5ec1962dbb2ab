use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

/// The command line, in a folder of the test's own.
pub(crate) fn countersign(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder).args(args);
    command
}

/// What it says, and how it exits.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Output {
    countersign(folder, args).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// A server that runs until the test ends.
pub(crate) struct Running {
    child: Child,
    // Kept open: what is said later must find a reader.
    _said: Lines<BufReader<ChildStderr>>,
    before: Vec<String>,
    pub(crate) api: String,
    pub(crate) admin: String,
}

impl Running {
    /// Starts it, and reads where it serves from what it says.
    pub(crate) fn start(mut command: Command) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut before = Vec::new();
        let mut serving = said.by_ref().filter_map(|line| {
            let line = line.unwrap();
            let address = line
                .strip_prefix("serving ")
                .and_then(|rest| rest.split(' ').next());
            let address = address.map(str::to_owned);
            before.push(line);
            address
        });
        let (api, admin) = (serving.next().unwrap(), serving.next().unwrap());
        Self {
            child,
            _said: said,
            before,
            api,
            admin,
        }
    }

    /// What it said until it served.
    pub(crate) fn said(&self) -> String {
        self.before.join("\n")
    }

    /// How many files and sockets it has open.
    #[cfg(target_os = "linux")]
    pub(crate) fn descriptors(&self) -> usize {
        let open = std::fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        open.unwrap().count()
    }

    /// Asks it to reload.
    #[cfg(unix)]
    pub(crate) fn hang_up(&self) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-HUP", &pid]).status().unwrap();
    }

    /// Asks it to stop, as a service manager does, and answers how it exits.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").arg(pid).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already where it was terminated.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
