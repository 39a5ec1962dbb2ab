use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::support::{run, stderr};

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pki.toml");
const NOW: &str = "2026-08-01T12:00:00Z";

/// Runs `countersign pki` with a clock and a seed, and answers the files of the folder `dir`.
fn pki(folder: &Path, dir: &str, line: &str, clock: &str, seed: &str) -> BTreeMap<String, Vec<u8>> {
    let moment = ["--clock", clock, "--seed", seed];
    let words = ["pki"].into_iter().chain(line.split(' '));
    let args: Vec<&str> = words.chain(moment).collect();
    let output = run(folder, &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mut files = BTreeMap::new();
    collect(&folder.join(dir), "", &mut files);
    files
}

/// The files in a folder and in those below, by path.
fn collect(folder: &Path, above: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{above}{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => collect(&path, &format!("{name}/"), files),
            false => drop(files.insert(name, fs::read(&path).unwrap())),
        }
    }
}

/// Applies the dev manifest to a folder, and answers its files.
fn apply(folder: &Path, dir: &str, clock: &str, seed: &str) -> BTreeMap<String, Vec<u8>> {
    let line = format!("apply {dir} -f {MANIFEST}");
    pki(folder, dir, &line, clock, seed)
}

#[test]
fn two_runs_with_one_seed_make_the_same_bytes_in_two_folders() {
    let folder = tempdir().unwrap();
    let first = apply(folder.path(), "a", NOW, "one");
    assert_eq!(first, apply(folder.path(), "b", NOW, "one"));
    let other = apply(folder.path(), "c", NOW, "another");
    assert_ne!(first["billing-key.pem"], other["billing-key.pem"]);
}

#[test]
fn a_seeded_folder_is_renewed_in_the_same_way_too() {
    let folder = tempdir().unwrap();
    let later = "2026-08-25T12:00:00Z";
    for dir in ["a", "b"] {
        apply(folder.path(), dir, NOW, "one");
    }
    let renewed = apply(folder.path(), "a", later, "one");
    assert_eq!(renewed, apply(folder.path(), "b", later, "one"));
    assert_ne!(
        renewed["billing.pem"],
        apply(folder.path(), "c", NOW, "one")["billing.pem"]
    );
}

/// The life of a folder, with everything that makes a key, a number or a signature; one command each time
/// at the same moment as the one before, or a day later.
const LIFE: [(&str, &str); 11] = [
    ("init DIR", NOW),
    (
        "issue client alice --spiffe spiffe://dev.example/a --dir DIR",
        NOW,
    ),
    ("renew billing --rotate-key --dir DIR", NOW),
    ("renew billing --rotate-key --dir DIR", NOW),
    ("renew reports --dir DIR", "2026-08-02T12:00:00Z"),
    ("ca rotate --issuer issuing --dir DIR", NOW),
    ("apply DIR", NOW),
    ("ca rotate --issuer root --dir DIR", "2026-08-03T12:00:00Z"),
    ("apply DIR", "2026-08-03T12:00:00Z"),
    (
        "revoke alice --reason keyCompromise --dir DIR",
        "2026-08-04T12:00:00Z",
    ),
    ("crl --dir DIR", "2026-08-05T12:00:00Z"),
];

#[test]
fn every_command_with_one_seed_makes_the_same_bytes_in_two_folders() {
    let folder = tempdir().unwrap();
    let mut before = BTreeMap::new();
    for (line, clock) in LIFE {
        let [one, two] = ["a", "b"].map(|dir| {
            let line = line.replace("DIR", dir);
            pki(folder.path(), dir, &line, clock, "one")
        });
        assert_ne!(one, before, "{line} changed nothing");
        let differing: Vec<_> = one.keys().filter(|name| one[*name] != two[*name]).collect();
        assert!(differing.is_empty(), "{line}: {differing:?}");
        assert_eq!(one.len(), two.len(), "{line}");
        before = one;
    }
    let new_keys = ["billing-key.pem", "issuing-key.pem", "root-key.pem"].map(|key| &before[key]);
    for (name, bytes) in before.iter().filter(|it| it.0.starts_with("retired/")) {
        assert!(!new_keys.contains(&bytes), "{name} is in use");
    }
    let numbers = before
        .iter()
        .filter_map(|(name, bytes)| serial(name, bytes));
    let mut numbers: Vec<_> = numbers.collect();
    let count = numbers.len();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "a serial number was given twice");
}

/// The serial number of what is a certificate of its own.
fn serial(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let is_copy = name.contains("bundle") || !name.ends_with(".pem");
    let is_other = name.ends_with("-key.pem") || name.ends_with(".crl.pem");
    if is_copy || is_other {
        return None;
    }
    let text = std::str::from_utf8(bytes).unwrap();
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----\n").unwrap();
    let (body, _) = rest.split_once("-----END").unwrap();
    let der = data_encoding::BASE64.decode(body.replace('\n', "").as_bytes());
    // Two headers of four bytes each, the version of five, the serial number: its tag, length and bytes.
    Some(der.unwrap().into_iter().skip(13).take(18).collect())
}
