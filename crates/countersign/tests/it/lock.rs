//! Of two runs in one folder the second waits for the first: nothing is lost.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use countersign_pki::Store;
use tempfile::tempdir;

use crate::support::{countersign, run, stderr, stdout};

fn start(folder: &Path, line: &str) -> Child {
    let args: Vec<&str> = ["pki"].into_iter().chain(line.split(' ')).collect();
    let mut command = countersign(folder, &args);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Starts all of them at once; each must succeed.
fn all_at_once(folder: &Path, lines: &[String]) {
    let started: Vec<_> = lines.iter().map(|line| start(folder, line)).collect();
    for (child, line) in started.into_iter().zip(lines) {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{line}: {}", stderr(&output));
    }
}

#[test]
fn what_many_runs_revoke_and_add_at_once_is_all_there() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let names: Vec<String> = (0..8).map(|number| format!("c{number}")).collect();
    let each = |line: &str| -> Vec<String> {
        let lines = names.iter().map(|name| line.replace("NAME", name));
        lines.collect()
    };
    all_at_once(folder.path(), &each("issue client NAME --dir certs"));
    let mut lines = each("revoke NAME --dir certs");
    lines.push("apply certs".to_owned());
    lines.push("renew server --dir certs".to_owned());
    all_at_once(folder.path(), &lines);

    let read = |name: &str| fs::read_to_string(folder.path().join("certs").join(name)).unwrap();
    let (manifest, revoked) = (read("pki.toml"), read("revoked.toml"));
    for name in &names {
        assert!(
            manifest.contains(&format!("[certificate.{name}]")),
            "{manifest}"
        );
        assert!(revoked.contains(&format!("\"{name}\"")), "{revoked}");
    }
    let plan = run(folder.path(), &["pki", "apply", "certs", "--plan"]);
    assert_eq!(plan.status.code(), Some(0), "{}", stdout(&plan));
}

#[test]
fn a_run_waits_until_the_folder_is_free_and_says_so() {
    let folder = tempdir().unwrap();
    run(folder.path(), &["pki", "init", "certs"]);
    let held = Store::at(folder.path().join("certs"));
    let held = held.held(Duration::ZERO).unwrap();
    let mut child = start(folder.path(), "revoke billing --dir certs");
    let mut said = String::new();
    let mut lines = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut lines, &mut said).unwrap();
    assert_eq!(
        said,
        "another run is at work in certs; waiting for its end\n"
    );
    assert!(!folder.path().join("certs/revoked.toml").exists());
    // Whoever only looks does not wait.
    let plan = run(folder.path(), &["pki", "apply", "certs", "--plan"]);
    assert_eq!(plan.status.code(), Some(0));
    drop(held);
    assert!(child.wait().unwrap().success());
    assert!(folder.path().join("certs/revoked.toml").exists());
}
