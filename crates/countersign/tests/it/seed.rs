use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::support::{run, stderr};

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pki.toml");

/// Applies the dev manifest to a folder, and answers its files.
fn apply(folder: &Path, dir: &str, clock: &str, seed: &str) -> BTreeMap<String, Vec<u8>> {
    let args = [
        "pki", "apply", dir, "-f", MANIFEST, "--clock", clock, "--seed", seed,
    ];
    let output = run(folder, &args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let entries = fs::read_dir(folder.join(dir)).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn two_runs_with_one_seed_make_the_same_bytes_in_two_folders() {
    let folder = tempdir().unwrap();
    let now = "2026-08-01T12:00:00Z";
    let first = apply(folder.path(), "a", now, "one");
    assert_eq!(first, apply(folder.path(), "b", now, "one"));
    let other = apply(folder.path(), "c", now, "another");
    assert_ne!(first["billing-key.pem"], other["billing-key.pem"]);
}

#[test]
fn a_seeded_folder_is_renewed_in_the_same_way_too() {
    let folder = tempdir().unwrap();
    let (now, later) = ("2026-08-01T12:00:00Z", "2026-08-25T12:00:00Z");
    for dir in ["a", "b"] {
        apply(folder.path(), dir, now, "one");
    }
    let renewed = apply(folder.path(), "a", later, "one");
    assert_eq!(renewed, apply(folder.path(), "b", later, "one"));
    assert_ne!(
        renewed["billing.pem"],
        apply(folder.path(), "c", now, "one")["billing.pem"]
    );
}
