//! A run can end at any moment. What it leaves is whole, and the next run completes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign_pki::{Action, Pki, Renewal, RevocationReason, Revoke, Store};

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
    use std::time::{Duration, Instant};

    use super::*;
    use crate::rotated::{certificates, rustls_accepts};
    use crate::store::{check_modes, dev_store};

    const DIR: &str = "COUNTERSIGN_PKI_TEST_DIR";
    const NOW: &str = "COUNTERSIGN_PKI_TEST_NOW";
    const DOES: &str = "COUNTERSIGN_PKI_TEST_DOES";

    /// Not a test of its own: what the child processes below run.
    #[test]
    fn child() {
        if let Some(dir) = std::env::var_os(DIR) {
            let now = std::env::var(NOW).map_or_else(|_| now(), |text| at(&text));
            let (store, plan) = (Store::open(dir).unwrap(), dev_plan(now));
            match std::env::var(DOES).as_deref() {
                Ok("rotate") => drop(store.rotate(&plan, "root").unwrap()),
                Ok("revoke") => drop(revoke(&store)),
                _ => {
                    // A key that is there is rotated, so that a killed rotation is seen as well.
                    let plan = plan.renewing("newcomer", Renewal::RotateKey).unwrap();
                    store.apply(&plan).unwrap();
                }
            }
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
            std::thread::sleep(Duration::from_micros(step * 500));
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

    fn revoke(store: &Store) -> bool {
        let (what, why) = (Revoke::InPlace("billing"), RevocationReason::KeyCompromise);
        let (_, report) = store.revoke(&dev_plan(now()), what, why).unwrap();
        !report.lists().is_empty()
    }

    /// A run on a new folder; when it had begun to write, and when it was over.
    fn run(
        does: &str,
        begun: &dyn Fn(&Store) -> bool,
        limit: Option<Duration>,
    ) -> (Killed, Duration) {
        let (folder, store, _) = dev_store();
        let before = contents(store.dir());
        let mut child = command(store.dir()).env(DOES, does).spawn().unwrap();
        while !begun(&store) && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let start = Instant::now();
        if let Some(limit) = limit {
            std::thread::sleep(limit);
            child.kill().unwrap();
        }
        child.wait().unwrap();
        let killed = Killed {
            _folder: folder,
            store,
            before,
        };
        (killed, start.elapsed())
    }

    /// A folder in which a run was killed, and its files before that.
    struct Killed {
        _folder: tempfile::TempDir,
        store: Store,
        before: BTreeMap<String, Vec<u8>>,
    }

    /// Kills a run at twenty random moments between its first write and its end. What it leaves must be
    /// whole, and the next run that applies the plan must have something to complete at times.
    fn kill_twenty(does: &str, begun: &dyn Fn(&Store) -> bool, check: &dyn Fn(&Killed)) {
        let (_, length) = run(does, begun, None);
        for moment in 0..20 {
            let share = (f64::from(moment) + rand::random::<f64>()) / 20.0;
            let (killed, _) = run(does, begun, Some(length.mul_f64(share)));
            let dir = killed.store.dir();
            check_whole(&contents(dir));
            for below in ["retired", "rotated/root"].map(|name| dir.join(name)) {
                if below.exists() {
                    check_ends(&contents(&below));
                }
            }
            check(&killed);
        }
    }

    #[test]
    fn a_killed_rotation_of_the_root_loses_no_key_and_refuses_nobody() {
        let begun = |store: &Store| store.dir().join("rotated/root").exists();
        kill_twenty("rotate", &begun, &|killed| {
            let Killed { store, before, .. } = killed;
            let old = &before["root-key.pem"];
            let retired = store.dir().join("retired");
            let retired = match retired.exists() {
                true => contents(&retired),
                false => BTreeMap::new(),
            };
            let in_place = fs::read(store.key_path("root")).unwrap();
            assert!(in_place == *old || retired.values().any(|key| key == old));

            store.apply(&dev_plan(now())).unwrap();
            assert!(!store.apply(&dev_plan(now())).unwrap().changed());
            let text = |path| fs::read_to_string(path).unwrap();
            let chain = text(store.certificate_path("billing"));
            assert_eq!(fs::read(store.key_path("root")).unwrap(), in_place);
            // Who trusts the old root, or the one in place.
            let old = String::from_utf8(before["root.pem"].clone()).unwrap();
            for trusted in [old, text(store.certificate_path("root"))] {
                assert!(
                    rustls_accepts(&trusted, &chain),
                    "{}",
                    certificates(&chain).len()
                );
            }
        });
    }

    #[test]
    fn a_killed_revocation_is_either_remembered_and_listed_by_the_next_run_or_not_at_all() {
        let begun = |store: &Store| {
            let names = fs::read_dir(store.dir()).unwrap();
            let mut names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
            names.any(|name| name.contains("revoked.toml"))
        };
        kill_twenty("revoke", &begun, &|killed| {
            let Killed { store, before, .. } = killed;
            let remembered = !store.revocations().unwrap().is_empty();
            let listed = |issuer: &str| store.crl_path(issuer).exists();
            assert!(remembered || !listed("issuing"));
            store.apply(&dev_plan(now())).unwrap();
            assert!(!store.apply(&dev_plan(now())).unwrap().changed());
            assert_eq!([listed("issuing"), listed("root")], [remembered; 2]);
            assert_eq!(revoke(store), !remembered);
            for (name, bytes) in before {
                assert_eq!(contents(store.dir()).get(name), Some(bytes), "{name}");
            }
        });
    }

    /// Each file is whole PEM of some kind.
    fn check_ends(files: &BTreeMap<String, Vec<u8>>) {
        for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".pem")) {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.starts_with("-----BEGIN "), "{name}");
            assert!(text.ends_with("-----\n"), "{name}");
        }
    }

    /// Files that are in place end where they should; temporary ones may not.
    fn check_whole(files: &BTreeMap<String, Vec<u8>>) {
        for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".pem")) {
            let text = String::from_utf8(bytes.clone()).unwrap();
            let label = if name.ends_with("-key.pem") {
                "PRIVATE KEY"
            } else if name.ends_with(".crl.pem") {
                "X509 CRL"
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
            let is_own = label == "CERTIFICATE" && !name.ends_with(".cross.pem");
            let certificate = name.strip_suffix(".pem").filter(|_| is_own);
            assert!(certificate.is_none_or(|n| files.contains_key(&format!("{n}-key.pem"))));
        }
    }
}
