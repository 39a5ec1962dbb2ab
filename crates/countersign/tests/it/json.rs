//! Every command of `countersign pki` speaks to programs too: `--json`, and exit codes that are told.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{run, stderr, stdout};

fn pki(folder: &Path, line: &str) -> String {
    let args: Vec<&str> = ["pki"].into_iter().chain(line.split_whitespace()).collect();
    let output = run(folder, &args);
    assert!(
        output.status.code() < Some(2),
        "{line}: {}",
        stderr(&output)
    );
    stdout(&output).to_owned()
}

/// The commands that a help page lists, and those below.
fn commands(folder: &Path, above: &str) -> Vec<String> {
    let help = pki(folder, &format!("{above} --help"));
    let Some((_, rest)) = help.split_once("\nCommands:\n") else {
        return vec![above.to_owned()];
    };
    let lines = rest.lines().take_while(|line| !line.is_empty());
    // What a narrow terminal wraps goes on further in.
    let lines = lines.filter(|line| !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    let names = names.filter(|name| *name != "help");
    names
        .flat_map(|name| commands(folder, format!("{above} {name}").trim()))
        .collect()
}

#[test]
fn every_command_takes_json_and_tells_its_exit_codes() {
    let folder = tempdir().unwrap();
    let all = commands(folder.path(), "");
    assert!(all.len() >= 13, "{all:?}");
    for command in all {
        let help = pki(folder.path(), &format!("{command} --help"));
        assert!(help.contains("\n      --json\n"), "{command}: {help}");
        assert!(help.contains("\nExit codes:\n  0  "), "{command}: {help}");
    }
}

/// A command, and a path into its document, to what must be there. That of `sign` is looked at in `sign.rs`.
const DOCUMENTS: [(&str, &str); 18] = [
    ("init d", "/items/0/certificate"),
    ("apply d", "/changed"),
    ("apply d --plan", "/items"),
    ("issue client alice --dir d", "/items/0/not_after"),
    ("renew alice --dir d", "/items/0/action"),
    ("revoke alice --dir d", "/revoked/0/serial"),
    ("crl --dir d", "/0/next_update"),
    ("ca rotate --issuer root --dir d", "/new_by_old"),
    ("lint d/pki.toml", "/0/code"),
    ("lint d/billing.pem", ""),
    ("export alice --dir d --format pem", "/content"),
    ("export alice --dir d --format der", "/content"),
    ("export alice --dir d --format der --out d.der", "/path"),
    ("schema", "/properties"),
    ("fixtures --list", "/0"),
    ("fixtures --only ok-cn", "/0/expected/stage"),
    ("fixtures --only ok-cn --out f", "/expected"),
    ("verify --only ok-cn", "/0/name"),
];

#[test]
fn what_json_prints_is_one_document() {
    let folder = tempdir().unwrap();
    for (line, wanted) in DOCUMENTS {
        let printed = pki(folder.path(), &format!("{line} --json"));
        let document: Value = serde_json::from_str(&printed).unwrap_or_default();
        let found = document.pointer(wanted);
        assert!(found.is_some_and(|it| !it.is_null()), "{line}: {printed}");
    }
}

#[test]
fn what_is_binary_is_base64_and_what_is_written_is_not_repeated() {
    let folder = tempdir().unwrap();
    pki(folder.path(), "init d");
    let export = |options: &str| -> Value {
        let line = format!("export billing --dir d --json --format {options}");
        serde_json::from_str(&pki(folder.path(), &line)).unwrap()
    };
    let pem = export("pem");
    assert_eq!(pem["encoding"], "text");
    assert!(
        pem["content"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN CERT")
    );
    let der = export("der");
    assert_eq!(der["encoding"], "base64");
    let content = der["content"].as_str().unwrap().as_bytes();
    let content = data_encoding::BASE64.decode(content).unwrap();
    let written = export("der --out billing.der");
    assert_eq!(
        [&written["encoding"], &written["content"]],
        [&Value::Null; 2]
    );
    assert_eq!(
        fs::read(folder.path().join("billing.der")).unwrap(),
        content
    );
}
