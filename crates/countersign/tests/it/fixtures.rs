use std::fs;
use std::path::Path;
use std::process::Output;

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
        "error: no fixture has `nonesuch` in its name\nhint: `countersign pki fixtures` lists the names\n"
    );
}

/// Writes those fixtures into the folder `made`.
fn write(folder: &Path, only: &str) -> Output {
    let args = ["pki", "fixtures", "--out", "made", "--only", only];
    run(folder, &args)
}

#[test]
fn fixtures_become_files_with_the_verdicts_beside_them() {
    let folder = tempdir().unwrap();
    let all = run(folder.path(), &["pki", "fixtures", "--out", "made"]);
    assert_eq!(all.status.code(), Some(0), "{}", stderr(&all));
    assert_eq!(stdout(&all), "made/expected.json\n");
    let made = folder.path().join("made");
    let document = fs::read_to_string(made.join("expected.json")).unwrap();
    assert!(!document.contains("-----BEGIN"));
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();

    let mut named = vec![".gitignore".to_owned(), "expected.json".to_owned()];
    for fixture in document.as_array().unwrap() {
        assert!(fixture["expected"]["nginx"].is_string(), "{fixture}");
        for (member, name) in fixture["files"].as_object().unwrap() {
            let name = name.as_str().unwrap();
            let text = fs::read_to_string(made.join(name)).unwrap();
            let label = match member.as_str() {
                "key" => "PRIVATE KEY",
                "crl" => "X509 CRL",
                _ => "CERTIFICATE",
            };
            assert!(text.contains(&format!("-----BEGIN {label}-----")), "{name}");
            named.push(name.to_owned());
        }
    }
    let found = fs::read_dir(&made).unwrap();
    let mut found: Vec<_> = found
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    named.sort();
    assert_eq!(found, named);
    assert_eq!(fs::read_to_string(made.join(".gitignore")).unwrap(), "*\n");
}

#[cfg(unix)]
#[test]
fn a_folder_of_fixtures_is_private_and_so_is_each_key() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempdir().unwrap();
    let written = write(folder.path(), "client-two-spiffe");
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    let made = folder.path().join("made");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&made), 0o700);
    assert_eq!(mode(&made.join("client-two-spiffe-key.pem")), 0o600);
    assert_eq!(mode(&made.join("client-two-spiffe.pem")), 0o644);
}

#[test]
fn a_folder_that_holds_anything_is_left_alone() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("made")).unwrap();
    let into_an_empty_one = write(folder.path(), "client-two-spiffe");
    assert_eq!(into_an_empty_one.status.code(), Some(0));
    let once_more = write(folder.path(), "client-two-spiffe");
    assert_eq!(once_more.status.code(), Some(1));
    assert_eq!(
        stderr(&once_more),
        "error: the folder `made` is not empty\n\
         hint: name one that is not there yet, or remove that one first: keys are never written over\n"
    );
    let none = run(
        folder.path(),
        &["pki", "fixtures", "--list", "--only", "nonesuch"],
    );
    assert_eq!(
        stderr(&none),
        "error: no fixture has `nonesuch` in its name\nhint: `countersign pki fixtures` lists the names\n"
    );
}

/// The generator knows no other crate of ours, so it has the words of its own.
#[test]
fn every_code_that_a_fixture_may_expect_is_one_of_a_problem() {
    for code in countersign_pki::Expected::CODES {
        let known = code.parse::<countersign_problem::Code>();
        assert_eq!(known.unwrap().to_string(), code);
    }
}
