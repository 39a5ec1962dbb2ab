//! A run can end at any moment. What it leaves is whole, and the next run completes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign_pki::{Action, Pki, Store};

use crate::store::contents;
use crate::{dev_plan, now};

/// Applies the dev plan to a folder that must hold whole files, and checks that they are unchanged.
fn complete(dir: &Path) {
    let before = contents(dir);
    let report = Store::open(dir).unwrap().apply(&dev_plan(now())).unwrap();
    let after = contents(dir);
    for (name, bytes) in &before {
        assert_eq!(after.get(name), Some(bytes), "{name} was touched");
    }
    for entry in report.entries() {
        let key = before.contains_key(&format!("{}-key.pem", entry.name));
        let certificate = before.contains_key(&format!("{}.pem", entry.name));
        let wanted = match (key, certificate) {
            (false, false) => Action::Created,
            (true, false) => Action::Completed,
            _ => Action::Kept,
        };
        assert_eq!(entry.action, wanted, "{}", entry.name);
    }
    assert!(
        !Store::open(dir)
            .unwrap()
            .apply(&dev_plan(now()))
            .unwrap()
            .changed()
    );
}

#[test]
fn every_prefix_of_a_run_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("whole")).unwrap();
    store.apply(&dev_plan(now())).unwrap();
    let plan = dev_plan(now());
    let written: Vec<_> = plan
        .names()
        .flat_map(|name| [store.key_path(name), store.certificate_path(name)])
        .collect();
    for length in 0..=written.len() {
        let dir = folder.path().join(length.to_string());
        fs::create_dir(&dir).unwrap();
        for path in &written[..length] {
            fs::copy(path, dir.join(path.file_name().unwrap())).unwrap();
        }
        complete(&dir);
    }
}

#[test]
fn a_temporary_file_left_behind_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join(".root-key.pem.abc123.tmp"),
        "-----BEGIN PRI",
    )
    .unwrap();
    complete(folder.path());
    assert!(folder.path().join(".gitignore").exists());
}

#[test]
fn memory_and_folder_hold_the_same_names() {
    let pki = Pki::dev(now()).unwrap();
    let plan = dev_plan(now());
    assert!(
        plan.names()
            .all(|name| pki.authority(name).is_ok() != pki.issued(name).is_ok())
    );
}

#[cfg(unix)]
mod processes {
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::store::check_modes;

    const DIR: &str = "COUNTERSIGN_PKI_TEST_DIR";

    /// Not a test of its own: what the child processes below run.
    #[test]
    fn child() {
        if let Some(dir) = std::env::var_os(DIR) {
            Store::open(dir).unwrap().apply(&dev_plan(now())).unwrap();
        }
    }

    /// A process of this test binary that applies the dev plan, with a umask that hides nothing.
    fn spawn(dir: &Path) -> Child {
        Command::new("sh")
            .args([
                "-c",
                "umask 000; exec \"$0\" --exact killed::processes::child",
            ])
            .arg(std::env::current_exe().unwrap())
            .env(DIR, dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    #[test]
    fn modes_do_not_depend_on_the_umask() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("pki");
        assert!(spawn(&dir).wait().unwrap().success());
        check_modes(&Store::open(&dir).unwrap());
    }

    fn visible(dir: &Path) -> usize {
        fs::read_dir(dir).map_or(0, Iterator::count)
    }

    /// Kills a run as soon as so many files are there: seventeen make a whole run.
    fn kill_at(dir: &Path, files: usize) {
        let mut child = spawn(dir);
        while visible(dir) < files && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_killed_run_leaves_every_file_whole() {
        for files in 1..=17 {
            let folder = tempfile::tempdir().unwrap();
            let dir = folder.path().join("pki");
            kill_at(&dir, files);
            if dir.exists() {
                let whole = contents(&dir);
                check_whole(&whole);
                complete(&dir);
            }
        }
    }

    /// Files that are in place end where they should; temporary ones may not.
    fn check_whole(files: &BTreeMap<String, Vec<u8>>) {
        for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".pem")) {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let label = if name.ends_with("-key.pem") {
                "PRIVATE KEY"
            } else {
                "CERTIFICATE"
            };
            assert!(
                text.starts_with(&format!("-----BEGIN {label}-----\n")),
                "{name}"
            );
            assert!(
                text.ends_with(&format!("-----END {label}-----\n")),
                "{name}"
            );
            let certificate = name.strip_suffix(".pem").filter(|_| label == "CERTIFICATE");
            assert!(certificate.is_none_or(|n| files.contains_key(&format!("{n}-key.pem"))));
        }
    }
}
