//! Every command as it is used, well and badly, with all that it says: the sessions in `tests/transcripts`, run anew.
//!
//! A line with `$` is run by bash in a folder of the session's own. Below it stands after
//! `|` what came on standard output, after `!` what came on standard error, and after `?` the exit code, if it is not 0. Where a change is meant,
//! `TRANSCRIPTS=write cargo test -p countersign --test it transcripts` writes the sessions anew.

mod redacted;
mod stage;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use self::stage::Stage;
use crate::support::{run, stdout};

macro_rules! sessions {
    ($($name:ident)*) => {
        const SESSIONS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*
    };
}

sessions! {
    call completions countersign dev doctor explain gateway inspect man pki_apply pki_ca_rotate pki_crl pki_export
    pki_fixtures pki_init pki_issue pki_lint pki_renew pki_revoke pki_schema pki_sign pki_verify serve trust_check
    trust_export
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts"))
}

/// Plays a session, and compares it with what is written down.
fn check(name: &str) {
    let path = folder().join(format!("{name}.txt"));
    let written = fs::read_to_string(&path).unwrap();
    if written.contains("$ openssl ") && Command::new("openssl").arg("version").output().is_err() {
        return;
    }
    let played = play(&written);
    if env::var_os("TRANSCRIPTS").is_some_and(|it| it == "write") {
        fs::write(&path, played).unwrap();
        return;
    }
    assert_eq!(written, played, "{name}");
}

/// The session as it goes now.
fn play(session: &str) -> String {
    let stage = Stage::set(session);
    let mut played = String::new();
    for line in session.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => played += &format!("{line}\n{}", stage.said(command)),
            None if line.starts_with('#') || line.is_empty() => played += &format!("{line}\n"),
            None => {}
        }
    }
    played
}

/// The commands that do something.
fn commands() -> Vec<String> {
    let page = run(Path::new("."), &["man", "--markdown"]);
    let sections = stdout(&page).split("\n### `").skip(1);
    let leaves = sections.filter(|section| section.contains("| exit code | |"));
    let names = leaves.filter_map(|section| section.split_once('`'));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// The lines of a session, each with its exit code.
fn lines(session: &str) -> Vec<(&str, i32)> {
    let mut found: Vec<(&str, i32)> = Vec::new();
    for line in session.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            found.push((command, 0));
        } else if let (Some(code), Some(last)) = (line.strip_prefix("? "), found.last_mut()) {
            last.1 = code.parse().unwrap();
        }
    }
    found
}

#[test]
fn each_command_is_used_well_and_badly() {
    let sessions = SESSIONS.iter();
    let texts =
        sessions.map(|name| fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap());
    let texts: Vec<_> = texts.collect();
    let lines: Vec<_> = texts.iter().flat_map(|text| lines(text)).collect();
    let commands = commands();
    assert!(commands.len() >= 24, "{commands:?}");
    for command in commands {
        let of_it = lines
            .iter()
            .filter(|(line, _)| format!("{line} ").contains(&format!("{command} ")));
        let codes: BTreeSet<_> = of_it.map(|(_, code)| *code).collect();
        assert!(codes.contains(&0), "{command} is never used well");
        assert!(
            codes.contains(&1) || codes.contains(&2),
            "{command} is never used badly"
        );
    }
}

#[test]
fn every_session_is_played() {
    let files = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let names = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let names: BTreeSet<_> = names.collect();
    assert_eq!(
        names,
        SESSIONS.iter().map(|name| (*name).to_owned()).collect()
    );
}

#[test]
fn every_failure_has_a_hint() {
    for name in SESSIONS {
        let session = fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
        for said in session.split("\n$ ") {
            // Not what clap says, and not what is found in a certificate.
            let errors = said.lines().filter(|line| line.starts_with("! error: "));
            let is_ours = errors.filter(|line| !line.ends_with(']')).count() > 0;
            let has_hint = said.contains("\n! hint: ") || said.contains("\n? 2");
            assert!(!is_ours || has_hint, "{said}");
        }
    }
}
