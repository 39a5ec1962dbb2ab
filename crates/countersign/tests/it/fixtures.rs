use std::fs;

use tempfile::tempdir;

use crate::support::{run, stderr, stdout};

#[test]
fn the_reference_shows_the_verdicts_of_the_catalogue() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["pki", "fixtures", "--markdown"]);
    let page = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/verdicts.md"
    );
    let page = fs::read_to_string(page).unwrap();
    assert_eq!(
        stdout(&output),
        page,
        "countersign pki fixtures --markdown > docs/reference/verdicts.md"
    );
}

#[test]
fn every_listed_fixture_is_in_the_document_with_its_verdicts() {
    let folder = tempdir().unwrap();
    let listed = run(folder.path(), &["pki", "fixtures", "--list"]);
    let document = run(folder.path(), &["pki", "fixtures", "--json"]);
    let document: serde_json::Value = serde_json::from_str(stdout(&document)).unwrap();
    let document = document.as_array().unwrap();
    let names = document
        .iter()
        .map(|fixture| fixture["name"].as_str().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        stdout(&listed).lines().collect::<Vec<_>>()
    );
    for fixture in document {
        assert!(fixture["expected"]["openssl"].is_string(), "{fixture}");
        assert!(
            fixture["anchors"]
                .as_str()
                .unwrap()
                .contains("BEGIN CERTIFICATE")
        );
    }
}

/// What is good stays good, and what is bad stays bad.
#[test]
fn we_give_every_fixture_its_verdict_at_any_time() {
    for clock in [
        &["--clock", "2025-01-01T00:00:00Z"][..],
        &[],
        &["--clock", "2040-01-01T00:00:00Z"],
    ] {
        verify(clock);
    }
}

fn verify(clock: &[&str]) {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &[&["pki", "verify"], clock].concat());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    assert!(
        stderr(&output).contains(" 0 differences"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn an_unknown_fixture_is_an_error() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["pki", "verify", "--only", "nonesuch"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "error: no fixture has `nonesuch` in its name\n"
    );
}
