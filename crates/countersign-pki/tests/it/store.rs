//! What the store does to a folder, and what it never does.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use countersign_pki::{Action, Authority, Manifest, Plan, Report, Store, StoreError, Warning};
use tempfile::TempDir;

use crate::{at, dev_plan, now};

/// Every file of a folder, by name.
pub(crate) fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// A folder to which the dev plan was applied.
pub(crate) fn dev_store() -> (TempDir, Store, Report) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("pki")).unwrap();
    let report = store.apply(&dev_plan(now())).unwrap();
    (folder, store, report)
}

/// What applying the dev plan is refused with: the message, with the folder left out, and its causes.
fn refusal(store: &Store) -> String {
    let error = store.apply(&dev_plan(now())).unwrap_err();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text.replace(&format!("{}/", store.dir().display()), "")
}

#[test]
fn a_first_run_makes_a_pair_of_files_for_each_item() {
    let (_folder, store, report) = dev_store();
    let files: Vec<String> = contents(store.dir()).into_keys().collect();
    let mut wanted: Vec<String> = dev_plan(now())
        .names()
        .flat_map(|name| [format!("{name}.pem"), format!("{name}-key.pem")])
        .chain([".gitignore".to_owned()])
        .collect();
    wanted.sort();
    assert_eq!(files, wanted);
    assert!(
        report.changed() && report.warnings().is_empty(),
        "{report:?}"
    );
    assert!(
        report
            .entries()
            .iter()
            .all(|entry| entry.action == Action::Created)
    );
    let billing = report
        .entries()
        .iter()
        .find(|entry| entry.name == "billing")
        .unwrap();
    assert_eq!(billing.path, store.certificate_path("billing"));
    assert_eq!(billing.not_after, at("2026-08-31T12:00:00Z"));
    assert_eq!(
        fs::read_to_string(store.dir().join(".gitignore")).unwrap(),
        "*\n"
    );
}

#[test]
fn a_leaf_file_holds_the_chain_without_the_root() {
    let (_folder, store, _) = dev_store();
    let read = |name| fs::read_to_string(store.certificate_path(name)).unwrap();
    let count = |name| read(name).matches("BEGIN CERTIFICATE").count();
    assert_eq!(
        [
            count("root"),
            count("issuing"),
            count("billing"),
            count("mallory")
        ],
        [1, 1, 2, 1]
    );
    assert!(read("billing").ends_with(&read("issuing")));
}

#[test]
fn a_second_run_changes_no_byte() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    let again = Store::open(store.dir())
        .unwrap()
        .apply(&dev_plan(at("2026-08-02T00:00:00Z")));
    let report = again.unwrap();
    assert!(!report.changed());
    assert_eq!(contents(store.dir()), before);
}

#[test]
fn a_key_is_never_overwritten() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    for name in dev_plan(now()).names() {
        fs::remove_file(store.certificate_path(name)).unwrap();
    }
    let report = store.apply(&dev_plan(now())).unwrap();
    assert!(
        report
            .entries()
            .iter()
            .all(|entry| entry.action == Action::Completed)
    );
    for (name, bytes) in contents(store.dir()) {
        assert_eq!(
            before[&name] == bytes,
            name.ends_with("-key.pem") || name == ".gitignore"
        );
    }
    assert!(!store.apply(&dev_plan(now())).unwrap().changed());
}

#[test]
fn runs_at_the_same_time_agree() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("pki");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Store::open(&dir).unwrap().apply(&dev_plan(now())).unwrap());
        }
    });
    assert!(
        !Store::open(&dir)
            .unwrap()
            .apply(&dev_plan(now()))
            .unwrap()
            .changed()
    );
    assert_eq!(contents(&dir).len(), 17);
}

#[test]
fn a_certificate_without_its_key_says_what_to_do() {
    let (_folder, store, _) = dev_store();
    fs::remove_file(store.key_path("billing")).unwrap();
    let hint = store.apply(&dev_plan(now())).unwrap_err().hint();
    let certificate = store.certificate_path("billing");
    assert_eq!(
        hint,
        format!(
            "put the key back, or have a new pair made: rm {}",
            certificate.display()
        )
    );
    assert_eq!(
        refusal(&store),
        "`billing` has the certificate `billing.pem` but no key `billing-key.pem`"
    );
}

#[test]
fn a_key_of_another_item_is_noticed() {
    let (_folder, store, _) = dev_store();
    fs::copy(store.key_path("reports"), store.key_path("billing")).unwrap();
    assert_eq!(
        refusal(&store),
        "the certificate `billing.pem` of `billing` is not for the key `billing-key.pem`"
    );
}

