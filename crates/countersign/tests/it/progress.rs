//! How far it is, is shown on a terminal and nowhere else; and colours are.

#[cfg(target_os = "linux")]
use std::{path::Path, process::Command};

use tempfile::tempdir;

use crate::support::{run, stderr};

const ISSUE: [&str; 9] = [
    "pki", "issue", "client", "load", "--count", "60", "--dir", "certs", "--json",
];

/// What `script` of Linux says while it lends a terminal; nothing where there is none. An empty NO_COLOR wants colours.
#[cfg(target_os = "linux")]
fn on_a_terminal(folder: &Path, line: &str, no_color: &str) -> Option<String> {
    let line = format!("{} {line}", env!("CARGO_BIN_EXE_countersign"));
    let mut script = Command::new("script");
    let script = script.args(["-qc", &line, "/dev/null"]);
    let script = script.env("TERM", "xterm").env("NO_COLOR", no_color);
    let said = script.current_dir(folder).output().ok()?;
    Some(String::from_utf8(said.stdout).unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn what_takes_long_is_counted_on_a_terminal() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let check = |line: &str, counted: [&str; 2]| {
        let Some(said) = on_a_terminal(folder.path(), line, "") else {
            return;
        };
        for counted in counted {
            assert!(said.contains(counted), "{counted}: {said}");
        }
    };
    check(
        &ISSUE.join(" "),
        [" 0 of 62 certificates", " 62 of 62 certificates"],
    );
    check(
        "pki fixtures --out made",
        [" 0 of 125 fixtures", " 125 of 125 fixtures"],
    );
    check(
        "pki verify --json",
        [" 0 of 125 verdicts", " 125 of 125 verdicts"],
    );
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_said_on_a_terminal_has_colours_and_none_where_they_are_not_wanted() {
    let folder = tempdir().unwrap();
    let check = |line: &str, no_color: &str, is_coloured: bool| {
        if let Some(said) = on_a_terminal(folder.path(), line, no_color) {
            assert_eq!(said.contains("\u{1b}["), is_coloured, "{said:?}");
            assert!(said.contains("error"), "{said:?}");
        }
    };
    check("inspect none.pem", "", true);
    check("inspect none.pem", "1", false);
    check("inspect none.pem | cat", "", true);
    check("inspect none.pem 2>&1 | cat", "", false);
}

#[test]
fn elsewhere_nothing_is_counted() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let output = run(folder.path(), &ISSUE);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!stderr(&output).contains(" of "), "{}", stderr(&output));
}
