use std::collections::BTreeSet;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Whom each crate of ours may know, as normal dependencies. What is not here is not allowed.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("countersign-problem", &[]),
    ("countersign-identity", &["problem"]),
    ("countersign-policy", &["identity", "problem"]),
    ("countersign-tls", &["identity", "problem"]),
    ("countersign-pki", &[]),
    ("countersign-client", &["tls", "identity", "problem"]),
    (
        "countersign-axum",
        &["tls", "policy", "identity", "problem"],
    ),
    (
        "countersign-oauth",
        &["axum", "client", "tls", "policy", "identity", "problem"],
    ),
    (
        "countersign-server",
        &[
            "oauth", "axum", "client", "tls", "policy", "identity", "problem",
        ],
    ),
    (
        "countersign",
        &[
            "oauth",
            "server",
            "axum",
            "client",
            "pki",
            "tls",
            "policy",
            "identity",
            "problem",
            "sdk-open-banking",
        ],
    ),
    ("sdk-open-banking", &["client"]),
    ("sdk-transactions", &["client"]),
    ("countersign-bench", &["pki", "tls"]),
    (
        "countersign-tests",
        &[
            "oauth", "server", "axum", "client", "pki", "tls", "policy", "identity", "problem",
        ],
    ),
];

#[test]
fn no_crate_knows_more_of_ours_than_it_may() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        let may_know = MAY_KNOW.iter().find(|(known, _)| *known == name);
        let Some((_, may_know)) = may_know else {
            panic!("{name} is not in the table: say whom it may know");
        };
        for known in known_of_ours(package) {
            let short = known.trim_start_matches("countersign-");
            assert!(may_know.contains(&short), "{name} may not know {known}");
        }
    }
}

#[test]
fn no_dev_dependency_makes_a_circle() {
    let metadata = metadata();
    let pki = package(&metadata, "countersign-pki");
    let of_ours = pki.dependencies.iter().filter(|other| is_ours(&other.name));
    assert_eq!(
        of_ours.count(),
        0,
        "every crate may use countersign-pki in its tests"
    );
}

#[test]
fn the_pure_crates_have_never_heard_of_sockets_or_tls() {
    for pure in [
        "countersign-problem",
        "countersign-identity",
        "countersign-policy",
    ] {
        let tree = tree(pure);
        assert!(tree.contains(pure));
        for foreign in ["axum", "hyper", "reqwest", "rustls", "tokio"] {
            assert!(!tree.contains(foreign), "{pure} depends on {foreign}");
        }
    }
}

#[test]
fn there_is_one_crypto_library() {
    let tree = tree("countersign");
    assert!(tree.contains("aws-lc-rs"));
    for other in ["native-tls", "openssl", "ring"] {
        assert!(!tree.contains(other), "something depends on {other}");
    }
}

#[test]
fn the_stated_rust_version_is_enough_for_every_dependency() {
    let metadata = metadata();
    let stated = package(&metadata, "countersign").rust_version.clone();
    let stated = stated.expect("the workspace states a rust-version");
    for package in &metadata.packages {
        if let Some(needed) = &package.rust_version {
            assert!(*needed <= stated, "{} needs Rust {needed}", package.name);
        }
    }
}

/// For this machine's target: what another one needs may not have been downloaded.
fn metadata() -> Metadata {
    let cargo = env!("CARGO");
    let version = Command::new(cargo).arg("-vV").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    MetadataCommand::new()
        .cargo_path(cargo)
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(["--locked", "--filter-platform", host.unwrap()].map(str::to_owned))
        .exec()
        .unwrap()
}

fn package<'a>(metadata: &'a Metadata, name: &str) -> &'a Package {
    let mut packages = metadata.packages.iter();
    packages
        .find(|package| package.name.as_str() == name)
        .unwrap()
}

fn is_ours(name: &str) -> bool {
    name.starts_with("countersign") || name.starts_with("sdk-")
}

fn known_of_ours(package: &Package) -> impl Iterator<Item = &str> {
    let dependencies = package.dependencies.iter();
    dependencies
        .filter(|known| known.kind == DependencyKind::Normal && is_ours(&known.name))
        .map(|known| known.name.as_str())
}

/// The names of everything that `root` is built with on this machine. Asked of `cargo tree`:
/// `cargo metadata` also lists optional dependencies that only a weak feature names.
fn tree(root: &str) -> BTreeSet<String> {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--edges=normal",
            "--prefix=none",
            "--format={p}",
        ])
        .args(["--package", root])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let lines = String::from_utf8(tree.stdout).unwrap();
    let names = lines.lines().filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}
