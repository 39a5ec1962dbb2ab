//! `countersign pki ca`.

use serde_json::Value;
use tempfile::tempdir;

use crate::support::{run, stderr, stdout};

#[test]
fn rotate_prints_what_to_distribute_and_tells_in_which_order() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    assert!(
        run(folder, &["pki", "init", ".countersign"])
            .status
            .success()
    );
    let output = run(folder, &["pki", "ca", "rotate", "--issuer", "root"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let files: Vec<_> = stdout(&output).lines().collect();
    assert_eq!(
        files,
        [
            ".countersign/rotated/root/bundle-before.pem",
            ".countersign/rotated/root/bundle-during.pem",
            ".countersign/rotated/root/bundle-after.pem",
            ".countersign/root.cross.pem",
            ".countersign/rotated/root/old-by-new.pem",
        ]
    );
    for file in files {
        assert!(folder.join(file).is_file(), "{file}");
    }
    assert!(stderr(&output).contains("\n1. give .countersign/rotated/root/bundle-during.pem"));

    // The dev server and its clients go on, with the certificates that the rotation left to `apply`.
    let dev = run(folder, &["dev", "--once"]);
    assert!(dev.status.success(), "{}", stderr(&dev));
    assert!(
        stderr(&dev).contains("issuer `root` replaced"),
        "{}",
        stderr(&dev)
    );
}

#[test]
fn rotate_takes_authorities_only() {
    let folder = tempdir().unwrap();
    assert!(
        run(folder.path(), &["pki", "init", ".countersign"])
            .status
            .success()
    );
    let output = run(
        folder.path(),
        &["pki", "ca", "rotate", "--issuer", "billing"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no authority is called `billing`"));
    assert!(stderr(&output).contains("hint: "));

    let output = run(folder.path(), &["pki", "ca", "rotate", "--json"]);
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed["authority"], "issuing");
    assert!(printed["new_by_old"].is_null());
}