#[test]
fn a_leaf_in_the_place_of_an_authority_is_noticed() {
    let (_folder, store, _) = dev_store();
    let root = Authority::root("Countersign Dev Root TEST ONLY", now()).unwrap();
    let leaf = root.client(now()).common_name("x").issue().unwrap();
    fs::write(store.key_path("root"), leaf.key_pem()).unwrap();
    fs::write(store.certificate_path("root"), leaf.leaf_pem()).unwrap();
    assert_eq!(
        refusal(&store),
        "the certificate `root.pem` of the authority `root` is not that of a CA"
    );

    let item = |kind: &str| {
        let text = format!("version = 1\n[authority.a]\nsubject = \"A\"\n{kind}issuer = \"a\"\n");
        Plan::new(&Manifest::parse(&text).unwrap(), now())
    };
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store
        .apply(&item("[certificate.b]\nprofile = \"client\"\ncn = \"b\"\n"))
        .unwrap();
    let error = store
        .apply(&item("[authority.b]\nsubject = \"b\"\n"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("of the authority `b` is not that of a CA"),
        "{error}"
    );
}

#[test]
fn garbage_is_named_with_what_was_wanted() {
    for bytes in [
        &b"garbage"[..],
        b"",
        b"\xff\xfe",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
    ] {
        let (_folder, store, _) = dev_store();
        fs::write(store.certificate_path("reports"), bytes).unwrap();
        assert_eq!(
            refusal(&store),
            "`reports.pem` should hold the certificate of `reports` in PEM, but does not"
        );
        fs::write(store.key_path("issuing"), bytes).unwrap();
        assert_eq!(
            refusal(&store),
            "`issuing-key.pem` should hold the private key of `issuing` in PEM, but does not"
        );
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let (_folder, store, _) = dev_store();
    fs::remove_file(store.key_path("billing")).unwrap();
    fs::create_dir(store.key_path("billing")).unwrap();
    assert!(
        refusal(&store)
            .starts_with("cannot read `billing-key.pem`, the private key of `billing`: ")
    );
}

#[test]
fn a_file_in_the_place_of_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pki");
    fs::write(&path, "").unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(&error, StoreError::NotADirectory { path: named } if *named == path));
    let error = Store::open(path.join("deeper")).unwrap_err();
    assert!(matches!(error, StoreError::Directory { .. }), "{error}");
}

#[test]
fn a_project_is_not_hidden_from_git() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), "").unwrap();
    let report = Store::open(folder.path())
        .unwrap()
        .apply(&dev_plan(now()))
        .unwrap();
    assert!(!folder.path().join(".gitignore").exists());
    let path = folder.path().to_owned();
    assert_eq!(report.warnings(), [Warning::FolderNotIgnored { path }]);
}

#[cfg(unix)]
mod modes {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn check(store: &Store) {
        assert_eq!(mode(store.dir()), 0o700);
        for name in dev_plan(now()).names() {
            assert_eq!(mode(&store.key_path(name)), 0o600);
            assert_eq!(mode(&store.certificate_path(name)), 0o644);
        }
    }

    #[test]
    fn keys_are_their_owners_alone() {
        check(&dev_store().1);
    }

    #[test]
    fn what_others_may_touch_is_said_and_left() {
        let (_folder, store, _) = dev_store();
        chmod(store.dir(), 0o770);
        chmod(&store.key_path("billing"), 0o640);
        let report = store.apply(&dev_plan(now())).unwrap();
        let key = Warning::KeyReadable {
            path: store.key_path("billing"),
            mode: 0o640,
        };
        let folder = Warning::FolderWritable {
            path: store.dir().to_owned(),
            mode: 0o770,
        };
        assert_eq!(report.warnings(), [folder, key]);
        assert_eq!(
            (mode(store.dir()), mode(&store.key_path("billing"))),
            (0o770, 0o640)
        );

        chmod(store.dir(), 0o755);
        chmod(&store.key_path("billing"), 0o600);
        assert!(store.apply(&dev_plan(now())).unwrap().warnings().is_empty());
    }

    /// Says nothing where the tests run as root, whom no mode stops.
    #[test]
    fn an_unwritable_folder_is_named_with_the_item() {
        let (_folder, store, _) = dev_store();
        fs::remove_file(store.certificate_path("billing")).unwrap();
        chmod(store.dir(), 0o500);
        if fs::write(store.dir().join("probe"), "").is_err() {
            let told = refusal(&store);
            assert!(told.starts_with("cannot write `billing.pem`, the certificate of `billing`: "));
        }
        chmod(store.dir(), 0o700);
    }
}

#[cfg(unix)]
pub(crate) use modes::check as check_modes;

#[test]
fn a_folder_that_another_run_has_is_busy_and_no_trace_of_that_stays() {
    let (_folder, store, _) = dev_store();
    let before = contents(store.dir());
    let mine = store.clone().held(Duration::ZERO).unwrap();
    // Who has it may write as often as need be.
    assert!(!mine.apply(&dev_plan(now())).unwrap().changed());
    let other = Store::at(store.dir()).held(Duration::from_millis(20));
    let error = other.unwrap_err();
    let text = format!(
        "another run is still at work in `{}`",
        store.dir().display()
    );
    assert_eq!(error.to_string(), text);
    assert_eq!(error.hint(), "run this again when that one has ended");
    drop(mine);
    assert!(Store::at(store.dir()).held(Duration::ZERO).is_ok());
    assert_eq!(contents(store.dir()), before);
    let nowhere = Store::at(store.dir().join("nowhere"));
    assert!(nowhere.held(Duration::ZERO).is_ok());
}
