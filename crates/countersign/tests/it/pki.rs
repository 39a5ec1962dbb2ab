use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::support::{countersign, run, stderr, stdout};

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn init_prints_the_certificates_on_standard_output() {
    let folder = tempdir().unwrap();
    let output = run(folder.path(), &["pki", "init", "certs"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed: Vec<_> = stdout(&output).lines().collect();
    assert!(printed.contains(&"certs/billing.pem"), "{printed:?}");
    for path in printed {
        assert!(folder.path().join(path).is_file(), "{path}");
    }
}

#[test]
fn a_second_init_leaves_every_byte_as_it_was_and_says_so() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let before = files(&folder.path().join("certs"));
    let output = run(folder.path(), &["pki", "init", "certs"]);
    assert!(stderr(&output).contains("the PKI in certs is unchanged"));
    assert_eq!(files(&folder.path().join("certs")), before);
}

#[cfg(unix)]
#[test]
fn every_key_is_for_its_owner_alone_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    let folder = tempdir().unwrap();
    let init = format!(
        "umask 000; {} pki init certs",
        env!("CARGO_BIN_EXE_countersign")
    );
    let done = Command::new("sh")
        .args(["-c", &init])
        .current_dir(folder.path())
        .output();
    assert!(done.unwrap().status.success());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let certs = folder.path().join("certs");
    assert_eq!(mode(&certs), 0o700);
    let keys: Vec<_> = files(&certs)
        .into_keys()
        .filter(|name| name.ends_with("-key.pem"))
        .collect();
    assert_eq!(keys.len(), 8);
    for key in keys {
        assert_eq!(mode(&certs.join(&key)), 0o600, "{key}");
    }
}

/// Killed at a moment that differs from try to try, then run again: whatever the first run left, the
/// second completes it, and every file that the first had put in place is still the same.
#[test]
fn a_killed_run_never_leaves_half_a_file() {
    for micros in (0..12_000).step_by(600) {
        let folder = tempdir().unwrap();
        let mut child = countersign(folder.path(), &["pki", "init", "certs"])
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(micros));
        child.kill().unwrap();
        child.wait().unwrap();
        let certs = folder.path().join("certs");
        let left = if certs.is_dir() {
            files(&certs)
        } else {
            BTreeMap::new()
        };

        let output = run(folder.path(), &["pki", "init", "certs"]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{micros}: {}",
            stderr(&output)
        );
        let whole = files(&certs);
        for (name, bytes) in left.iter().filter(|(name, _)| name.ends_with(".pem")) {
            assert_eq!(whole.get(name), Some(bytes), "{micros}: {name}");
        }
    }
}

#[test]
fn further_names_stand_in_the_server_certificate() {
    let folder = tempdir().unwrap();
    let args = [
        "pki",
        "init",
        "certs",
        "--dns",
        "api.dev.example",
        "--ip",
        "127.0.0.2",
    ];
    assert_eq!(run(folder.path(), &args).status.code(), Some(0));
    let credential = countersign_tls::Credential::from_pem_files(
        folder.path().join("certs/server.pem"),
        folder.path().join("certs/server-key.pem"),
    );
    let credential = credential.unwrap();
    let names = credential
        .certificate()
        .alt_names()
        .iter()
        .map(ToString::to_string);
    let names: Vec<_> = names.collect();
    for name in [
        "dns:localhost",
        "ip:127.0.0.1",
        "ip:::1",
        "dns:api.dev.example",
        "ip:127.0.0.2",
    ] {
        assert!(names.contains(&name.to_owned()), "{name} in {names:?}");
    }
}
