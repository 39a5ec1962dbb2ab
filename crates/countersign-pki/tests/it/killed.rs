//! A run can end at any moment. What it leaves is whole, and the next run completes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign_pki::{Action, Pki, Renewal, Store};

use crate::store::contents;
use crate::{at, dev_plan, now};

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
    const NOW: &str = "COUNTERSIGN_PKI_TEST_NOW";

    /// Not a test of its own: what the child processes below run.
    #[test]
    fn child() {
        if let Some(dir) = std::env::var_os(DIR) {
            let now = std::env::var(NOW).map_or_else(|_| now(), |text| at(&text));
            let plan = dev_plan(now).renewing("newcomer", Renewal::RotateKey);
            // A key that is there is rotated, so that a killed rotation is seen as well.
            Store::open(dir).unwrap().apply(&plan.unwrap()).unwrap();
        }
    }

    /// A process of this test binary that applies the dev plan, with a umask that hides nothing.
    fn spawn(dir: &Path) -> Child {
        command(dir).spawn().unwrap()
    }

    fn command(dir: &Path) -> Command {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "umask 000; exec \"$0\" --exact killed::processes::child",
            ])
            .arg(std::env::current_exe().unwrap())
            .env(DIR, dir)
            .stdout(Stdio::null());
        command
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

    /// Years later everything is due, and one key is rotated. Killed at a moment that moves
    /// through the run, it leaves whole files and every key but the one that is rotated; the next run
    /// completes it.
    #[test]
    fn a_killed_reconciliation_leaves_every_file_whole() {
        const LATER: &str = "2035-01-01T00:00:00Z";
        let mut part_way = 0;
        for step in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path().join("pki")).unwrap();
            store.apply(&dev_plan(now())).unwrap();
            let before = contents(store.dir());
            let mut child = command(store.dir()).env(NOW, LATER).spawn().unwrap();
            // It starts with the root's certificate.
            while fs::read(store.certificate_path("root")).unwrap() == before["root.pem"]
                && child.try_wait().unwrap().is_none()
            {
                std::thread::yield_now();
            }
            std::thread::sleep(std::time::Duration::from_micros(step * 500));
            child.kill().unwrap();
            child.wait().unwrap();

            let left = contents(store.dir());
            check_whole(&left);
            for (name, bytes) in before.iter().filter(|(name, _)| name.ends_with("-key.pem")) {
                let is_same = left.get(name) == Some(bytes);
                assert!(is_same || name == "newcomer-key.pem", "{name}");
            }
            let plan = dev_plan(at(LATER));
            part_way += usize::from(store.apply(&plan).unwrap().changed());
            assert!(!store.apply(&plan).unwrap().changed());
        }
        assert!(part_way > 0, "no run was killed before its end");
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
