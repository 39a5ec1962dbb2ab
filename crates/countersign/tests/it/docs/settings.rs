//! Does whoever reads such a file understand it?

use std::fs;

use countersign_pki::Manifest;
use countersign_policy::Directory;
use countersign_server::Config;
use tempfile::tempdir;
use toml::{Table, Value};

use super::repository;

/// Reads it as what it is. A part of a configuration or of a manifest is read with the rest from `fixtures/`.
pub(super) fn check(page: &str, text: &str) {
    let part: Table = text.parse().unwrap();
    let has = |keys: &[&str]| keys.iter().any(|key| part.contains_key(*key));
    if has(&["principals", "roles"]) {
        drop(Directory::from_toml(text).unwrap_or_else(|error| panic!("{page}: {error}")));
    } else if has(&["authority", "certificate", "fixture", "profile", "settings"]) {
        let whole = with_the_rest("pki.toml", part).to_string();
        drop(Manifest::parse(&whole).unwrap_or_else(|error| panic!("{page}: {error}\n{whole}")));
    } else if !has(&["dependencies"]) {
        let rest = if has(&["routes", "upstream"]) {
            "gateway.toml"
        } else {
            "server.toml"
        };
        let folder = tempdir().unwrap();
        let path = folder.path().join("server.toml");
        fs::write(&path, with_the_rest(rest, part).to_string()).unwrap();
        drop(Config::from_file(&path).unwrap_or_else(|error| panic!("{page}: {error}")));
    }
}

fn with_the_rest(name: &str, part: Table) -> Table {
    let rest = fs::read_to_string(repository().join("fixtures").join(name)).unwrap();
    let mut whole: Table = rest.parse().unwrap();
    for (key, value) in part {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(there)), Value::Table(more)) => there.extend(more),
            (Some(Value::Array(there)), Value::Array(more)) => there.extend(more),
            (_, value) => drop(whole.insert(key, value)),
        }
    }
    whole
}
